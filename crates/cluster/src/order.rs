//! In which order kinds are applied: what others need comes first.

use serde_json::Value;

use crate::key::KindKey;

/// Kinds in the order of their waves; what is in no wave comes between configuration and traffic.
const WAVES: &[&[(&str, &str)]] = &[
    &[("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")],
    &[
        ("", "ServiceAccount"),
        ("", "ResourceQuota"),
        ("", "LimitRange"),
        ("", "Secret"),
        ("", "ConfigMap"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("storage.k8s.io", "StorageClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
        ("", "Service"),
    ],
    &[],
    &[
        ("networking.k8s.io", "Ingress"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ],
];
const IN_BETWEEN: usize = 2;

/// The objects in waves, each to be applied before the next; within a wave in the given order.
///
/// Callers wait after a wave that holds a CRD or a namespace: [`crate::ClusterClient::wait_until_established`].
pub fn waves(objects: &[Value]) -> Vec<Vec<&Value>> {
    let mut waves: Vec<Vec<&Value>> = vec![Vec::new(); WAVES.len()];
    for object in objects {
        if let Some(wave) = waves.get_mut(wave_of(object)) {
            wave.push(object);
        }
    }
    waves.retain(|wave| !wave.is_empty());
    waves
}

fn wave_of(object: &Value) -> usize {
    let kind = kind_of(object);
    WAVES.iter().position(|wave| wave.iter().any(|(group, name)| kind.is(group, name))).unwrap_or(IN_BETWEEN)
}

pub(crate) fn kind_of(object: &Value) -> KindKey {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    KindKey::new(text("apiVersion"), text("kind"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_need_comes_first() {
        let object = |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind});
        let objects = [
            object("networking.k8s.io/v1", "Ingress"),
            object("apps/v1", "Deployment"),
            object("v1", "ConfigMap"),
            object("example.org/v1", "Anything"),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ];
        let kinds: Vec<Vec<&str>> =
            waves(&objects).iter().map(|w| w.iter().map(|o| o["kind"].as_str().unwrap()).collect()).collect();
        assert_eq!(
            kinds,
            [vec!["CustomResourceDefinition"], vec!["ConfigMap"], vec!["Deployment", "Anything"], vec!["Ingress"]]
        );
    }
}
