//! Containers of which nobody can say whether they work.

use serde_json::Value;

use super::{Found, Scene, name_of};
use crate::references::pod_spec;

const HELP: &str =
    "add a `readinessProbe` that asks what the container is there for: without one it is proven as soon as it starts";

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let serving = scene.objects.iter().filter(|object| {
        matches!(object.key.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout" | "ReplicaSet")
    });
    serving
        .flat_map(|object| {
            let containers = pod_spec(object).and_then(|spec| spec.get("containers")?.as_array());
            let unasked = containers.into_iter().flatten().filter(|container| !is_asked(container));
            unasked.map(|container| {
                Found::of(object, format!("the container `{}` has no readiness probe", name_of(container)), HELP)
            })
        })
        .collect()
}

fn is_asked(container: &Value) -> bool {
    ["readinessProbe", "startupProbe"].iter().any(|probe| container.get(probe).is_some_and(Value::is_object))
}
