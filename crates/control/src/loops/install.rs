//! The first install: an instance that never had a verified commit is made equal to HEAD, by the same path as a pin.

use std::time::Duration;

use cluster::Snapshot;
use cluster::inventory::{CandidateMark, VerifiedAt};
use config_repo::Instance;
use model::{CommitId, InstanceFact, InstanceId, Stage, Timestamp};
use store::StoreError;

use crate::Control;
use crate::backoff::backoff;
use crate::effects::watch::{Attend, Watched};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// Without a signal nothing is due for this long.
const TICK: Duration = Duration::from_mins(1);

/// A text that changes with every try (a count of restarts) is written down for so many of them,
const TOLD: u32 = 5;
/// and then now and then.
const TOLD_AGAIN: u32 = 60;

/// Remembers which HEAD was tried and when it is tried again. What people mend in the cluster (a namespace, a Secret, a
/// right) tells nobody, so an install that does not work is looked at again now and then.
#[derive(Default)]
pub(super) struct Install {
    tried: Option<Tried>,
}

struct Tried {
    head: CommitId,
    attempts: u32,
    again_at: Timestamp,
}

impl Install {
    /// Installs if there is something to install and no pin is open for it. None when there may be more to do at once, else
    /// how long nothing is due.
    pub(super) async fn turn(&mut self, control: &Control, id: &InstanceId) -> Result<Option<Duration>, StoreError> {
        let inner = &control.inner;
        let state = inner.store.instance(id).await?;
        inner.uninstalled.note(id, state.verified.is_none());
        if state.verified.is_some() {
            return Ok(Some(TICK));
        }
        let (head, now) = (inner.mirror.head(), inner.clock.now());
        let before = self.tried.take().filter(|tried| tried.head == head);
        if let Some(tried) = before.as_ref().filter(|tried| tried.again_at > now) {
            let pause = tried.again_at.since(now);
            self.tried = before;
            return Ok(Some(pause));
        }
        let Ok(instance) = inner.instance(id) else { return Ok(Some(TICK)) };
        // No intent is written down: HEAD itself is one. What comes of it must be, so there must be room for it.
        inner.store.healthy().await?;
        let trouble = match install(inner, &instance, &head).await {
            Ok(Some(fact)) => return inner.append_instance(id, fact).await.map(|()| None),
            // A pin came first; its candidate is HEAD as well.
            Ok(None) => return Ok(None),
            Err(trouble) => trouble,
        };
        let attempts = before.map_or(0, |tried| tried.attempts) + 1;
        let pause = backoff(attempts);
        self.tried = Some(Tried { head: head.clone(), attempts, again_at: inner.clock.now().plus(pause) });
        let why = inner.redacted(&trouble.to_string());
        let is_news = attempts <= TOLD || attempts.is_multiple_of(TOLD_AGAIN);
        if is_news && state.install_failure.as_ref() != Some(&why) {
            inner.append_instance(id, InstanceFact::InstallFailed { commit: Some(head), why }).await?;
        }
        Ok(Some(pause))
    }
}

async fn install(inner: &Inner, instance: &Instance, head: &CommitId) -> Result<Option<InstanceFact>, Trouble> {
    let files = inner.files(instance, head).await?;
    let rendered = inner.render(instance, &files, head).await?;
    let place = inner.place(&instance.id, &rendered).await?;
    // Before the first write, and that is the inventory.
    inner.check(&place, &rendered).await?;
    let keys = crate::converge::keys(&rendered);
    // Restarts are counted anew with each try: what people mend in the cluster lets pods run that had restarted before.
    let restarts = None;
    let mark = CandidateMark { pin: None, render_hash: rendered.hash.to_string(), base: head.clone(), restarts };
    inner
        .update_inventory(&place, "write inventory of first install", |inventory| {
            inventory.add_candidate_objects(&keys, None);
            inventory.candidate = Some(mark.clone());
        })
        .await?;
    inner.note_baseline(&place, &rendered).await;
    inner.apply_all(&place, &rendered, "install").await?;
    match inner.watch(&place, &rendered, &mut UntilAsked { inner, id: &instance.id }).await? {
        Watched::Passed => {}
        Watched::Failed(failure) => {
            return Err(Trouble::Failed(Box::new(inner.report(&place.cluster, &failure).await)));
        }
        Watched::Stopped => return Ok(None),
    }
    let verified = VerifiedAt { commit: head.clone(), render_hash: rendered.hash.to_string() };
    inner
        .update_inventory(&place, "settle inventory of first install", |inventory| inventory.verify(verified.clone()))
        .await?;
    Ok(Some(InstanceFact::Verified {
        commit: head.clone(),
        render_hash: rendered.hash.to_string(),
        image: config_repo::image_in_files(&files, &instance.image),
        pin: None,
    }))
}

/// A pin that people approved is not kept waiting for an install that does not come up.
struct UntilAsked<'a> {
    inner: &'a Inner,
    id: &'a InstanceId,
}

impl Attend for UntilAsked<'_> {
    async fn waiting(&mut self, _observed: Duration, _sentence: &str, _seen: &Snapshot) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn woken(&mut self) -> Result<bool, Trouble> {
        let open = self.inner.store.open_pins_of(self.id).await?;
        Ok(open.iter().any(|record| record.pin.stage == Stage::Approved))
    }
}
