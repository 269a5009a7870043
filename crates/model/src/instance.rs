//! The state of an instance, computed from its facts.

use crate::{CommitId, Decider, ImageRef, InstanceFact, PinNumber, Recorded, Timestamp};

/// What is known of an instance apart from its pins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceState {
    /// The newest commit seen Current.
    pub verified: Option<VerifiedCommit>,
    /// People's lock: automatic pins are off.
    pub lock: Option<Lock>,
    /// Why the first install does not work yet.
    pub install_failure: Option<String>,
}

/// The newest commit seen Current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCommit {
    /// The commit.
    pub commit: CommitId,
    /// Hash of what it renders to.
    pub render_hash: String,
    /// The project's image in it.
    pub image: Option<ImageRef>,
    /// The pin that brought it.
    pub pin: Option<PinNumber>,
    /// When it was seen.
    pub at: Timestamp,
}

/// Who switched automatic pins off, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Who.
    pub by: Decider,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl InstanceState {
    /// The state after all these facts.
    pub fn fold(facts: &[Recorded<InstanceFact>]) -> Self {
        facts.iter().fold(Self::default(), |state, recorded| state.step(&recorded.fact, recorded.at))
    }

    fn step(mut self, fact: &InstanceFact, at: Timestamp) -> Self {
        match fact.clone() {
            InstanceFact::Verified { commit, render_hash, image, pin } => {
                self.verified = Some(VerifiedCommit { commit, render_hash, image, pin, at });
                self.install_failure = None;
            }
            InstanceFact::InstallFailed { why, .. } => self.install_failure = Some(why),
            InstanceFact::Locked { by, why } => self.lock = Some(Lock { by, why, at }),
            InstanceFact::Unlocked { .. } => self.lock = None,
        }
        self
    }
}
