//! A migration in an init container that several pods would run at once.

use serde_json::Value;

use super::{Found, Scene, name_of};
use crate::object::Object;
use crate::references::pod_spec;

/// Words by which the usual tools are known.
const WORDS: [&str; 12] = [
    "migrate",
    "migration",
    "alembic",
    "flyway",
    "liquibase",
    "dbmate",
    "goose",
    "sqitch",
    "knex",
    "atlas schema",
    "db:schema",
    "schema:update",
];

const HELP: &str = "run it once before the pods start, as a Job that is a hook or a step of its own, or give the Deployment one replica and `strategy: {type: Recreate}`";

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let workloads = scene
        .objects
        .iter()
        .filter(|object| matches!(object.key.kind.as_str(), "Deployment" | "DaemonSet" | "Rollout"));
    workloads
        .filter_map(|object| {
            let container = migrating(object)?;
            let why = several(object, scene.objects)?;
            let what = format!(
                "the init container `{container}` looks like a migration, and several pods would run it at once: {why}"
            );
            Some(Found::of(object, what, HELP))
        })
        .collect()
}

/// The init container that migrates.
fn migrating(object: &Object) -> Option<&str> {
    let containers = pod_spec(object)?.get("initContainers")?.as_array()?;
    containers.iter().find(|container| says_migrate(container)).map(name_of)
}

fn says_migrate(container: &Value) -> bool {
    let lists = ["command", "args"].into_iter().filter_map(|field| container.get(field)?.as_array());
    let words = lists.flatten().filter_map(Value::as_str).chain([name_of(container)]);
    let said = words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    WORDS.iter().any(|word| said.contains(word))
}

/// Why more than one pod would be there at a time.
fn several(object: &Object, objects: &[Object]) -> Option<String> {
    if object.key.kind == "DaemonSet" {
        return Some("one on each node".to_owned());
    }
    if let Some(scaler) = objects.iter().find(|scaler| scales(scaler, object)) {
        return Some(format!("{} scales it", scaler.key));
    }
    let replicas = object.value.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    if replicas > 1 {
        return Some(format!("it has {replicas} replicas"));
    }
    let is_recreated = object.value.pointer("/spec/strategy/type").and_then(Value::as_str) == Some("Recreate");
    let surge = object.value.pointer("/spec/strategy/rollingUpdate/maxSurge");
    let surges = !surge.is_some_and(|surge| surge == 0 || surge == "0" || surge == "0%");
    (replicas == 1 && !is_recreated && surges)
        .then(|| "a rolling update starts the new pod while the old one, of the old schema, still serves".to_owned())
}

fn scales(scaler: &Object, object: &Object) -> bool {
    let text = |pointer| scaler.value.pointer(pointer).and_then(Value::as_str);
    scaler.key.kind == "HorizontalPodAutoscaler"
        && text("/spec/scaleTargetRef/kind") == Some(&object.key.kind)
        && text("/spec/scaleTargetRef/name") == Some(&object.key.name)
        && scaler.value.pointer("/spec/maxReplicas").and_then(Value::as_u64) != Some(1)
}
