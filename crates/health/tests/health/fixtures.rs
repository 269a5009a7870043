//! Objects as a cluster shows them, short to write down.

use health::{Children, CustomRules, Failure, Progress, Verdict, judge_object};
use serde_json::{Value, json};

/// Lays one value over another, mapping by mapping; `null` takes a field out.
pub(crate) fn with(mut base: Value, over: Value) -> Value {
    fn lay(base: &mut Value, over: Value) {
        match (base, over) {
            (Value::Object(base), Value::Object(over)) => {
                for (key, value) in over {
                    if value.is_null() {
                        base.remove(&key);
                    } else {
                        lay(base.entry(key).or_insert(Value::Null), value);
                    }
                }
            }
            (base, over) => *base = over,
        }
    }
    lay(&mut base, over);
    base
}

/// A Deployment `web` of two, at rest at generation 2, of image `shop:2`.
pub(crate) fn deployment(over: Value) -> Value {
    with(
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "d", "generation": 2,
                "annotations": {"deployment.kubernetes.io/revision": "2"}},
            "spec": {"replicas": 2, "template": template("shop:2")},
            "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2,
                "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]},
        }),
        over,
    )
}

/// The pod template of an image.
pub(crate) fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image}]}})
}

/// The ReplicaSet of a revision: `replicas` wanted and there, `available` of them available.
pub(crate) fn replica_set(revision: u64, replicas: u64, available: u64) -> Value {
    let hash = format!("hash{revision}");
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("web-{hash}"), "namespace": "shop", "uid": format!("rs{revision}"), "generation": 1,
            "labels": {"pod-template-hash": hash}, "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
            "ownerReferences": owner("Deployment", "d")},
        "spec": {"replicas": replicas, "template": with(template(&format!("shop:{revision}")),
            json!({"metadata": {"labels": {"pod-template-hash": hash}}}))},
        "status": {"observedGeneration": 1, "replicas": replicas, "readyReplicas": available, "availableReplicas": available},
    })
}

/// Owner references to one controller.
pub(crate) fn owner(kind: &str, uid: &str) -> Value {
    json!([{"kind": kind, "name": "web", "uid": uid, "controller": true}])
}

/// A pod of an owner, with its one container `web` in this state.
pub(crate) fn pod(name: &str, owner_uid: &str, container: Value) -> Value {
    let status = with(json!({"name": "web", "image": "shop:2", "restartCount": 0, "ready": false}), container);
    let ready = if status["ready"] == true { "True" } else { "False" };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "ownerReferences": owner("ReplicaSet", owner_uid)},
        "spec": {"restartPolicy": "Always", "containers": [{"name": "web", "image": "registry.example/shop:2"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [status]},
    })
}

/// A container that runs and is ready.
pub(crate) fn ready() -> Value {
    json!({"ready": true, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}})
}

/// A container that waits.
pub(crate) fn waiting(reason: &str, message: &str) -> Value {
    json!({"state": {"waiting": {"reason": reason, "message": message}}})
}

/// A container between two starts, after so many restarts.
pub(crate) fn crashing(restarts: u64, code: i64, reason: &str) -> Value {
    json!({"restartCount": restarts, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}},
        "lastState": {"terminated": {"exitCode": code, "reason": reason}}})
}

/// An event about an object.
pub(crate) fn event(about: &str, reason: &str, message: &str, at: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "involvedObject": {"uid": about}, "reason": reason, "message": message,
        "lastTimestamp": at})
}

/// Judges an object among its children.
pub(crate) fn verdict(object: &Value, children: &[Value]) -> Verdict {
    judge_object(object, &Children::new(children), &CustomRules::default())
}

/// The failure, or the test fails.
pub(crate) fn failure(object: &Value, children: &[Value]) -> Failure {
    match verdict(object, children) {
        Verdict::Failed(failure) => failure,
        other => panic!("not failed: {other:?}"),
    }
}

/// The progress, or the test fails.
pub(crate) fn progress(object: &Value, children: &[Value]) -> Progress {
    match verdict(object, children) {
        Verdict::InProgress(progress) => progress,
        other => panic!("not in progress: {other:?}"),
    }
}
