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

    fn effect(&self, now: Timestamp) -> Next {
        Next::Do(match &self.stage {
            Stage::Received => Effect::Propose,
            Stage::Proposed => Effect::Ask,
            Stage::Asked => match &self.ask {
                Some(ask) if ask.until > now => return Next::WaitUntil(ask.until),
                _ => Effect::Expire,
            },
            Stage::Approved => Effect::Claim,
            Stage::Claimed => Effect::Render,
            Stage::Rendered => Effect::DryRun,
            Stage::DryRun => Effect::WriteInventory,
            Stage::Inventoried => Effect::Apply,
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
