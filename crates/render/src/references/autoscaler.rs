//! Autoscalers: what they scale.

use super::need::Need;
use super::pods::wanted;
use super::text;
use crate::object::Object;

/// Kinds that are looked for; others are custom resources, which the autoscaler itself tells about.
const SCALED: &[(&str, &str)] = &[("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "ReplicaSet")];

pub(super) fn needs(object: &Object) -> Vec<Need> {
    let pointer = match (object.key.group.as_str(), object.key.kind.as_str()) {
        ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject") => "/spec/scaleTargetRef",
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => "/spec/targetRef",
        _ => return Vec::new(),
    };
    let Some(target) = object.value.pointer(pointer) else { return Vec::new() };
    // KEDA takes a Deployment where no kind is named.
    let kind = text(target, "/kind").unwrap_or("Deployment");
    let known = SCALED.iter().find(|(_, scaled)| *scaled == kind);
    let need = known
        .zip(text(target, "/name"))
        .map(|((api_version, kind), name)| Need::of(object, "", wanted(api_version, kind, name.to_owned(), None)));
    need.into_iter().collect()
}
