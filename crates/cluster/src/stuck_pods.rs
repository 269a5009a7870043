//! Pods that keep a StatefulSet from coming back.
//!
//! Under `OrderedReady` its controller waits for a pod of the bad version to become ready before it replaces it, which never
//! happens (measured). Deleting those pods is part of converging.

use serde_json::Value;

use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::{generation, meta, uid};

const REVISION_LABEL: &str = "controller-revision-hash";

impl ClusterClient {
    /// Deletes the not-ready pods of a dropped revision and says which.
    ///
    /// Nothing (`None`) while the controller has not seen yet that the StatefulSet went back: ask again after its next change.
    pub async fn delete_not_ready_pods(
        &self,
        statefulset: &ObjectKey,
        dropped_revision: &str,
    ) -> Result<Option<Vec<ObjectKey>>, ClusterError> {
        let not_found = || ClusterError::NotFound { object: Box::new(statefulset.clone()) };
        let live = self.get(statefulset).await?.ok_or_else(not_found)?;
        if !went_back(&live, dropped_revision) {
            return Ok(None);
        }
        let namespace = statefulset.namespace.as_deref().unwrap_or_default();
        let pods = self.list(&KindKey::new("v1", "Pod"), namespace).await?;
        let mut deleted = Vec::new();
        for pod in pods.iter().filter(|pod| is_stuck(pod, uid(&live), dropped_revision)) {
            let key = ObjectKey::of(pod);
            match self.delete(&key, uid(pod)).await {
                Ok(_) => deleted.push(key),
                // Replaced in the meantime: it is not stuck.
                Err(ClusterError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(deleted))
    }
}

/// The revision that a StatefulSet is on its way to.
pub fn update_revision(statefulset: &Value) -> Option<&str> {
    statefulset.pointer("/status/updateRevision").and_then(Value::as_str)
}

fn went_back(live: &Value, dropped: &str) -> bool {
    let observed = live.pointer("/status/observedGeneration").and_then(Value::as_i64).unwrap_or_default();
    observed >= generation(live) && update_revision(live).is_some_and(|revision| revision != dropped)
}

fn is_stuck(pod: &Value, owner: &str, revision: &str) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let owned = owners.is_some_and(|owners| owners.iter().any(|o| o["uid"] == owner));
    let of_revision =
        pod.pointer("/metadata/labels").and_then(|l| l.get(REVISION_LABEL)).is_some_and(|r| r == revision);
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
    owned && of_revision && !ready && meta(pod, "deletionTimestamp").is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(owner: &str, revision: &str, ready: &str) -> Value {
        json!({"metadata": {"ownerReferences": [{"uid": owner}], "labels": {REVISION_LABEL: revision}},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}})
    }

    #[test]
    fn only_not_ready_pods_of_the_dropped_revision_are_stuck() {
        assert!(is_stuck(&pod("db", "bad", "False"), "db", "bad"));
        assert!(!is_stuck(&pod("db", "bad", "True"), "db", "bad"));
        assert!(!is_stuck(&pod("db", "good", "False"), "db", "bad"));
        assert!(!is_stuck(&pod("other", "bad", "False"), "db", "bad"));
    }

    #[test]
    fn pods_stay_until_the_controller_has_seen_the_way_back() {
        let set = |observed: i64, revision: &str| json!({"metadata": {"generation": 3}, "status": {"observedGeneration": observed, "updateRevision": revision}});
        assert!(went_back(&set(3, "good"), "bad"));
        assert!(!went_back(&set(2, "good"), "bad"));
        assert!(!went_back(&set(3, "bad"), "bad"));
    }
}
