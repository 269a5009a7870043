//! What others made under the names of an App's objects.

use cluster::{ADOPT_ANNOTATION, ClusterError};
use serde_json::Value;

use super::is_owned_by;
use crate::driver::{OperatorError, Work};
use crate::kinds::app::build::Objects;

/// Names in a refusal all that is not the App's, so that people need not find it out one after the other: an App that comes back finds everything that the
/// one before left. Nothing is written; Jobs are told where they are begun.
pub(crate) async fn with_all_of_others(work: &Work, error: OperatorError, objects: &Objects) -> OperatorError {
    let OperatorError::Cluster(ClusterError::NotOurs { object, mut why }) = error else { return error };
    let Objects { databases, configuration, migration: _, once: _, processes, routes } = objects;
    let mut also = Vec::new();
    for desired in databases.iter().chain(configuration).chain(processes).chain(routes) {
        // What can't be read now is told when it is its turn.
        let Ok(key) = work.client().key_of(desired, work.namespace()).await else { continue };
        let Ok(Some(live)) = work.client().get(&key).await else { continue };
        if key != *object && is_of_others(work, &live) {
            also.push(format!("{} {}", key.kind.kind, key.name));
        }
    }
    if !also.is_empty() {
        why = format!("{why}. So it is with {}", also.join(", "));
    }
    ClusterError::NotOurs { object, why }.into()
}

fn is_of_others(work: &Work, live: &Value) -> bool {
    let is_given = live["metadata"]["annotations"][ADOPT_ANNOTATION] == "true";
    !is_given && !is_owned_by(live, work.uid()) && !work.is_left_behind(live)
}
