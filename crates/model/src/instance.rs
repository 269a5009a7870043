//! The state of an instance, computed from its facts.

use std::collections::BTreeMap;

use crate::{
    CommitId, Decider, DriftDone, DriftFound, HeadFailure, ImageRef, InstanceFact, PinNumber, Recorded, Timestamp,
};

/// What is known of an instance apart from its pins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceState {
    /// The newest commit seen Current.
    pub verified: Option<VerifiedCommit>,
    /// People's lock: automatic pins are off.
    pub lock: Option<Lock>,
    /// Why the first install does not work yet.
    pub install_failure: Option<String>,
    /// What people pushed and does not work.
    pub head_failure: Option<FailedHead>,
    /// What differs from desired and was left so, by object.
    pub drift: BTreeMap<String, DriftFound>,
    /// What was repaired last, and when.
    pub repaired: Option<(DriftFound, Timestamp)>,
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

/// What people pushed and does not work, and since when that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedHead {
    /// What, and why.
    pub head: HeadFailure,
    /// When it was seen.
    pub at: Timestamp,
    /// How it is on the verified commit again; none before it was gone back to, and where nothing was touched.
    pub back: Option<HeldBack>,
}

/// How an instance is after the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Whether the verified commit works.
    pub healthy: bool,
    /// What is seen, in words.
    pub seen: String,
}

impl FailedHead {
    /// The verified commit that the instance has to be made equal to again.
    pub fn way_back(&self) -> Option<&CommitId> {
        self.head.held_on.as_ref().filter(|_| self.head.touched && self.back.is_none())
    }
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
                self.head_failure = None;
            }
            InstanceFact::HeadFailed(head) => self.head_failure = Some(FailedHead { head: *head, at, back: None }),
            InstanceFact::HeldBack { healthy, seen, .. } => {
                if let Some(failed) = &mut self.head_failure {
                    failed.back = Some(HeldBack { healthy, seen });
                }
            }
            InstanceFact::Drifted(found) if found.done == DriftDone::Repaired => self.repaired = Some((*found, at)),
            InstanceFact::Drifted(found) => {
                self.drift.insert(found.object.clone(), *found);
            }
            InstanceFact::DriftGone { object } => {
                self.drift.remove(&object);
            }
            InstanceFact::RetryWanted { .. } => self.head_failure = None,
            InstanceFact::InstallFailed { why, .. } => self.install_failure = Some(why),
            InstanceFact::Locked { by, why } => self.lock = Some(Lock { by, why, at }),
            InstanceFact::Unlocked { .. } => self.lock = None,
        }
        self
    }
}
