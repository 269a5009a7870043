//! The identity of an object in a cluster.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind of objects: group and kind, with the version that it is written in.
///
/// Two versions of one kind are the same kind: a manifest that moves from `v1beta1` to `v1` is the same object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KindKey {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version that the manifest uses.
    pub version: String,
    /// The kind (`Deployment`).
    pub kind: String,
}

impl KindKey {
    /// The kind with this `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// The `apiVersion` of manifests of this kind.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether it is this kind of this group, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// Kubernetes Secrets, whose values never leave this crate in the clear.
    pub fn is_secret(&self) -> bool {
        self.is("", "Secret")
    }

    /// Our own custom resources.
    pub fn is_ours(&self) -> bool {
        self.group == "pinnace.dev"
    }

    fn identity(&self) -> (&str, &str) {
        (&self.group, &self.kind)
    }
}

/// One object: its kind, namespace and name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObjectKey {
    /// What kind it is.
    #[serde(flatten)]
    pub kind: KindKey,
    /// Its namespace; none for objects of the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object as it is written: without namespace when its `metadata` has none.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let namespace = text("/metadata/namespace");
        Self {
            kind: KindKey::new(&text("/apiVersion"), &text("/kind")),
            namespace: (!namespace.is_empty()).then_some(namespace),
            name: text("/metadata/name"),
        }
    }

    /// `Kind/name`: what an object of an instance is called in facts, trailers and messages.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind.kind, self.name)
    }

    fn identity(&self) -> ((&str, &str), Option<&str>, &str) {
        (self.kind.identity(), self.namespace.as_deref(), &self.name)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind.kind, self.name),
            None => write!(f, "{} {}", self.kind.kind, self.name),
        }
    }
}

/// Identity leaves the version out, in equality, order and hash alike.
macro_rules! by_identity {
    ($type:ty) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.identity() == other.identity()
            }
        }
        impl Eq for $type {}
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.identity().hash(state);
            }
        }
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.identity().cmp(&other.identity())
            }
        }
    };
}

by_identity!(KindKey);
by_identity!(ObjectKey);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_stays_itself_when_its_manifest_moves_to_another_version() {
        let object = |version: &str| {
            ObjectKey::of(
                &json!({"apiVersion": version, "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"}}),
            )
        };
        assert_eq!(object("networking.k8s.io/v1beta1"), object("networking.k8s.io/v1"));
        assert_ne!(object("extensions/v1"), object("networking.k8s.io/v1"));
    }

    #[test]
    fn people_read_kind_namespace_and_name() {
        let key = ObjectKey::of(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}));
        assert_eq!(key.to_string(), "Secret db");
        assert!(key.kind.is_secret());
    }
}
