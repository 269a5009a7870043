//! The state of an instance, computed from its facts.

use std::collections::BTreeMap;

use crate::{
    CommitId, CommitLine, Decider, DriftDone, DriftFound, HeadFailure, ImageRef, InstanceFact, PinNumber,
    QuarantinedObject, Recorded, Timestamp, Written,
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
    /// What of pushed commits is left out: of the verified one, and of one on trial.
    pub quarantines: Vec<Quarantine>,
    /// What differs from desired and was left so, by object.
    pub drift: BTreeMap<String, DriftFound>,
    /// What the guard holds back until a person confirms.
    pub prune_held: Vec<String>,
    /// Since when it holds anything.
    pub prune_held_since: Option<Timestamp>,
    /// What of it a person let go and is not gone yet.
    pub prune_confirmed: Option<Vec<String>>,
    /// The uids of objects that a person wants taken over.
    pub adopting: Vec<String>,
    /// Whether git has it no longer, while its objects run on.
    pub left: bool,
    /// What was repaired last, and when.
    pub repaired: Option<(DriftFound, Timestamp)>,
    /// The plan that a person wants carried out, and the hash of what it renders to.
    pub sync_wanted: Option<(u64, String)>,
    /// What a person had written to the config repo last, and when.
    pub written: Option<(Written, Timestamp)>,
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

/// What of a pushed commit can't be applied, and is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The commit.
    pub commit: CommitId,
    /// Whom people would ask.
    pub by: CommitLine,
    /// Each object.
    pub objects: Vec<QuarantinedObject>,
    /// Since when that is known.
    pub at: Timestamp,
}

impl Quarantine {
    /// The newest one of a history, and the commit that ended it: proven afterwards, without leaving anything out.
    pub fn newest(facts: &[Recorded<InstanceFact>]) -> Option<(Self, Option<CommitId>)> {
        let (mut state, mut newest) = (InstanceState::default(), None);
        for recorded in facts {
            state = state.step(&recorded.fact, recorded.at);
            match (&recorded.fact, &mut newest) {
                (InstanceFact::Quarantined { objects, .. }, newest) if !objects.is_empty() => {
                    *newest = state.quarantines.last().cloned().map(|quarantine| (quarantine, None));
                }
                (InstanceFact::Verified { commit, .. }, Some((_, ended @ None))) if state.quarantines.is_empty() => {
                    *ended = Some(commit.clone());
                }
                _ => {}
            }
        }
        newest
    }
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
    /// The newest one of a history, and the commit that ended it: proven afterwards.
    pub fn newest(facts: &[Recorded<InstanceFact>]) -> Option<(Self, Option<CommitId>)> {
        let (mut state, mut newest) = (InstanceState::default(), None);
        for recorded in facts {
            state = state.step(&recorded.fact, recorded.at);
            match (&recorded.fact, &state.head_failure, &mut newest) {
                (_, Some(failed), newest) => *newest = Some((failed.clone(), None)),
                (InstanceFact::Verified { commit, .. }, None, Some((_, ended @ None))) => *ended = Some(commit.clone()),
                _ => {}
            }
        }
        newest
    }

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
    /// What is left out of this commit.
    pub fn quarantine(&self, commit: &CommitId) -> Option<&Quarantine> {
        self.quarantines.iter().find(|quarantine| quarantine.commit == *commit)
    }

    /// The state after all these facts.
    pub fn fold(facts: &[Recorded<InstanceFact>]) -> Self {
        facts.iter().fold(Self::default(), |state, recorded| state.step(&recorded.fact, recorded.at))
    }

    /// The state after one more fact.
    #[must_use]
    pub fn step(mut self, fact: &InstanceFact, at: Timestamp) -> Self {
        match fact.clone() {
            InstanceFact::Verified { commit, render_hash, image, pin } => {
                self.quarantines.retain(|quarantine| quarantine.commit == commit);
                self.verified = Some(VerifiedCommit { commit, render_hash, image, pin, at });
                self.install_failure = None;
                self.head_failure = None;
                self.adopting = Vec::new();
            }
            // What runs is found out anew.
            InstanceFact::ReadBack { .. } => {}
            InstanceFact::HeadFailed(head) => self.head_failure = Some(FailedHead { head: *head, at, back: None }),
            InstanceFact::Quarantined { commit, by, objects } => {
                // What the verified commit leaves out is needed for as long as it is verified.
                let verified = self.verified.as_ref().map(|verified| verified.commit.clone());
                self.quarantines.retain(|known| known.commit != commit && Some(&known.commit) == verified.as_ref());
                if !objects.is_empty() {
                    self.quarantines.push(Quarantine { commit, by, objects, at });
                }
            }
            InstanceFact::HeldBack { healthy, seen, .. } => {
                if let Some(failed) = &mut self.head_failure {
                    failed.back = Some(HeldBack { healthy, seen });
                }
            }
            InstanceFact::Drifted(found) if found.done == DriftDone::Repaired => self.repaired = Some((*found, at)),
            InstanceFact::Drifted(found) => {
                self.drift.insert(found.object.clone(), *found);
            }
            InstanceFact::SyncWanted { plan, render_hash, .. } => {
                // What failed is tried again: a person wants it.
                (self.head_failure, self.sync_wanted) = (None, Some((plan, render_hash)));
            }
            InstanceFact::Synced { .. } => self.sync_wanted = None,
            InstanceFact::Written(written) => self.written = Some((written, at)),
            InstanceFact::DriftGone { object } => {
                self.drift.remove(&object);
            }
            InstanceFact::PruneHeld { objects } => self.hold(objects, at),
            InstanceFact::PruneConfirmed { objects, .. } => self.prune_confirmed = Some(objects),
            InstanceFact::Left { objects } => {
                self.left = true;
                self.hold(objects, at);
            }
            InstanceFact::Returned => {
                self.left = false;
                self.hold(Vec::new(), at);
            }
            InstanceFact::Removed { .. } => self = Self::default(),
            InstanceFact::AdoptWanted { objects, .. } => {
                self.head_failure = None;
                self.adopting = objects.into_iter().map(|(_, uid)| uid).collect();
            }
            InstanceFact::RetryWanted { .. } => self.head_failure = None,
            InstanceFact::InstallFailed { why, .. } => self.install_failure = Some(why),
            InstanceFact::Locked { by, why } => self.lock = Some(Lock { by, why, at }),
            InstanceFact::Unlocked { .. } => self.lock = None,
        }
        self
    }

    /// The guard holds these now, and nobody let them go yet.
    fn hold(&mut self, objects: Vec<String>, at: Timestamp) {
        let since = self.prune_held_since.unwrap_or(at);
        self.prune_held_since = (!objects.is_empty()).then_some(since);
        (self.prune_held, self.prune_confirmed) = (objects, None);
    }
}

#[cfg(test)]
mod tests {
    use crate::FailureReport;

    use super::*;

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn failed(held: bool) -> InstanceFact {
        let text = String::new;
        let failure = FailureReport { sentence: text(), technical: text(), object: text(), log: Vec::new() };
        let by = CommitLine { commit: commit('b'), author: text(), subject: text() };
        let held_on = held.then(|| commit('a'));
        let head = HeadFailure { head: commit('b'), by, render_hash: None, failure, touched: true, held_on };
        InstanceFact::HeadFailed(Box::new(head))
    }

    fn verified(digit: char) -> InstanceFact {
        InstanceFact::Verified { commit: commit(digit), render_hash: String::new(), image: None, pin: None }
    }

    fn history(facts: Vec<InstanceFact>) -> Vec<Recorded<InstanceFact>> {
        let at = |(at, fact)| Recorded { at: Timestamp(at), fact };
        (0..).zip(facts).map(at).collect()
    }

    #[test]
    fn a_held_head_is_gone_back_from_once() {
        let back = InstanceFact::HeldBack { to: commit('a'), healthy: true, seen: String::new() };
        let state = InstanceState::fold(&history(vec![verified('a'), failed(true)]));
        assert_eq!(state.head_failure.unwrap().way_back(), Some(&commit('a')));
        let state = InstanceState::fold(&history(vec![verified('a'), failed(true), back]));
        assert_eq!(state.head_failure.unwrap().way_back(), None);
        let state = InstanceState::fold(&history(vec![verified('a'), failed(false)]));
        assert_eq!(state.head_failure.unwrap().way_back(), None, "where it is followed there is no way back");
    }

    #[test]
    fn what_a_commit_leaves_out_is_known_for_as_long_as_it_is_verified_or_tried() {
        let leaves_out = |digit: char, names: &[&str]| {
            let object = |name: &&str| QuarantinedObject {
                group: String::new(),
                kind: "ConfigMap".to_owned(),
                name: (*name).to_owned(),
                place: String::new(),
                why: String::new(),
            };
            let by = CommitLine { commit: commit(digit), author: String::new(), subject: String::new() };
            InstanceFact::Quarantined { commit: commit(digit), by, objects: names.iter().map(object).collect() }
        };
        let known = |facts: Vec<InstanceFact>| -> Vec<String> {
            let state = InstanceState::fold(&history(facts));
            state.quarantines.iter().map(|one| one.commit.as_str()[..1].to_owned() + &one.objects[0].name).collect()
        };
        assert_eq!(known(vec![leaves_out('a', &["x"]), verified('a')]), ["ax"]);
        let tried = vec![leaves_out('a', &["x"]), verified('a'), leaves_out('b', &["y"])];
        assert_eq!(known(tried.clone()), ["ax", "by"]);
        assert_eq!(known([tried.clone(), vec![leaves_out('c', &["z"])]].concat()), ["ax", "cz"]);
        assert_eq!(known([tried.clone(), vec![verified('b')]].concat()), ["by"]);
        assert_eq!(known([tried, vec![leaves_out('b', &[]), verified('b')]].concat()), Vec::<String>::new());
    }

    #[test]
    fn what_failed_is_over_with_what_is_proven_next() {
        let facts = history(vec![verified('a'), failed(true), verified('c'), verified('d')]);
        assert!(InstanceState::fold(&facts).head_failure.is_none());
        let (newest, ended) = FailedHead::newest(&facts).unwrap();
        assert_eq!((newest.head.head, ended), (commit('b'), Some(commit('c'))));
        assert!(FailedHead::newest(&facts[..1]).is_none());
        let (_, ended) = FailedHead::newest(&facts[..2]).unwrap();
        assert_eq!(ended, None);
    }
}
