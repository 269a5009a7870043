//! What the operator keeps in its own namespace, which cluster it is in, and whether that knows our kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{ClusterClient, ClusterError, KindKey, MADE_BY, MADE_LABEL, ObjectKey};
use secrets::MaskKey;
use serde_json::{Value, json};

use super::error::OperatorError;
use super::resource;
use crate::crd::{GROUP, Kind, missing_fields};
use crate::objects::uid_of;

const KEY_SECRET: &str = "pinnace-operator";
const KEY: &str = "names-key";

/// The key of the hashes in names: made once, and kept in our own namespace.
pub(super) async fn key_of_names(client: &ClusterClient) -> Result<MaskKey, OperatorError> {
    let namespace = client.own_namespace().to_owned();
    if let Some(live) = client.get(&secret_key(&namespace)).await? {
        return key_in(&namespace, &live);
    }
    let made = MaskKey::random().map_err(|error| OperatorError::Random(error.to_string()))?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": KEY_SECRET, "namespace": namespace, "labels": {MADE_LABEL: MADE_BY}},
        "data": {KEY: STANDARD.encode(made.expose())},
    });
    key_in(&namespace, &client.create(&secret).await?.into_object())
}

fn secret_key(namespace: &str) -> ObjectKey {
    ObjectKey { kind: KindKey::new("v1", "Secret"), namespace: Some(namespace.to_owned()), name: KEY_SECRET.to_owned() }
}

fn key_in(namespace: &str, secret: &Value) -> Result<MaskKey, OperatorError> {
    let damaged = || OperatorError::DamagedSecret {
        namespace: namespace.to_owned(),
        name: KEY_SECRET.to_owned(),
        why: "does not hold 32 bytes under names-key any more: delete it (the names of configurations change, and pods are started anew)",
    };
    let bytes = STANDARD.decode(secret["data"][KEY].as_str().unwrap_or_default()).map_err(|_| damaged())?;
    Ok(MaskKey::from_bytes(bytes.try_into().map_err(|_| damaged())?))
}

/// Which cluster this is.
pub(super) async fn uid_of_cluster(client: &ClusterClient) -> Result<String, OperatorError> {
    let key = ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: "kube-system".to_owned() };
    let namespace = client.get(&key).await?.unwrap_or_default();
    Ok(uid_of(&namespace).to_owned())
}

/// Whether the cluster serves a kind, with all the fields that we write and read.
pub(super) async fn is_defined(client: &ClusterClient, kind: &Kind) -> Result<(), OperatorError> {
    client.kind(&resource(kind.kind)).await?;
    let definition = KindKey::new("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    let key = ObjectKey { kind: definition, namespace: None, name: format!("{}.{GROUP}", kind.plural) };
    let live = match client.get(&key).await {
        Ok(live) => live.unwrap_or_default(),
        // The rights of an earlier version: it worked without looking.
        Err(ClusterError::Forbidden { .. }) => {
            tracing::warn!(
                kind = kind.kind,
                "it can't be seen whether the definition is of this version: give the rights that `pinnace operator rbac` prints"
            );
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let missing = missing_fields(kind, &live);
    if missing.is_empty() { Ok(()) } else { Err(OperatorError::OldDefinition { kind: kind.kind, missing }) }
}
