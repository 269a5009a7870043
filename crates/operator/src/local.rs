//! Servers that run in the cluster: what PostgreSQL, Redis and RabbitMQ have in common there. They are made by the `build` of their kinds.

mod images;
mod keep;
mod pod;
mod quantity;

pub use images::Images;
pub(crate) use keep::{KEPT_BY, is_kept_by_us, kept, me, started_anew};
pub(crate) use pod::{Mount, Pod, resources, shell};
pub(crate) use quantity::bytes;

use cluster::{KindKey, ObjectKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::crd::Kind;
use crate::hex::hex;
use crate::objects::{LONGEST_OF_STATEFUL_SET, joined, put};

/// Which server it is, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The name of its objects.
    pub name: String,
    /// Their namespace.
    pub namespace: String,
    /// The object that it goes with; none where several share it.
    pub owner: Option<Owner>,
}

/// The object that a server goes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its kind, one of ours.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Which of those that bore this name it is.
    pub uid: String,
}

impl Server {
    /// The server of one object alone: `shop` has `shop-redis`. `what` is `postgres`, `redis` or `rabbit`.
    pub fn of(kind: &Kind, what: &str, name: &str, namespace: &str, uid: Option<&str>) -> Self {
        let owner = uid.map(|uid| Owner { kind: kind.kind, name: name.to_owned(), uid: uid.to_owned() });
        Self { name: joined(name, what, LONGEST_OF_STATEFUL_SET), namespace: namespace.to_owned(), owner }
    }

    /// The server that several objects share. No object's own server has such a name.
    pub fn shared(what: &str, name: &str, namespace: &str) -> Self {
        let name = joined(name, &format!("{what}-shared"), LONGEST_OF_STATEFUL_SET);
        Self { name, namespace: namespace.to_owned(), owner: None }
    }

    /// Where clients in the cluster reach it.
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }

    /// The StatefulSet that it runs in.
    pub(crate) fn stateful_set_key(&self) -> ObjectKey {
        let kind = KindKey::new("apps/v1", "StatefulSet");
        ObjectKey { kind, namespace: Some(self.namespace.clone()), name: self.name.clone() }
    }

    /// One of its volumes' claims.
    pub(crate) fn claim_key(&self, name: String) -> ObjectKey {
        ObjectKey { kind: KindKey::new("v1", "PersistentVolumeClaim"), namespace: Some(self.namespace.clone()), name }
    }

    /// The name of the volume's claim, which stays when all else goes.
    pub fn claim_name(&self) -> String {
        format!("{}-data", self.name)
    }

    /// The name of the ConfigMap and the Secret that its pod reads.
    pub(crate) fn files_name(&self) -> String {
        format!("{}-server", self.name)
    }

    /// An object of it, without what it holds.
    pub(crate) fn object(&self, version: &str, kind: &str, name: &str, component: &str) -> Value {
        let mut object = self.object_that_stays(version, kind, name, component);
        if let Some(owner) = &self.owner {
            let Owner { kind, name, uid } = owner;
            object["metadata"]["ownerReferences"] = json!([{
                "apiVersion": format!("{}/{}", crate::GROUP, crate::VERSION), "kind": kind, "name": name, "uid": uid,
                "controller": true, "blockOwnerDeletion": true,
            }]);
        }
        object
    }

    /// An object that does not go with its owner.
    pub(crate) fn object_that_stays(&self, version: &str, kind: &str, name: &str, component: &str) -> Value {
        json!({
            "apiVersion": version,
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace, "labels": self.labels(component)},
        })
    }

    pub(crate) fn labels(&self, component: &str) -> Value {
        json!({
            "app.kubernetes.io/name": self.name,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": "pinnace-operator",
        })
    }

    /// Files that everybody may read.
    pub(crate) fn files(&self, component: &str, files: &[(&str, &str)]) -> Value {
        let mut object = self.object("v1", "ConfigMap", &self.files_name(), component);
        object["data"] = texts(files);
        object
    }

    /// Files that few may read.
    pub(crate) fn secret_files(&self, component: &str, files: &[(&str, &str)]) -> Value {
        let mut object = self.object("v1", "Secret", &self.files_name(), component);
        object["type"] = json!("Opaque");
        object["data"] =
            Value::Object(files.iter().map(|(name, text)| ((*name).to_owned(), json!(base64(text)))).collect());
        object
    }

    /// Where clients find it, and what a StatefulSet needs for the names of its pods.
    pub(crate) fn services(&self, component: &str, ports: &[(&str, u16)]) -> [Value; 2] {
        let port = |(name, port): &(&str, u16)| json!({"name": name, "port": port, "targetPort": name});
        let ports: Vec<Value> = ports.iter().map(port).collect();
        let service = |name: &str, spec: Value| {
            let mut object = self.object("v1", "Service", name, component);
            object["spec"] = spec;
            object["spec"]["selector"] = self.labels(component);
            object["spec"]["ports"] = json!(ports);
            object
        };
        [
            service(&self.name, json!({})),
            service(&self.headless(), json!({"clusterIP": "None", "publishNotReadyAddresses": true})),
        ]
    }

    fn headless(&self) -> String {
        format!("{}-pods", self.name)
    }

    /// Its volume. It belongs to nobody, so that it stays when its object is deleted; and it is no template of the StatefulSet's, so that
    /// it can grow and be done without later.
    pub(crate) fn claim(&self, component: &str, size: &Value, class: Option<&str>) -> Value {
        self.claim_named(&self.claim_name(), component, size, class)
    }

    /// The same by a name.
    pub(crate) fn claim_named(&self, name: &str, component: &str, size: &Value, class: Option<&str>) -> Value {
        let mut object = self.object_that_stays("v1", "PersistentVolumeClaim", name, component);
        object["spec"] = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}});
        put(&mut object["spec"], "storageClassName", class);
        object
    }

    /// The one pod that it runs in. A StatefulSet never has two of a name.
    pub(crate) fn stateful_set(&self, component: &str, pod: &Pod<'_>) -> Value {
        let mut annotations = Map::new();
        annotations.insert("pinnace.dev/files".to_owned(), json!(digest(pod.files)));
        let mut object = self.object("apps/v1", "StatefulSet", &self.name, component);
        object["spec"] = json!({
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "serviceName": self.headless(),
            // A version that can't start would stand in the way of every later one.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": self.labels(component)},
            "template": {
                "metadata": {"labels": self.labels(component), "annotations": annotations},
                "spec": pod.spec(self, component),
            },
        });
        object
    }
}

fn texts(files: &[(&str, &str)]) -> Value {
    Value::Object(files.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A hash of what pods read only when they start: where it changes they have to start anew.
fn digest(files: &[&Value]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file["data"].to_string());
    }
    hex(&hash.finalize(), 12)
}
