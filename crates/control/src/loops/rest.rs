//! An instance at rest: no pin is its candidate. HEAD is, when people pushed something that was not tried yet: proven, it
//! becomes the verified commit; failed, the rule of the environment says what follows (design section 1). An instance that
//! never had a verified commit has HEAD alone: its first install.

mod drift;
mod head;
mod left;

use std::time::Duration;

use config_repo::{DriftRule, Instance};
use model::{CommitId, InstanceFact, InstanceId, InstanceState, Timestamp};
use store::StoreError;

use crate::Control;
use crate::backoff::backoff;
use crate::inner::Inner;
use crate::turns::Turn;
use head::{Looked, look};

/// Without a signal nothing is due for this long.
const TICK: Duration = Duration::from_mins(1);

/// The pause after the cluster could not be compared; it grows when that happens again and again.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// A text that changes with every try (a count of restarts) is written down for so many of them,
const TOLD: u32 = 5;
/// and then now and then.
const TOLD_AGAIN: u32 = 60;

/// What is remembered from turn to turn, so that nothing is looked at twice. It is forgotten with the process, and found
/// again by looking.
#[derive(Default)]
pub(super) struct Rest {
    drift: drift::Drift,
    settled: Option<Settled>,
    /// What people mend in the cluster (a namespace, a Secret, a right) tells nobody: what does not work is looked at again
    /// now and then.
    tried: Option<TriedBefore>,
    /// How often in a row the cluster could not be compared.
    in_vain: u32,
}

/// Nothing is to be done about this HEAD.
struct Settled {
    head: CommitId,
    instance: Instance,
    /// Whether something failed or a person wants something: settled again once it changes.
    open: bool,
}

struct TriedBefore {
    head: CommitId,
    /// What a person wanted taken over by then: wanting more is a reason to look at once.
    adopting: Vec<String>,
    attempts: u32,
    again_at: Timestamp,
}

impl Rest {
    /// Does what there is to do while no pin is open for the instance. None when there may be more to do at once, else how
    /// long nothing is due.
    pub(super) async fn turn(&mut self, control: &Control, id: &InstanceId) -> Result<Option<Duration>, StoreError> {
        let inner = &control.inner;
        let state = inner.store.instance(id).await?;
        inner.uninstalled.note(id, state.verified.is_none());
        let Ok(instance) = inner.instance(id) else {
            self.disturbed();
            return left::turn(inner, id, &state).await;
        };
        if state.left {
            inner.append_instance(id, InstanceFact::Returned).await?;
            return Ok(None);
        }
        if inner.anew.take(id) {
            self.disturbed();
            self.tried = None;
        }
        let (head, now) = (inner.mirror.head(), inner.clock.now());
        let open = state.head_failure.is_some() || state.prune_confirmed.is_some();
        let here = Settled { head: head.clone(), instance: instance.clone(), open };
        if self.is_settled(inner, &here).await {
            return self.repair(inner, &instance, &state).await;
        }
        self.drift.forget();
        let adopting = state.adopting.clone();
        let before = self.tried.take().filter(|tried| tried.head == head && tried.adopting == adopting);
        if let Some(tried) = before.as_ref().filter(|tried| tried.again_at > now) {
            let pause = tried.again_at.since(now);
            self.tried = before;
            return Ok(Some(pause));
        }
        let mut woken = inner.wakes.instance(id);
        woken.mark_unchanged();
        let turn = tokio::select! {
            biased;
            turn = waited(inner, &instance, &head) => turn,
            // Something else may come first by now.
            _ = woken.changed() => return Ok(None),
        };
        // No intent is written down: HEAD itself is one. What comes of it must be, so there must be room for it.
        inner.store.healthy().await?;
        if inner.waiting.note(id, None) {
            inner.wakes.changed();
        }
        let (why, waits) = match look(inner, &instance, &state, &head, turn).await {
            Ok(Looked::Settled) => {
                self.settled = Some(here);
                return Ok(None);
            }
            Ok(Looked::Facts(facts)) => {
                for fact in facts {
                    inner.append_instance(id, fact).await?;
                }
                return Ok(None);
            }
            Ok(Looked::Stopped) => return Ok(None),
            Ok(Looked::NotYet(why)) => (why, false),
            Ok(Looked::Waits(why)) => (why, true),
            Err(trouble) => (trouble.to_string(), false),
        };
        let attempts = before.map_or(0, |tried| tried.attempts) + 1;
        let pause = backoff(attempts);
        let again_at = inner.clock.now().plus(pause);
        self.tried = Some(TriedBefore { head: head.clone(), adopting, attempts, again_at });
        if waits {
            inner.waiting.note(id, Some(&why));
            inner.wakes.changed();
        } else {
            not_yet(inner, id, &state, head, attempts, &why).await?;
        }
        Ok(Some(pause))
    }
}

impl Rest {
    /// Whether nothing is to be done about HEAD: what was found so stays so while no file of the instance changes.
    async fn is_settled(&mut self, inner: &Inner, here: &Settled) -> bool {
        let Some(settled) = &mut self.settled else { return false };
        if settled.instance != here.instance || settled.open != here.open {
            return false;
        }
        let same = inner.same_files(&here.instance, &settled.head, &here.head).await.unwrap_or_default();
        if same {
            settled.head.clone_from(&here.head);
        }
        same
    }

    /// Comes back when the cluster reports something about an instance that rests.
    pub(super) async fn reported(&mut self) {
        self.drift.reported().await;
    }

    /// Something else than the verified commit is about to be desired.
    pub(super) fn disturbed(&mut self) {
        self.drift.forget();
        self.settled = None;
    }

    /// Makes live equal to desired again. What can't be done now is tried again.
    async fn repair(
        &mut self,
        inner: &Inner,
        instance: &Instance,
        state: &InstanceState,
    ) -> Result<Option<Duration>, StoreError> {
        let wanted = state.sync_wanted.as_ref();
        let same = |(_, hash): &(u64, String)| state.verified.as_ref().is_some_and(|it| it.render_hash == *hash);
        let is_wanted = wanted.is_some_and(same);
        if is_wanted {
            // What was left so is compared once more.
            self.drift.forget();
        }
        let mut facts = Vec::new();
        let rule = if is_wanted { DriftRule::Repair } else { instance.drift };
        let looked = self.drift.look(inner, instance, state, rule, &mut facts).await;
        if let (Ok(true), Some((plan, _))) = (&looked, wanted) {
            facts.push(InstanceFact::Synced { plan: *plan });
        }
        for fact in facts {
            inner.append_instance(&instance.id, fact).await?;
        }
        match looked {
            Ok(_) => {
                self.in_vain = 0;
                Ok(Some(TICK))
            }
            Err(trouble) => {
                tracing::warn!(instance = %instance.id, %trouble, "drift can't be looked at");
                self.drift.forget();
                self.in_vain += 1;
                Ok(Some(AFTER_TROUBLE.max(backoff(self.in_vain))))
            }
        }
    }
}

/// Takes a turn, or waits for one and reads ahead: who waits does so together with others.
async fn waited(inner: &Inner, instance: &Instance, head: &CommitId) -> Turn {
    // A repository of charts that is slow keeps nobody's turn.
    inner.fetch_ahead(instance, head).await;
    if let Some(turn) = inner.turns.free(instance) {
        return turn;
    }
    if let Err(trouble) = inner.files(instance, head).await {
        tracing::debug!(instance = %instance.id, %trouble, "it is read again in its turn");
    }
    inner.turns.take(instance).await
}

/// Says why there is nothing verified yet, when that is news.
async fn not_yet(
    inner: &Inner,
    id: &InstanceId,
    state: &InstanceState,
    head: CommitId,
    attempts: u32,
    why: &str,
) -> Result<(), StoreError> {
    let why = inner.redacted(why);
    if state.verified.is_some() {
        tracing::warn!(instance = %id, head = head.short(), attempts, why, "HEAD is tried again");
        return Ok(());
    }
    let is_news = attempts <= TOLD || attempts.is_multiple_of(TOLD_AGAIN);
    if is_news && state.install_failure.as_ref() != Some(&why) {
        inner.append_instance(id, InstanceFact::InstallFailed { commit: Some(head), why }).await?;
    }
    Ok(())
}
