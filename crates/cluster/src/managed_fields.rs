//! Who owns which field: the `managedFields` of a live object.
//!
//! Field sets come as JSON (`FieldsV1`): `f:name` a field, `k:{..}` an item of a list by its keys, `v:..` a value in a set, `.` the
//! thing itself.

use serde_json::{Map, Value};

use crate::mark::FIELD_MANAGER;

mod path;

pub(crate) use path::{FieldPath, Step, leaves};

/// One entry of `managedFields`.
pub(crate) struct Entry<'a> {
    pub(crate) manager: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) time: &'a str,
    pub(crate) fields: &'a Map<String, Value>,
}

/// Whose tool a field manager is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagerKind {
    /// Ourselves.
    Ours,
    /// A tool in a person's hand: kubectl, k9s, Lens and the like.
    Person,
    /// A part of Kubernetes.
    System,
    /// Anything else: reported, not fought.
    Unknown,
}

const PERSONS_TOOLS: &[&str] = &[
    "kubectl",
    "k9s",
    "lens",
    "openlens",
    "freelens",
    "node-fetch",
    "headlamp",
    "dashboard",
    "octant",
    "oc",
    "mozilla",
    "rancher",
    "kubernetes-dashboard",
    "seabird",
    "aptakube",
    "k8slens",
];
const SYSTEM: &[&str] = &[
    "kube-controller-manager",
    "kube-scheduler",
    "kube-apiserver",
    "kubelet",
    "kube-proxy",
    "cloud-controller-manager",
    "kwok",
    "kwok-controller",
    "cluster-autoscaler",
    "vpa-updater",
];

/// Whose tool the manager with this name is.
pub fn manager_kind(manager: &str) -> ManagerKind {
    let name = manager.to_ascii_lowercase();
    // `kubectl-edit`, `kubectl-client-side-apply`, `lens/6.3`: the tool is the part before the first separator.
    let tool = name.split(['-', '/', ' ']).next().unwrap_or_default();
    match () {
        () if manager == FIELD_MANAGER => ManagerKind::Ours,
        () if SYSTEM.contains(&name.as_str()) => ManagerKind::System,
        () if PERSONS_TOOLS.contains(&name.as_str()) || PERSONS_TOOLS.contains(&tool) => ManagerKind::Person,
        () => ManagerKind::Unknown,
    }
}

/// Tools that deploy, as we do: theirs is what an object holds that is taken over from them.
const DEPLOYERS: &[&str] = &[
    "helm",
    "helm-controller",
    "helm-operator",
    "helmfile",
    "argocd-controller",
    "argocd-application-controller",
    "argocd-server",
    "kustomize-controller",
    "flux",
    "flux-client-side-apply",
    "gotk",
    "kapp",
    "kapp-controller",
    "skaffold",
    "terraform",
    "hashicorp",
    "pulumi",
    "pulumi-kubernetes",
    "ansible",
    "openapi-generator",
    "werf",
    "fleetagent",
];

/// Whether a manager is a tool that deploys. Beside ours such a tool is reported; once its object is taken over, what it set is
/// ours.
pub(crate) fn is_deployer(manager: &str) -> bool {
    let name = manager.to_ascii_lowercase();
    DEPLOYERS.contains(&name.split(['/', ' ']).next().unwrap_or_default())
}

/// The managers that own fields of an object outside of its status, parts of Kubernetes apart, each once.
pub fn managers(object: &Value) -> Vec<String> {
    let theirs =
        |entry: &Entry<'_>| entry.subresource != "status" && manager_kind(entry.manager) != ManagerKind::System;
    let mut names: Vec<String> =
        entries(object).into_iter().filter(theirs).map(|entry| entry.manager.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

/// What we own of an object, and since when: it changes with each of our writes that changes anything.
pub fn own_entry(object: &Value) -> Option<String> {
    let ours = |entry: &Entry<'_>| entry.manager == FIELD_MANAGER && entry.subresource.is_empty();
    let found = entries(object).into_iter().find(ours);
    found.map(|entry| format!("{} {}", entry.time, Value::Object(entry.fields.clone())))
}

/// The entries of an object, in their order.
pub(crate) fn entries(object: &Value) -> Vec<Entry<'_>> {
    let entries = object.get("metadata").and_then(|m| m.get("managedFields")).and_then(Value::as_array);
    entries.map(Vec::as_slice).unwrap_or_default().iter().filter_map(entry).collect()
}

fn entry(value: &Value) -> Option<Entry<'_>> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(Entry {
        manager: text("manager"),
        subresource: text("subresource"),
        time: text("time"),
        fields: value.get("fieldsV1")?.as_object()?,
    })
}

/// Whether a field set holds this path of plain fields (`["spec", "replicas"]`).
pub(crate) fn holds(fields: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match fields.get(&format!("f:{first}")) {
        None => false,
        Some(_) if rest.is_empty() => true,
        Some(inner) => inner.as_object().is_some_and(|inner| holds(inner, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_told_from_controllers() {
        for tool in ["kubectl", "kubectl-edit", "kubectl-client-side-apply", "k9s", "Lens", "node-fetch", "Mozilla"] {
            assert_eq!(manager_kind(tool), ManagerKind::Person, "{tool}");
        }
        assert_eq!(manager_kind("kube-controller-manager"), ManagerKind::System);
        assert_eq!(manager_kind("pinnace"), ManagerKind::Ours);
        assert_eq!(manager_kind("istiod"), ManagerKind::Unknown);
        assert!(is_deployer("helm") && is_deployer("Helm/v3.14") && is_deployer("argocd-controller"));
        assert!(!is_deployer("istiod") && !is_deployer("kubectl-edit"));
    }
}
