//! The first install: an instance that never had a verified commit is made equal to HEAD, by the same path as a pin.

use std::time::Duration;

use cluster::Snapshot;
use cluster::inventory::{CandidateMark, VerifiedAt};
use config_repo::Instance;
use model::{CommitId, InstanceFact, InstanceId, Stage};
use store::StoreError;

use crate::Control;
use crate::effects::Turn;
use crate::effects::watch::{Attend, Watched};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// Remembers which HEAD was tried, so that one that does not work is not tried for ever.
#[derive(Default)]
pub(super) struct Install {
    tried: Option<CommitId>,
}

impl Install {
    /// Installs if there is something to install and no pin is open for it.
    pub(super) async fn turn(&mut self, control: &Control, id: &InstanceId) -> Result<Turn, StoreError> {
        let inner = &control.inner;
        let head = inner.mirror.head();
        if self.tried.as_ref() == Some(&head) || inner.store.instance(id).await?.verified.is_some() {
            return Ok(Turn::Blocked);
        }
        let Ok(instance) = inner.instance(id) else { return Ok(Turn::Blocked) };
        match install(inner, &instance, &head).await {
            Ok(Some(fact)) => {
                self.tried = Some(head);
                inner.append_instance(id, fact).await?;
            }
            // A pin came first; its candidate is HEAD as well.
            Ok(None) => {}
            Err(Trouble::Wait(why)) => {
                tracing::warn!(instance = %id, why, "the first install waits");
                return Ok(Turn::Blocked);
            }
            Err(trouble) => {
                self.tried = Some(head.clone());
                let why = inner.redacted(&trouble.to_string());
                inner.append_instance(id, InstanceFact::InstallFailed { commit: Some(head), why }).await?;
            }
        }
        Ok(Turn::Moved)
    }
}

async fn install(inner: &Inner, instance: &Instance, head: &CommitId) -> Result<Option<InstanceFact>, Trouble> {
    let files = inner.files(instance, head).await?;
    let rendered = inner.render(instance, &files, head).await?;
    let place = inner.place(&instance.id, &rendered).await?;
    let keys = crate::converge::keys(&rendered);
    let mark = CandidateMark { pin: None, render_hash: rendered.hash.to_string(), base: head.clone() };
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
