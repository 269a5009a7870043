//! The life of a pin as a pure function: a state and a fact in, the next state and what it wants out.

mod name;

use crate::pin::{Approval, Ask, Candidate, Delay, DropReason, MOST_ROUNDS, Next, Outcome, Stage, VerifiedRender};
use crate::{CommitId, Decider, Fact, Pin, PinNumber, Recorded, Timestamp};
use name::name;

/// A fact that can't be true in the stage that the pin is in: somebody else's fact came first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pin {number} is {stage}: `{fact}` can't follow")]
pub struct IllegalFact {
    /// Which pin.
    pub number: PinNumber,
    /// Where it is.
    pub stage: &'static str,
    /// What was to be appended.
    pub fact: &'static str,
}

/// The state after all these facts; none when there are none.
pub fn fold(facts: &[Recorded<Fact>]) -> Result<Option<Pin>, IllegalFact> {
    facts.iter().try_fold(None, |pin, recorded| step(pin, &recorded.fact, recorded.at).map(|(pin, _)| Some(pin)))
}

/// The state after one more fact, and what it wants next.
pub fn step(pin: Option<Pin>, fact: &Fact, at: Timestamp) -> Result<(Pin, Next), IllegalFact> {
    let mut pin = match pin {
        Some(pin) => after(pin, fact, at)?,
        None => first(fact, at)?,
    };
    pin.facts += 1;
    let next = pin.next(at);
    Ok((pin, next))
}

fn first(fact: &Fact, at: Timestamp) -> Result<Pin, IllegalFact> {
    let Fact::Opened { number, instance, kind, build, by } = fact else {
        return Err(IllegalFact { number: PinNumber(0), stage: "not opened", fact: name(fact) });
    };
    Ok(Pin {
        number: *number,
        instance: instance.clone(),
        kind: *kind,
        build: build.as_ref().clone(),
        opened_by: by.clone(),
        fleet: None,
        released: false,
        opened_at: at,
        stage: Stage::Received,
        since: at,
        proposal: None,
        ask: None,
        approvals: Vec::new(),
        candidate: None,
        verified: None,
        commit: None,
        failure: None,
        delay: None,
        notes: Vec::new(),
        rounds: 0,
        facts: 0,
    })
}

fn after(mut pin: Pin, fact: &Fact, at: Timestamp) -> Result<Pin, IllegalFact> {
    let stage = match fact {
        Fact::Began { .. } => return if pin.ended() { Err(illegal(&pin, fact)) } else { Ok(pin) },
        Fact::Delayed { reason, again_at, .. } => {
            if pin.ended() {
                return Err(illegal(&pin, fact));
            }
            pin.delay = Some(delayed(pin.delay.take(), reason, *again_at, at));
            return Ok(pin);
        }
        Fact::InFleet { fleet } if pin.stage == Stage::Received && pin.fleet.is_none() => {
            pin.fleet = Some(*fleet);
            return Ok(pin);
        }
        Fact::Released if pin.fleet.is_some() && !pin.released && pin.stage == Stage::Approved => {
            pin.released = true;
            return Ok(pin);
        }
        Fact::Opened { .. } | Fact::InFleet { .. } | Fact::Released => return Err(illegal(&pin, fact)),
        Fact::Proposed(_)
        | Fact::Refused { .. }
        | Fact::Asked { .. }
        | Fact::Approved { .. }
        | Fact::Rejected { .. }
        | Fact::Expired
        | Fact::Claimed => asking(&mut pin, fact, at),
        Fact::Superseded { .. } | Fact::Cancelled { .. } => ending(&pin, fact),
        Fact::Rendered { .. }
        | Fact::DryRun { .. }
        | Fact::Inventoried
        | Fact::Applied { .. }
        | Fact::Watched { .. }
        | Fact::Verified { .. }
        | Fact::Failed(_)
        | Fact::ConvergedBack { .. } => proving(&mut pin, fact),
        Fact::Committed { .. }
        | Fact::HeadMoved { .. }
        | Fact::Rebased { .. }
        | Fact::RenderMoved { .. }
        | Fact::RecordedByOther { .. }
        | Fact::OtherWon { .. }
        | Fact::Pushed { .. }
        | Fact::Settled { .. } => recording(&mut pin, fact),
        Fact::ReadBack { commit, by } => read_back(&mut pin, commit, by, at),
    };
    let stage = stage.ok_or_else(|| illegal(&pin, fact))?;
    // "Runs, not yet recorded" lasts until the record is there: making the commit again does not end it.
    if !matches!(fact, Fact::Committed { .. } | Fact::HeadMoved { .. } | Fact::Rebased { .. }) {
        pin.delay = None;
    }
    if stage.name() != pin.stage.name() {
        pin.since = at;
    }
    pin.stage = stage;
    Ok(pin)
}

fn delayed(before: Option<Delay>, reason: &str, again_at: Timestamp, at: Timestamp) -> Delay {
    Delay {
        reason: reason.to_owned(),
        since: before.as_ref().map_or(at, |delay| delay.since),
        attempts: before.map_or(0, |delay| delay.attempts) + 1,
        again_at,
    }
}

/// From the announcement to the claim: people and policies decide, nothing outside is touched.
fn asking(pin: &mut Pin, fact: &Fact, at: Timestamp) -> Option<Stage> {
    match (&pin.stage, fact) {
        (Stage::Received | Stage::Claimed | Stage::Approved, Fact::Proposed(proposal)) => {
            // Asked again: what was approved is no longer what would happen.
            pin.approvals.clear();
            pin.ask = None;
            pin.proposal = Some(proposal.as_ref().clone());
            Some(Stage::Proposed)
        }
        (_, Fact::Refused { why }) if !pin.touched() && !pin.ended() => {
            Some(Stage::Ended(Outcome::Refused { why: why.clone() }))
        }
        (Stage::Proposed, Fact::Asked { approvers, quorum, until }) => {
            pin.ask = Some(Ask { approvers: approvers.clone(), quorum: (*quorum).max(1), at, until: *until });
            Some(Stage::Asked)
        }
        (Stage::Proposed | Stage::Asked, Fact::Approved { by, surface }) => {
            if pin.approvals.iter().any(|approval| approval.by == *by) {
                return None;
            }
            pin.approvals.push(Approval { by: by.clone(), surface: *surface, at });
            let quorum = pin.ask.as_ref().map_or(1, |ask| ask.quorum as usize);
            Some(if pin.approvals.len() >= quorum { Stage::Approved } else { Stage::Asked })
        }
        (Stage::Asked, Fact::Rejected { by, reason, .. }) => {
            Some(Stage::Ended(Outcome::Rejected { by: by.clone(), reason: reason.clone() }))
        }
        (Stage::Asked, Fact::Expired) => Some(Stage::Ended(Outcome::Expired)),
        (Stage::Approved, Fact::Claimed) => Some(Stage::Claimed),
        _ => None,
    }
}

/// What git says of a pin that the database no longer knew.
fn read_back(pin: &mut Pin, commit: &CommitId, by: &[Decider], at: Timestamp) -> Option<Stage> {
    if pin.stage != Stage::Proposed {
        return None;
    }
    pin.approvals = by.iter().map(|by| Approval { by: by.clone(), surface: None, at }).collect();
    pin.commit = Some(commit.clone());
    Some(Stage::Ended(Outcome::Done { commit: commit.clone() }))
}

/// Somebody ends it from outside: by a newer pin, or by hand.
fn ending(pin: &Pin, fact: &Fact) -> Option<Stage> {
    if pin.ended() || !pin.can_be_cancelled() {
        return None;
    }
    let untouched = !pin.touched();
    match fact {
        Fact::Superseded { .. } if pin.unrecorded().is_some() => None,
        Fact::Superseded { by } if untouched => Some(Stage::Ended(Outcome::Superseded { by: *by })),
        Fact::Superseded { by } => Some(Stage::Dropping(DropReason::Superseded(*by))),
        Fact::Cancelled { by, .. } if untouched => Some(Stage::Ended(Outcome::Cancelled { by: by.clone() })),
        Fact::Cancelled { by, surface } => Some(Stage::Dropping(DropReason::Cancelled(by.clone(), *surface))),
        _ => None,
    }
}

/// From the candidate to the verdict, and back when it fails.
fn proving(pin: &mut Pin, fact: &Fact) -> Option<Stage> {
    match (&pin.stage, fact) {
        (Stage::Claimed, Fact::Rendered { base, render_hash, .. }) => {
            pin.candidate = Some(Candidate { base: base.clone(), render_hash: render_hash.clone() });
            Some(Stage::Rendered)
        }
        (Stage::Rendered, Fact::DryRun { unchecked }) => {
            pin.notes.extend(unchecked.iter().map(|what| format!("not checked before the first write: {what}")));
            Some(Stage::DryRun)
        }
        (Stage::DryRun, Fact::Inventoried) => Some(Stage::Inventoried { waiting_for: String::new() }),
        // Between two steps of the apply.
        (Stage::Inventoried { .. }, Fact::Watched { waiting_for, .. }) => {
            Some(Stage::Inventoried { waiting_for: waiting_for.clone() })
        }
        // Applied again while it is watched: somebody changed it, and the watch begins anew.
        (Stage::Inventoried { .. } | Stage::Watching { .. }, Fact::Applied { notes, .. }) => {
            pin.notes.extend(notes.iter().cloned());
            Some(Stage::Watching { observed_ms: 0, waiting_for: String::new() })
        }
        (Stage::Watching { .. }, Fact::Watched { observed_ms, waiting_for }) => {
            Some(Stage::Watching { observed_ms: *observed_ms, waiting_for: waiting_for.clone() })
        }
        (Stage::Watching { .. }, Fact::Verified { render_hash, commit_date }) => {
            if pin.candidate.as_ref().is_none_or(|candidate| candidate.render_hash != *render_hash) {
                return None;
            }
            pin.verified = Some(VerifiedRender { render_hash: render_hash.clone(), commit_date: *commit_date });
            Some(Stage::Verified)
        }
        (stage, Fact::Failed(report)) if pin.touched() => {
            if matches!(stage, Stage::Dropping(_) | Stage::Recorded) {
                return None;
            }
            pin.failure = Some(report.as_ref().clone());
            Some(Stage::Dropping(DropReason::Failed))
        }
        (Stage::Dropping(reason), Fact::ConvergedBack { to, healthy, seen }) => Some(Stage::Ended(Outcome::Dropped {
            reason: reason.clone(),
            to: to.clone(),
            healthy: *healthy,
            seen: seen.clone(),
        })),
        _ => None,
    }
}

/// From the verdict to the record: rule G of `reference/faults.md` is here.
fn recording(pin: &mut Pin, fact: &Fact) -> Option<Stage> {
    match (&pin.stage, fact) {
        (Stage::Verified, Fact::Committed { commit, .. }) => {
            pin.commit = Some(commit.clone());
            Some(Stage::Committed)
        }
        (Stage::Verified | Stage::Committed | Stage::HeadMoved { .. }, Fact::HeadMoved { head }) => {
            Some(Stage::HeadMoved { head: head.clone() })
        }
        (Stage::HeadMoved { .. }, Fact::Rebased { base }) => {
            pin.candidate.as_mut()?.base = base.clone();
            Some(Stage::Verified)
        }
        (Stage::HeadMoved { .. }, Fact::RenderMoved { base, render_hash }) => {
            pin.rounds += 1;
            pin.verified = None;
            if pin.rounds > MOST_ROUNDS {
                return Some(Stage::Dropping(DropReason::TooManyRounds));
            }
            pin.candidate = Some(Candidate { base: base.clone(), render_hash: render_hash.clone() });
            Some(Stage::Rendered)
        }
        (Stage::Verified | Stage::HeadMoved { .. }, Fact::OtherWon { commit, author }) => {
            Some(Stage::Dropping(DropReason::OtherWon { commit: commit.clone(), author: author.clone() }))
        }
        (
            Stage::Committed | Stage::Verified | Stage::HeadMoved { .. },
            Fact::Pushed { commit } | Fact::RecordedByOther { commit, .. },
        ) => {
            pin.commit = Some(commit.clone());
            Some(Stage::Recorded)
        }
        // Cancelled while its push was under way, and the push got through: what is recorded stays.
        (Stage::Dropping(_), Fact::Pushed { commit }) if pin.commit.is_some() => {
            pin.commit = Some(commit.clone());
            Some(Stage::Recorded)
        }
        (Stage::Recorded, Fact::Settled { held, .. }) => {
            pin.notes.extend(held.iter().map(|what| format!("kept until a person confirms: {what}")));
            Some(Stage::Ended(Outcome::Done { commit: pin.commit.clone()? }))
        }
        _ => None,
    }
}

fn illegal(pin: &Pin, fact: &Fact) -> IllegalFact {
    IllegalFact { number: pin.number, stage: pin.stage.name(), fact: name(fact) }
}

#[cfg(test)]
mod tests;
