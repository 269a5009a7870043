//! An instance at rest: no pin is its candidate. HEAD is, when people pushed something that was not tried yet: proven, it
//! becomes the verified commit; failed, the rule of the environment says what follows (design section 1). An instance that
//! never had a verified commit has HEAD alone: its first install.

mod drift;

use std::time::Duration;

use cluster::Snapshot;
use config_repo::{Head, Instance};
use model::{
    CommitId, FailureReport, HeadFailure, InstanceFact, InstanceId, InstanceState, PinNumber, Stage, Timestamp,
};
use store::StoreError;

use crate::Control;
use crate::backoff::backoff;
use crate::effects::watch::Attend;
use crate::inner::Inner;
use crate::trial::{self, Trial, Tried};
use crate::trouble::Trouble;
use crate::way_back::{self, Back};

/// Without a signal nothing is due for this long.
const TICK: Duration = Duration::from_mins(1);

/// The pause after the cluster could not be compared.
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
}

/// Nothing is to be done about this HEAD.
#[derive(PartialEq, Eq)]
struct Settled {
    head: CommitId,
    instance: Instance,
    failed: bool,
}

struct TriedBefore {
    head: CommitId,
    attempts: u32,
    again_at: Timestamp,
}

/// What came of looking at HEAD.
enum Looked {
    /// There is nothing to do until something changes.
    Settled,
    /// This happened.
    Facts(Vec<InstanceFact>),
    /// It does not work yet, and is tried again.
    NotYet(String),
    /// Something else came first.
    Stopped,
}

impl Rest {
    /// Does what there is to do while no pin is open for the instance. None when there may be more to do at once, else how
    /// long nothing is due.
    pub(super) async fn turn(&mut self, control: &Control, id: &InstanceId) -> Result<Option<Duration>, StoreError> {
        let inner = &control.inner;
        let state = inner.store.instance(id).await?;
        inner.uninstalled.note(id, state.verified.is_none());
        let Ok(instance) = inner.instance(id) else { return Ok(Some(TICK)) };
        let (head, now) = (inner.mirror.head(), inner.clock.now());
        let here = Settled { head: head.clone(), instance: instance.clone(), failed: state.head_failure.is_some() };
        if self.settled.as_ref() == Some(&here) {
            return self.repair(inner, &instance, &state).await;
        }
        self.drift.forget();
        let before = self.tried.take().filter(|tried| tried.head == head);
        if let Some(tried) = before.as_ref().filter(|tried| tried.again_at > now) {
            let pause = tried.again_at.since(now);
            self.tried = before;
            return Ok(Some(pause));
        }
        // No intent is written down: HEAD itself is one. What comes of it must be, so there must be room for it.
        inner.store.healthy().await?;
        let why = match look(inner, &instance, &state, &head).await {
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
            Ok(Looked::NotYet(why)) => why,
            Err(trouble) => trouble.to_string(),
        };
        let attempts = before.map_or(0, |tried| tried.attempts) + 1;
        let pause = backoff(attempts);
        self.tried = Some(TriedBefore { head: head.clone(), attempts, again_at: inner.clock.now().plus(pause) });
        not_yet(inner, id, &state, head, attempts, &why).await?;
        Ok(Some(pause))
    }
}

impl Rest {
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
        match self.drift.look(inner, instance, state).await {
            Ok(facts) => {
                for fact in facts {
                    inner.append_instance(&instance.id, fact).await?;
                }
                Ok(Some(TICK))
            }
            Err(trouble) => {
                tracing::warn!(instance = %instance.id, %trouble, "drift can't be looked at");
                self.drift.forget();
                Ok(Some(AFTER_TROUBLE))
            }
        }
    }
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

async fn look(inner: &Inner, instance: &Instance, state: &InstanceState, head: &CommitId) -> Result<Looked, Trouble> {
    if let Some(to) = state.head_failure.as_ref().and_then(|failed| failed.way_back()) {
        return back(inner, instance, state, to).await;
    }
    let Some(verified) = &state.verified else { return install(inner, instance, head).await };
    if state.head_failure.is_none() && inner.same_files(instance, &verified.commit, head).await? {
        return Ok(Looked::Settled);
    }
    let trial = match Trial::of(inner, instance, head, false).await {
        Ok(trial) => trial,
        Err(Trouble::Impossible(why)) => return refused(inner, instance, state, head, None, &why).await,
        Err(trouble) => return Err(trouble),
    };
    if trial.hash() == verified.render_hash {
        return mended(inner, instance, state, &trial).await;
    }
    let failed_before = state.head_failure.as_ref().filter(|failed| failed.head.held_on.is_some());
    if failed_before.is_some_and(|failed| failed.head.render_hash.as_ref() == Some(&trial.hash())) {
        return Ok(Looked::Settled);
    }
    let mut attend = WhileHead { inner, instance, head };
    match inner.try_head(instance, &trial, &mut attend).await? {
        Tried::Proven(fact) => Ok(Looked::Facts(vec![fact])),
        Tried::Stopped => Ok(Looked::Stopped),
        Tried::Refused(why) => refused(inner, instance, state, head, Some(trial.hash()), &why).await,
        Tried::Failed(trouble) => failed(inner, instance, state, &trial, trouble).await,
    }
}

async fn install(inner: &Inner, instance: &Instance, head: &CommitId) -> Result<Looked, Trouble> {
    let trial = Trial::of(inner, instance, head, true).await?;
    let mut attend = WhileHead { inner, instance, head };
    match inner.try_head(instance, &trial, &mut attend).await? {
        Tried::Proven(fact) => Ok(Looked::Facts(vec![fact])),
        // A pin came first, and its candidate is HEAD as well; or HEAD is another one by now.
        Tried::Stopped => Ok(Looked::Stopped),
        Tried::Refused(why) => Ok(Looked::NotYet(why)),
        Tried::Failed(trouble) => Err(trouble),
    }
}

/// HEAD is what was verified. After one that failed that is news: it is the verified commit now.
async fn mended(inner: &Inner, instance: &Instance, state: &InstanceState, trial: &Trial) -> Result<Looked, Trouble> {
    if state.head_failure.is_none() {
        return Ok(Looked::Settled);
    }
    let place = inner.place(&instance.id, &trial.rendered).await?;
    inner.settle_trial(&place, trial).await?;
    Ok(Looked::Facts(vec![trial.verified()]))
}

/// Nothing was touched, so what was verified runs on, whatever the rule.
async fn refused(
    inner: &Inner,
    instance: &Instance,
    state: &InstanceState,
    head: &CommitId,
    render_hash: Option<String>,
    why: &str,
) -> Result<Looked, Trouble> {
    let failure = said(inner, why);
    let same = |failed: &HeadFailure| failed.render_hash == render_hash && failed.failure == failure;
    if state.head_failure.as_ref().is_some_and(|failed| same(&failed.head)) {
        return Ok(Looked::Settled);
    }
    let by = inner.pushed_by(instance, head).await?;
    let held_on = state.verified.as_ref().map(|verified| verified.commit.clone());
    let failed = HeadFailure { head: head.clone(), by, render_hash, failure, touched: false, held_on };
    Ok(Looked::Facts(vec![InstanceFact::HeadFailed(Box::new(failed))]))
}

/// It was applied and does not work. Under `hold` the way back follows from the fact; under `follow` it is tried again.
async fn failed(
    inner: &Inner,
    instance: &Instance,
    state: &InstanceState,
    trial: &Trial,
    trouble: Trouble,
) -> Result<Looked, Trouble> {
    let failure = match trouble {
        Trouble::Failed(report) => *report,
        other => said(inner, &other.to_string()),
    };
    let verified = state.verified.as_ref().map(|verified| verified.commit.clone());
    let held_on = verified.filter(|_| instance.head == Head::Hold);
    let known = state.head_failure.as_ref().map(|failed| &failed.head);
    if held_on.is_none() && known.is_some_and(|known| known.head == trial.head && known.failure == failure) {
        return Ok(Looked::NotYet(failure.sentence));
    }
    let by = inner.pushed_by(instance, &trial.head).await?;
    let render_hash = Some(trial.hash());
    let failed = HeadFailure { head: trial.head.clone(), by, render_hash, failure, touched: true, held_on };
    Ok(Looked::Facts(vec![InstanceFact::HeadFailed(Box::new(failed))]))
}

/// The way back to the verified commit, which the fact before says.
async fn back(inner: &Inner, instance: &Instance, state: &InstanceState, to: &CommitId) -> Result<Looked, Trouble> {
    let Some(failed) = &state.head_failure else { return Ok(Looked::Settled) };
    let brought = trial::key(&instance.id, &failed.head.head);
    let Back { healthy, seen } = inner.go_back(&instance.id, &brought, to, PinNumber(0)).await?;
    let mut facts = vec![InstanceFact::HeldBack { to: to.clone(), healthy, seen }];
    if !healthy {
        facts.push(way_back::freeze(to)?);
    }
    Ok(Looked::Facts(facts))
}

fn said(inner: &Inner, why: &str) -> FailureReport {
    let (technical, object, log) = (String::new(), String::new(), Vec::new());
    FailureReport { sentence: inner.redacted(why), technical, object, log }
}

/// A HEAD on trial gives way to a pin that people approved, whose candidate stands on it, and to a newer HEAD that has
/// something else for this instance.
struct WhileHead<'a> {
    inner: &'a Inner,
    instance: &'a Instance,
    head: &'a CommitId,
}

impl Attend for WhileHead<'_> {
    async fn waiting(&mut self, _observed: Duration, _sentence: &str, _seen: &Snapshot) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn woken(&mut self) -> Result<bool, Trouble> {
        let open = self.inner.store.open_pins_of(&self.instance.id).await?;
        if open.iter().any(|record| record.pin.stage == Stage::Approved) {
            return Ok(true);
        }
        let newer = self.inner.mirror.head();
        Ok(newer != *self.head && !self.inner.same_files(self.instance, self.head, &newer).await?)
    }
}
