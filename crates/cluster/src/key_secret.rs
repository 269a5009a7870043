//! The Secret that holds the private key of encrypted files: put there by a person's command, and mounted by the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Call, ClusterClient, JSON, Query};
use crate::error::ClusterError;
use crate::inventory::COMPONENT_LABEL;
use crate::key::{KindKey, ObjectKey};
use crate::objects::resource_version;

/// What the label says of it.
const COMPONENT: &str = "age-key";
/// The key under which it lies in the Secret, and so the name of the mounted file.
pub const KEY_FILE: &str = "key.txt";

/// A Secret as it was read.
pub struct KeySecret {
    /// What lies under [`KEY_FILE`].
    pub value: Option<Vec<u8>>,
    /// Whether it was put there for this.
    pub is_ours: bool,
    resource_version: String,
}

impl ClusterClient {
    /// Reads the Secret of this name; none where there is none.
    pub async fn key_secret(&self, namespace: &str, name: &str) -> Result<Option<KeySecret>, ClusterError> {
        let Some(live) = self.get(&key_of(namespace, name)).await? else { return Ok(None) };
        let packed = live.get("data").and_then(|data| data.get(KEY_FILE)).and_then(Value::as_str);
        let label = live.pointer("/metadata/labels").and_then(|labels| labels.get(COMPONENT_LABEL));
        Ok(Some(KeySecret {
            value: packed.and_then(|packed| STANDARD.decode(packed).ok()),
            is_ours: label.and_then(Value::as_str) == Some(COMPONENT),
            resource_version: resource_version(&live).to_owned(),
        }))
    }

    /// Makes the Secret, or replaces exactly the one that was read.
    pub async fn write_key_secret(
        &self,
        namespace: &str,
        name: &str,
        value: &[u8],
        read: Option<&KeySecret>,
    ) -> Result<(), ClusterError> {
        let key = key_of(namespace, name);
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace, "labels": {COMPONENT_LABEL: COMPONENT}},
            "data": {KEY_FILE: STANDARD.encode(value)},
        });
        if let (Some(read), Some(metadata)) = (read, secret.get_mut("metadata").and_then(Value::as_object_mut)) {
            metadata.insert("resourceVersion".to_owned(), json!(read.resource_version));
        }
        let kind = self.kind(&key.kind).await?;
        let (method, path, verb) = match read {
            None => (Method::POST, kind.collection(key.namespace.as_deref()), "create"),
            Some(_) => (Method::PUT, kind.path(&key)?, "update"),
        };
        let call = Call::on(verb, &kind.resource(), &key);
        self.send(&call, method, &path, &Query::new(), Some((JSON, &secret))).await.map(drop)
    }
}

fn key_of(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey { kind: KindKey::new("v1", "Secret"), namespace: Some(namespace.to_owned()), name: name.to_owned() }
}
