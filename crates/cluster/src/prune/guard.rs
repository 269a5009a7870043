//! The decision what may be deleted. Pure: every rule of the guard is on this page.

use crate::key::{KindKey, ObjectKey};

/// More than this share of the inventory needs a person...
const SHARE_PERCENT: usize = 30;
/// ...when it is at least so many objects...
const SHARE_AT_LEAST: usize = 3;
/// ...and more than so many objects always do.
const MOST: usize = 10;

/// Kinds whose objects hold data, or take others with them that do.
const DATA_KINDS: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
];
/// The one kind of ours that holds no data.
const OUR_DATALESS_KIND: &str = "App";

/// An object that the inventory holds and nothing desires any more, as it is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneCandidate {
    /// Which object.
    pub key: ObjectKey,
    /// Its uid; none when it does not exist.
    pub uid: Option<String>,
    /// Whether it bears our mark.
    pub marked: bool,
    /// Whether it says that it outlives what brought it (`helm.sh/resource-policy: keep`).
    pub kept: bool,
    /// Whether its volumes go with it (a StatefulSet may say so).
    pub deletes_volumes: bool,
}

/// An object that stays for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which object.
    pub key: ObjectKey,
    /// Why, in words.
    pub why: String,
    /// Whether a named person can let it go; false: it is not ours any more.
    pub confirmable: bool,
}

/// What may be deleted now, and what may not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// What goes: keys with the uids that were looked at.
    pub delete: Vec<(ObjectKey, String)>,
    /// What stays.
    pub held: Vec<Held>,
    /// What is gone already and can be forgotten.
    pub gone: Vec<ObjectKey>,
}

/// Decides about what nothing desires any more. `total` is how many objects the inventory holds.
pub fn decide(candidates: &[PruneCandidate], total: usize, confirmed: bool) -> PrunePlan {
    let going = candidates.iter().filter(|c| c.uid.is_some() && c.marked && !c.kept).count();
    let too_many = too_many(going, total);
    sort_out(candidates, |candidate| match (confirmed, holds_data(candidate), &too_many) {
        (true, _, _) => None,
        (false, true, _) => Some("it holds data".to_owned()),
        (false, false, too_many) => too_many.clone(),
    })
}

/// Decides about what a dropped candidate brought: all of it goes at once, but what holds data.
pub fn decide_dropped(candidates: &[PruneCandidate]) -> PrunePlan {
    sort_out(candidates, |candidate| holds_data(candidate).then(|| "it holds data".to_owned()))
}

fn sort_out(candidates: &[PruneCandidate], hold: impl Fn(&PruneCandidate) -> Option<String>) -> PrunePlan {
    let mut plan = PrunePlan::default();
    for candidate in candidates {
        let key = candidate.key.clone();
        match (&candidate.uid, candidate.marked, hold(candidate)) {
            (None, _, _) => plan.gone.push(key),
            // It stays for good, and nobody has to do anything about it.
            (Some(_), true, _) if candidate.kept => plan.gone.push(key),
            (Some(_), false, _) => {
                let why = "it no longer bears our mark, so it is left alone".to_owned();
                plan.held.push(Held { key, why, confirmable: false });
            }
            (Some(_), true, Some(why)) => plan.held.push(Held { key, why, confirmable: true }),
            (Some(uid), true, None) => plan.delete.push((key, uid.clone())),
        }
    }
    plan
}

fn too_many(going: usize, total: usize) -> Option<String> {
    let share = going * 100 > total * SHARE_PERCENT && going >= SHARE_AT_LEAST;
    (share || going > MOST).then(|| format!("{going} of {total} objects would go at once"))
}

fn holds_data(candidate: &PruneCandidate) -> bool {
    let kind: &KindKey = &candidate.key.kind;
    DATA_KINDS.iter().any(|(group, name)| kind.is(group, name))
        || (kind.is_ours() && kind.kind != OUR_DATALESS_KIND)
        || candidate.deletes_volumes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(api_version: &str, kind: &str, name: &str) -> PruneCandidate {
        let key =
            ObjectKey { kind: KindKey::new(api_version, kind), namespace: Some("shop".into()), name: name.into() };
        PruneCandidate { key, uid: Some(format!("uid-{name}")), marked: true, kept: false, deletes_volumes: false }
    }

    fn config_maps(count: usize) -> Vec<PruneCandidate> {
        (0..count).map(|n| candidate("v1", "ConfigMap", &n.to_string())).collect()
    }

    #[test]
    fn a_small_share_goes_by_itself() {
        assert_eq!(decide(&config_maps(2), 3, false).delete.len(), 2, "fewer than three are never held");
        assert_eq!(decide(&config_maps(3), 10, false).delete.len(), 3, "30 % is not more than 30 %");
        assert_eq!(decide(&config_maps(10), 100, false).delete.len(), 10);
    }

    #[test]
    fn more_than_a_third_or_more_than_ten_wait_for_a_person() {
        for (count, total) in [(3, 9), (4, 13), (11, 1000)] {
            let plan = decide(&config_maps(count), total, false);
            assert!(plan.delete.is_empty() && plan.held.len() == count, "{count} of {total}");
            assert!(plan.held[0].why.contains(&format!("{count} of {total}")));
            assert_eq!(decide(&config_maps(count), total, true).delete.len(), count);
        }
    }

    #[test]
    fn what_holds_data_waits_for_a_person_even_alone() {
        let data = [
            candidate("v1", "PersistentVolumeClaim", "data"),
            candidate("v1", "Namespace", "shop"),
            candidate("apiextensions.k8s.io/v1", "CustomResourceDefinition", "x"),
            candidate("pinnace.dev/v1", "PostgresDatabase", "db"),
            PruneCandidate { deletes_volumes: true, ..candidate("apps/v1", "StatefulSet", "db") },
        ];
        for one in data {
            assert!(decide(std::slice::from_ref(&one), 100, false).delete.is_empty(), "{}", one.key);
            assert!(decide_dropped(std::slice::from_ref(&one)).delete.is_empty(), "{}", one.key);
            assert_eq!(decide(&[one], 100, true).delete.len(), 1);
        }
        assert_eq!(decide(&[candidate("pinnace.dev/v1", "App", "shop")], 100, false).delete.len(), 1);
    }

    #[test]
    fn what_lost_our_mark_is_left_alone_even_when_confirmed() {
        let stranger = PruneCandidate { marked: false, ..candidate("v1", "ConfigMap", "x") };
        let plan = decide(&[stranger], 10, true);
        assert!(plan.delete.is_empty() && !plan.held[0].confirmable);
    }

    #[test]
    fn what_says_that_it_stays_is_let_go_of_and_never_deleted() {
        let kept = PruneCandidate { kept: true, ..candidate("v1", "ConfigMap", "x") };
        for plan in [decide(std::slice::from_ref(&kept), 10, true), decide_dropped(std::slice::from_ref(&kept))] {
            assert!(plan.delete.is_empty() && plan.held.is_empty());
            assert_eq!(plan.gone, std::slice::from_ref(&kept.key));
        }
    }

    #[test]
    fn what_is_gone_is_forgotten_and_does_not_count() {
        let mut candidates = config_maps(4);
        for gone in candidates.iter_mut().take(2) {
            gone.uid = None;
        }
        let plan = decide(&candidates, 4, false);
        assert_eq!((plan.gone.len(), plan.delete.len()), (2, 2));
    }

    #[test]
    fn what_a_dropped_candidate_brought_goes_at_once_however_much_it_is() {
        assert_eq!(decide_dropped(&config_maps(50)).delete.len(), 50);
    }
}
