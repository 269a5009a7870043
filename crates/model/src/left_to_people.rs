//! What is left to people for some time: objects that the guard holds back, and differences that nobody takes back.

use crate::{DriftFound, InstanceFact, InstanceState, PersonName, Recorded, Timestamp};

/// What the guard held back until a person let it go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPrune {
    /// Since when anything is held.
    pub since: Timestamp,
    /// What was held last, as `Kind/name: why`.
    pub objects: Vec<String>,
    /// Whether git has the whole instance no longer.
    pub left: bool,
    /// Who let exactly that go.
    pub confirmed_by: Option<PersonName>,
    /// Whether nothing is held any more.
    pub is_over: bool,
}

impl HeldPrune {
    /// The newest one of a history.
    pub fn newest(facts: &[Recorded<InstanceFact>]) -> Option<Self> {
        let (mut state, mut newest) = (InstanceState::default(), None::<Self>);
        for recorded in facts {
            state = state.step(&recorded.fact, recorded.at);
            newest = match (newest, state.prune_held_since) {
                (Some(held), None) => Some(Self { is_over: true, ..held }),
                (None, None) => None,
                (held, Some(since)) => {
                    let before = held.filter(|held| !held.is_over && held.objects == state.prune_held);
                    let confirmed_by = match &recorded.fact {
                        InstanceFact::PruneConfirmed { by, .. } => Some(by.clone()),
                        _ if state.prune_confirmed.is_none() => None,
                        _ => before.and_then(|held| held.confirmed_by),
                    };
                    let (objects, left) = (state.prune_held.clone(), state.left);
                    Some(Self { since, objects, left, confirmed_by, is_over: false })
                }
            };
        }
        newest
    }
}

/// What differed from git and was left so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftDrift {
    /// Since when anything is left so.
    pub since: Timestamp,
    /// What was left so last, an object each.
    pub found: Vec<DriftFound>,
    /// Whether nothing is left so any more.
    pub is_over: bool,
}

impl LeftDrift {
    /// The newest one of a history.
    pub fn newest(facts: &[Recorded<InstanceFact>]) -> Option<Self> {
        let (mut state, mut newest) = (InstanceState::default(), None::<Self>);
        for recorded in facts {
            state = state.step(&recorded.fact, recorded.at);
            let found: Vec<DriftFound> = state.drift.values().cloned().collect();
            newest = match newest {
                Some(left) if found.is_empty() => Some(Self { is_over: true, ..left }),
                None if found.is_empty() => None,
                Some(left) if !left.is_over => Some(Self { found, ..left }),
                _ => Some(Self { since: recorded.at, found, is_over: false }),
            };
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use crate::DriftDone;

    use super::*;

    fn history(facts: &[InstanceFact]) -> Vec<Recorded<InstanceFact>> {
        (1..).zip(facts).map(|(at, fact)| Recorded { at: Timestamp(at), fact: fact.clone() }).collect()
    }

    fn held(objects: &[&str]) -> InstanceFact {
        InstanceFact::PruneHeld { objects: objects.iter().map(|object| (*object).to_owned()).collect() }
    }

    fn confirmed(objects: &[&str]) -> InstanceFact {
        let objects = objects.iter().map(|object| (*object).to_owned()).collect();
        InstanceFact::PruneConfirmed { by: "ann".parse().unwrap(), objects }
    }

    #[test]
    fn what_is_held_is_one_thing_from_the_first_object_until_none_is_held() {
        let newest = |facts: &[InstanceFact]| HeldPrune::newest(&history(facts));
        assert_eq!(newest(&[held(&[])]), None);
        let one = newest(&[held(&["a"]), held(&["a", "b"])]).unwrap();
        assert_eq!((one.since, one.objects.len(), one.is_over), (Timestamp(1), 2, false));
        let gone = newest(&[held(&["a"]), confirmed(&["a"]), held(&[])]).unwrap();
        assert_eq!((gone.confirmed_by.is_some(), gone.is_over), (true, true));
        let again = newest(&[held(&["a"]), confirmed(&["a"]), held(&[]), held(&["c"])]).unwrap();
        assert_eq!((again.since, again.confirmed_by, again.is_over), (Timestamp(4), None, false));
    }

    #[test]
    fn who_let_go_something_else_let_nothing_go() {
        let facts = [held(&["a"]), confirmed(&["a"]), held(&["a", "b"]), held(&[])];
        let newest = HeldPrune::newest(&history(&facts)).unwrap();
        assert_eq!((newest.confirmed_by, newest.is_over), (None, true));
    }

    #[test]
    fn an_instance_that_left_holds_what_runs_on_until_it_is_removed_or_back() {
        let left = InstanceFact::Left { objects: vec!["a".to_owned()] };
        for (end, by) in [(InstanceFact::Returned, false), (InstanceFact::Removed { objects: 1 }, true)] {
            let middle = if by { vec![confirmed(&["a"])] } else { vec![] };
            let facts = [vec![left.clone()], middle, vec![end]].concat();
            let newest = HeldPrune::newest(&history(&facts)).unwrap();
            assert_eq!((newest.left, newest.is_over, newest.confirmed_by.is_some()), (true, true, by));
        }
    }

    #[test]
    fn differences_are_one_thing_until_none_is_left() {
        let found = |object: &str, done| {
            let what = vec!["data.A".to_owned()];
            InstanceFact::Drifted(Box::new(DriftFound { object: object.to_owned(), what, done, fields: Vec::new() }))
        };
        let gone = |object: &str| InstanceFact::DriftGone { object: object.to_owned() };
        let newest = |facts: &[InstanceFact]| LeftDrift::newest(&history(facts));
        assert_eq!(newest(&[found("a", DriftDone::Repaired)]), None);
        let two = newest(&[found("a", DriftDone::GivenUp), found("b", DriftDone::Reported), gone("a")]).unwrap();
        assert_eq!((two.since, two.found.len(), two.is_over), (Timestamp(1), 1, false));
        let over = newest(&[found("a", DriftDone::GivenUp), gone("a")]).unwrap();
        assert_eq!((over.found.len(), over.is_over), (1, true));
        let again = newest(&[found("a", DriftDone::GivenUp), gone("a"), found("a", DriftDone::GivenUp)]).unwrap();
        assert_eq!((again.since, again.is_over), (Timestamp(3), false));
    }
}
