//! Which pods are of the newest revision. Found by owner references and the hashes that the controllers write,
//! never by names, and never before the controllers have caught up: the caller has compared generations first.

use serde_json::Value;

use crate::children::{ChildKind, Children};
use crate::read::{annotation, int, label, text};

/// The newest ReplicaSet of a Deployment.
pub(crate) fn newest_replica_set<'a>(deployment: &Value, children: &Children<'a>) -> Option<&'a Value> {
    let sets = || children.owned(deployment, ChildKind::ReplicaSet);
    // As the Deployment controller finds it: the oldest whose template is the Deployment's.
    let same = sets()
        .filter(|set| same_template(deployment, set))
        .min_by_key(|set| text(set, "/metadata/creationTimestamp").unwrap_or_default());
    same.or_else(|| {
        let revision = annotation(deployment, REVISION)?;
        sets().find(|set| annotation(set, REVISION) == Some(revision))
    })
}

/// The pods of the newest revision of a StatefulSet.
pub(crate) fn newest_of_stateful_set<'a>(set: &Value, children: &Children<'a>) -> Vec<&'a Value> {
    let revision = text(set, "/status/updateRevision");
    with_hash(set, children, revision)
}

/// The pods of the newest revision of a DaemonSet.
pub(crate) fn newest_of_daemon_set<'a>(set: &Value, children: &Children<'a>) -> Vec<&'a Value> {
    let newest = children
        .owned(set, ChildKind::ControllerRevision)
        .max_by_key(|revision| int(revision, "/revision").unwrap_or_default());
    if let Some(hash) = newest.and_then(|revision| label(revision, HASH)) {
        return with_hash(set, children, Some(hash));
    }
    let generation = annotation(set, "deprecated.daemonset.template.generation");
    let of_it = |pod: &&Value| generation.is_some() && label(pod, "pod-template-generation") == generation;
    children.owned(set, ChildKind::Pod).filter(of_it).collect()
}

/// When the newest revision of a StatefulSet or DaemonSet came to be; nothing that happened before is about it.
pub(crate) fn newest_since<'a>(set: &Value, children: &Children<'a>) -> Option<&'a str> {
    let newest = children
        .owned(set, ChildKind::ControllerRevision)
        .max_by_key(|revision| int(revision, "/revision").unwrap_or_default())?;
    text(newest, "/metadata/creationTimestamp")
}

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "controller-revision-hash";

fn with_hash<'a>(owner: &Value, children: &Children<'a>, hash: Option<&str>) -> Vec<&'a Value> {
    let of_it = |pod: &&Value| hash.is_some() && label(pod, HASH) == hash;
    children.owned(owner, ChildKind::Pod).filter(of_it).collect()
}

/// Whether two pod templates are the same but for the hash that the controller adds.
fn same_template(deployment: &Value, set: &Value) -> bool {
    let (Some(wanted), Some(has)) = (deployment.pointer("/spec/template"), set.pointer("/spec/template")) else {
        return false;
    };
    wanted.get("spec") == has.get("spec")
        && labels(wanted) == labels(has)
        && wanted.pointer("/metadata/annotations") == has.pointer("/metadata/annotations")
}

fn labels(template: &Value) -> Vec<(&String, &Value)> {
    let labels = template.pointer("/metadata/labels").and_then(Value::as_object);
    let mut labels: Vec<_> = labels.into_iter().flatten().filter(|(key, _)| *key != "pod-template-hash").collect();
    labels.sort_by_key(|(key, _)| *key);
    labels
}
