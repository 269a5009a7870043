//! In which order kinds are applied: what others need comes first.

/// The kinds, first to last. Kinds that are not named (custom resources, mostly) come where `*` is: before the
/// workloads, which may wait for what their controllers make of them.
const ORDER: &[&str] = &[
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "IngressClass",
    "Service",
    "*",
    "PodDisruptionBudget",
    "DaemonSet",
    "StatefulSet",
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Job",
    "CronJob",
    "Ingress",
    "HorizontalPodAutoscaler",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// The place of a kind in the order.
pub(crate) fn rank(kind: &str) -> usize {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    place(kind).or_else(|| place("*")).unwrap_or(ORDER.len())
}
