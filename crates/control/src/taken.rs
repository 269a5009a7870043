//! What people's tools had set and an apply takes back, kept from its first write until it is written down: the apply that comes after
//! one whose answer was lost, or that did not get through, finds nothing more of it in the cluster, and it must be told all the same.
//!
//! In memory only: a process that dies between the two has undone it, and says nothing of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::InstanceId;

/// So many lines are kept of an instance.
const MOST: usize = 100;

/// Lines for people, by instance, in their order.
#[derive(Default)]
pub(crate) struct Taken(Mutex<HashMap<InstanceId, Vec<String>>>);

impl Taken {
    /// Keeps lines. One that is kept already is the same edit, seen again.
    pub(crate) fn keep(&self, id: &InstanceId, lines: impl IntoIterator<Item = String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            let kept = all.entry(id.clone()).or_default();
            if kept.len() < MOST && !kept.contains(&line) {
                kept.push(line);
            }
        }
    }

    /// Gives out what was kept.
    pub(crate) fn give_out(&self, id: &InstanceId) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_twice_is_told_once_and_then_no_more() {
        let (taken, id) = (Taken::default(), "shop/prod".parse().unwrap());
        taken.keep(&id, ["a".to_owned(), "b".to_owned()]);
        taken.keep(&id, ["a".to_owned()]);
        assert_eq!(taken.give_out(&id), ["a", "b"]);
        assert!(taken.give_out(&id).is_empty());
    }
}
