//! The state of a pin, computed from its facts in one place. The life itself is [`step()`].

mod next;
mod stage;
mod step;

pub use next::Next;
pub use stage::{DropReason, Outcome, Stage};
pub use step::{IllegalFact, fold, step};

use crate::{
    Build, BuildChart, CommitId, Decider, FailureReport, FleetNumber, ImageRef, InstanceId, PersonName, PinKind,
    PinNumber, Proposal, Surface, Timestamp,
};

/// How many times rule G verifies again before a pin gives way.
pub const MOST_ROUNDS: u32 = 3;

/// One attempt to make an instance run a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its number for people.
    pub number: PinNumber,
    /// Where.
    pub instance: InstanceId,
    /// Pin or unpin.
    pub kind: PinKind,
    /// What would run.
    pub build: Build,
    /// The person who wanted it; none when a sender announced the build.
    pub opened_by: Option<PersonName>,
    /// The fleet pin that it belongs to.
    pub fleet: Option<FleetNumber>,
    /// Whether its wave has begun.
    pub released: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Where it is.
    pub stage: Stage,
    /// When it came there.
    pub since: Timestamp,
    /// What people are, or were, asked about.
    pub proposal: Option<Proposal>,
    /// Who may answer, and how many must.
    pub ask: Option<Ask>,
    /// Who said yes so far.
    pub approvals: Vec<Approval>,
    /// What was rendered last: the candidate's base and hash.
    pub candidate: Option<Candidate>,
    /// The hash that was verified, and the date that its commit carries.
    pub verified: Option<VerifiedRender>,
    /// The commit that records it.
    pub commit: Option<CommitId>,
    /// Why it failed.
    pub failure: Option<FailureReport>,
    /// Why the effect in hand can't be done now.
    pub delay: Option<Delay>,
    /// What was noticed and left alone.
    pub notes: Vec<String>,
    /// How often it was verified again because HEAD moved.
    pub rounds: u32,
    /// How many facts it has: the number to append after.
    pub facts: u64,
}

/// The question put to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who may answer.
    pub approvers: Vec<PersonName>,
    /// How many must approve.
    pub quorum: u32,
    /// When it was asked.
    pub at: Timestamp,
    /// When it expires.
    pub until: Timestamp,
}

/// One yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub by: Decider,
    /// Where.
    pub surface: Option<Surface>,
    /// When.
    pub at: Timestamp,
}

/// What desired would be if the pin holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The commit that the edit was made on.
    pub base: CommitId,
    /// Hash of the canonical rendered objects.
    pub render_hash: String,
}

/// A stored verdict: this render was seen Current for the stable window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRender {
    /// Hash of what was verified.
    pub render_hash: String,
    /// The date that the commit carries.
    pub commit_date: Timestamp,
}

/// An effect that waits for the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// What the other side said.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub again_at: Timestamp,
}

impl Pin {
    /// The image that it goes to.
    pub fn to(&self) -> &ImageRef {
        &self.build.image
    }

    /// The image that it comes from, as far as it is known.
    pub fn from(&self) -> Option<&ImageRef> {
        self.proposal.as_ref().and_then(|proposal| proposal.from.as_ref())
    }

    /// The chart's version that it comes from, as far as it is known.
    pub fn from_chart(&self) -> Option<&BuildChart> {
        self.proposal.as_ref().and_then(|proposal| proposal.from_chart.as_ref())
    }

    /// Whether it holds the instance's one candidate slot.
    pub fn holds_claim(&self) -> bool {
        self.stage.holds_claim()
    }

    /// Whether the outside has been touched, so that giving up means converging back. A further round begins with the
    /// render of the round before in the cluster.
    pub fn touched(&self) -> bool {
        self.holds_claim() && (self.rounds > 0 || self.stage.touched())
    }

    /// Whether it is approved, and waits until the fleet pin's wave comes to it.
    pub fn waits_for_wave(&self) -> bool {
        self.stage == Stage::Approved && self.fleet.is_some() && !self.released
    }

    /// Whether nothing more happens to it.
    pub fn ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }

    /// "Runs, not yet recorded": verified, and the commit can't reach the remote. Since when, and why.
    pub fn unrecorded(&self) -> Option<&Delay> {
        match self.stage {
            Stage::Verified | Stage::Committed | Stage::HeadMoved { .. } => self.delay.as_ref(),
            _ => None,
        }
    }

    /// Whether a person can still stop it: an ask, or a candidate that is not verified, or one that can't be recorded.
    pub fn can_be_cancelled(&self) -> bool {
        self.stage.waits() || self.stage.in_flight() || self.unrecorded().is_some()
    }

    /// Who approved, as people read it: `ann, bo` or `policy auto`.
    pub fn approved_by(&self) -> String {
        self.approvals.iter().map(|approval| approval.by.to_string()).collect::<Vec<_>>().join(", ")
    }
}
