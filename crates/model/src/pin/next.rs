//! What a pin wants next.

use crate::{Effect, Pin, Stage, Timestamp};

/// What a pin wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Do this now.
    Do(Effect),
    /// Look again then.
    WaitUntil(Timestamp),
    /// Nothing: it is over.
    Nothing,
}

impl Pin {
    /// What it wants next. A fact that arrives meanwhile changes the answer.
    pub fn next(&self, now: Timestamp) -> Next {
        match (&self.delay, self.effect(now)) {
            (Some(delay), Next::Do(_)) if delay.again_at > now => Next::WaitUntil(delay.again_at),
            (_, next) => next,
        }
    }

    /// The effect that its stage wants, whether or not it is delayed; an ask wants its end.
    pub fn wanted(&self) -> Effect {
        match self.effect(Timestamp(i64::MAX)) {
            Next::Do(effect) => effect,
            _ => Effect::Propose,
        }
    }

    /// Whether what it wants next reads or writes the config repo's remote.
    pub fn wants_repo(&self) -> bool {
        matches!(self.wanted(), Effect::Propose | Effect::Render | Effect::Push | Effect::Redo)
    }

    fn effect(&self, now: Timestamp) -> Next {
        Next::Do(match &self.stage {
            Stage::Received => Effect::Propose,
            Stage::Proposed => Effect::Ask,
            Stage::Asked => match &self.ask {
                Some(ask) if ask.until > now => return Next::WaitUntil(ask.until),
                _ => Effect::Expire,
            },
            Stage::Approved if self.waits_for_wave() => return Next::Nothing,
            Stage::Approved => Effect::Claim,
            Stage::Claimed => Effect::Render,
            Stage::Rendered => Effect::DryRun,
            Stage::DryRun => Effect::WriteInventory,
            Stage::Inventoried { .. } => Effect::Apply,
            Stage::Watching { .. } => Effect::Watch,
            Stage::Verified => Effect::Commit,
            Stage::Committed => Effect::Push,
            Stage::HeadMoved { .. } => Effect::Redo,
            Stage::Recorded => Effect::Settle,
            Stage::Dropping(_) => Effect::ConvergeBack,
            Stage::Ended(_) => return Next::Nothing,
        })
    }
}
