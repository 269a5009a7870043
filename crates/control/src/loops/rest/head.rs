//! HEAD, while no pin is the candidate: what it has for an instance is tried, and what follows from that is said.

use std::time::Duration;

use cluster::Snapshot;
use config_repo::{Head, Instance};
use model::{CommitId, FailureReport, HeadFailure, InstanceFact, InstanceState, PinNumber, Stage};

use crate::effects::watch::Attend;
use crate::inner::Inner;
use crate::pruned::Going;
use crate::trial::{self, Trial, Tried};
use crate::trouble::Trouble;
use crate::turns::Turn;
use crate::way_back::{self, Back};

/// What came of looking at HEAD.
pub(super) enum Looked {
    /// There is nothing to do until something changes.
    Settled,
    /// This happened.
    Facts(Vec<InstanceFact>),
    /// It does not work yet, and is tried again.
    NotYet(String),
    /// It can't be tried before others are well.
    Waits(String),
    /// Something else came first.
    Stopped,
}

/// Looks at HEAD, and tries it where it is news.
pub(super) async fn look(
    inner: &Inner,
    instance: &Instance,
    state: &InstanceState,
    head: &CommitId,
    turn: Turn,
) -> Result<Looked, Trouble> {
    if let Some(to) = state.head_failure.as_ref().and_then(|failed| failed.way_back()) {
        return back(inner, instance, state, to).await;
    }
    let Some(verified) = &state.verified else { return install(inner, instance, head, turn).await };
    if let Some(confirmed) = &state.prune_confirmed {
        return let_go(inner, instance, state, &verified.commit, confirmed).await;
    }
    if state.head_failure.is_none() && inner.same_files(instance, &verified.commit, head).await? {
        return Ok(Looked::Settled);
    }
    let trial = match Trial::of(inner, instance, head, false).await {
        Ok(trial) => trial,
        Err(Trouble::Impossible(why)) => return refused(inner, instance, state, head, None, &why).await,
        Err(trouble) => return Err(trouble),
    };
    // What is left out is in no hash.
    let is_whole = trial.rendered.refused.is_empty() && state.quarantine(&verified.commit).is_none();
    if trial.hash() == verified.render_hash && is_whole {
        return mended(inner, instance, state, &trial).await;
    }
    let failed_before = state.head_failure.as_ref().filter(|failed| failed.head.held_on.is_some());
    if failed_before.is_some_and(|failed| failed.head.render_hash.as_ref() == Some(&trial.hash())) {
        return Ok(Looked::Settled);
    }
    if let Some(why) = inner.unmet_need(instance).await? {
        return Ok(Looked::Waits(why));
    }
    let mut attend = WhileHead { inner, instance, head };
    match inner.try_head(instance, &trial, turn, &mut attend).await? {
        Tried::Proven(facts) => Ok(Looked::Facts(facts)),
        Tried::Stopped => Ok(Looked::Stopped),
        Tried::Refused(why) => refused(inner, instance, state, head, Some(trial.hash()), &why).await,
        Tried::Failed(trouble) => failed(inner, instance, state, &trial, trouble).await,
    }
}

async fn install(inner: &Inner, instance: &Instance, head: &CommitId, turn: Turn) -> Result<Looked, Trouble> {
    if let Some(why) = inner.unmet_need(instance).await? {
        return Ok(Looked::Waits(why));
    }
    let mut attend = WhileHead { inner, instance, head };
    let before = match verified_before(inner, instance, head).await? {
        Some(verified) => Trial::of(inner, instance, &verified, true).await.ok(),
        None => None,
    };
    let turn = match before {
        None => turn,
        Some(trial) => match inner.try_head(instance, &trial, turn, &mut attend).await? {
            Tried::Proven(facts) => return Ok(Looked::Facts(facts)),
            _ => inner.turns.take(instance).await,
        },
    };
    let trial = Trial::of(inner, instance, head, true).await?;
    match inner.try_head(instance, &trial, turn, &mut attend).await? {
        Tried::Proven(facts) => Ok(Looked::Facts(facts)),
        // A pin came first, and its candidate is HEAD as well; or HEAD is another one by now.
        Tried::Stopped => Ok(Looked::Stopped),
        Tried::Refused(why) => Ok(Looked::NotYet(why)),
        Tried::Failed(trouble) => Err(trouble),
    }
}

/// The verified commit that the inventory names, of an instance that the database knows nothing of: it was lost. HEAD may be
/// what people pushed since, and is tried after it, with a way back.
async fn verified_before(inner: &Inner, instance: &Instance, head: &CommitId) -> Result<Option<CommitId>, Trouble> {
    let Some(stored) = inner.cluster(instance).await?.known_inventory(&instance.id).await? else { return Ok(None) };
    let Some(verified) = stored.inventory.verified.map(|verified| verified.commit) else { return Ok(None) };
    let is_past = inner.mirror.is_ancestor(&verified, head).await.unwrap_or(false);
    Ok((is_past && verified != *head).then_some(verified))
}

/// HEAD is what was verified. After one that failed that is news: it is the verified commit now.
async fn mended(inner: &Inner, instance: &Instance, state: &InstanceState, trial: &Trial) -> Result<Looked, Trouble> {
    if state.head_failure.is_none() {
        return Ok(Looked::Settled);
    }
    let place = inner.place(&instance.id, &trial.rendered).await?;
    Ok(Looked::Facts(inner.settle_trial(&place, trial).await?))
}

/// A person let go what the guard held. What it would hold by now and they did not see stays.
async fn let_go(
    inner: &Inner,
    instance: &Instance,
    state: &InstanceState,
    verified: &CommitId,
    confirmed: &[String],
) -> Result<Looked, Trouble> {
    let rendered = inner.rendered_at(instance, verified).await?;
    let place = inner.place(&instance.id, &rendered).await?;
    let confirmed_by = inner.confirmed_by(&instance.id).await?;
    let going = Going { instance: &instance.id, commit: verified, confirmed_by };
    let pruned = inner.prune_beside(&place, &rendered, &going, Some(confirmed)).await?;
    Ok(Looked::Facts(pruned.fact(state).into_iter().collect()))
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

impl Drop for WhileHead<'_> {
    fn drop(&mut self) {
        if self.inner.waiting.note(&self.instance.id, None) {
            self.inner.wakes.changed();
        }
    }
}

impl Attend for WhileHead<'_> {
    async fn waiting(&mut self, _observed: Duration, sentence: &str, _seen: &Snapshot) -> Result<bool, Trouble> {
        let sentence = self.inner.redacted(sentence);
        if self.inner.waiting.note(&self.instance.id, Some(&sentence)) {
            self.inner.wakes.changed();
        }
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
