//! One object to be applied, and what is known about kinds.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Place;

/// Names one object of a cluster, whatever version of its kind it is written in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind, as in `Deployment`.
    pub kind: String,
    /// The namespace; none for an object of the whole cluster.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectKey {
    /// `Kind/name`: what an object of an instance is called in facts, trailers and messages.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// One object to be applied.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// Which one it is.
    pub key: ObjectKey,
    /// The object: keys sorted, namespace set, what only a live object has taken out. **May hold secret values.**
    pub value: Value,
    /// Where it stands.
    pub place: Place,
    /// Which of the instance's sources it comes from.
    pub source: usize,
}

impl Object {
    /// The version of the kind it is written in: `v1` of `apps/v1`.
    pub fn version(&self) -> &str {
        let api_version = self.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        api_version.rsplit_once('/').map_or(api_version, |(_, version)| version)
    }

    /// Whether its annotation allows to replace what can't be changed or can't live twice.
    pub fn may_be_replaced(&self) -> bool {
        self.value.pointer("/metadata/annotations/pinnace.dev~1replace").and_then(Value::as_str) == Some("true")
    }
}

impl fmt::Debug for Object {
    /// Without the value, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} at {})", self.key, self.place)
    }
}

/// The kinds of Kubernetes that live outside of namespaces.
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "ComponentStatus"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("authentication.k8s.io", "SelfSubjectReview"),
    ("authentication.k8s.io", "TokenReview"),
    ("authorization.k8s.io", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectRulesReview"),
    ("authorization.k8s.io", "SubjectAccessReview"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("policy", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
];

/// Whether a kind of Kubernetes itself lives outside of namespaces. Custom kinds are not known here.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    CLUSTER_SCOPED.contains(&(group, kind))
}

/// Whether deleting an object of this kind deletes data or a whole world of other objects: a person has to confirm.
pub fn is_data_kind(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(kind, "Namespace" | "PersistentVolume" | "PersistentVolumeClaim"),
        "apiextensions.k8s.io" => kind == "CustomResourceDefinition",
        "pinnace.dev" => kind.ends_with("Database"),
        _ => false,
    }
}
