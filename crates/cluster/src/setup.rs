//! What people do once, with rights of their own: Pinnace's namespace, its account, its roles, and a kubeconfig for the server.
//!
//! The server never calls these: it runs with the rights that [`crate::rbac`] lists.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use http::Method;
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use crate::apply::Outcome;
use crate::client::{Call, ClusterClient, JSON, Query};
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::uid;
use crate::rbac::ACCOUNT;

/// Marks what setup made, so that it can be removed again and nothing else with it.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "pinnace");

/// A text that lets its bearer act as us: a token, or a kubeconfig that holds one. Never shown by `Debug`.
pub struct Confidential(String);

impl Confidential {
    /// The text itself: for a file that only its owner reads.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidential(..)")
    }
}

impl ClusterClient {
    /// Makes a namespace unless it is there; true when it was made.
    pub async fn make_namespace(&self, name: &str) -> Result<bool, ClusterError> {
        let key = namespace_key(name);
        if self.get(&key).await?.is_some() {
            return Ok(false);
        }
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        Ok(self.set_up(&[object]).await?.iter().any(|(_, outcome)| *outcome == Outcome::Created))
    }

    /// Applies objects of the setup (those of [`crate::rbac::rbac_objects`]), in the given order.
    pub async fn set_up(&self, objects: &[Value]) -> Result<Vec<(ObjectKey, Outcome)>, ClusterError> {
        let mut done = Vec::new();
        for object in objects {
            let key = self.key_of(object, self.own_namespace()).await?;
            let (created, _) = self.server_side_apply(&key, &managed(object), false).await?;
            done.push((key, if created { Outcome::Created } else { Outcome::Changed }));
        }
        Ok(done)
    }

    /// Deletes a namespace and all that is in it, if setup made it; false when there is none.
    pub async fn delete_namespace(&self, name: &str) -> Result<bool, ClusterError> {
        let key = namespace_key(name);
        let Some(live) = self.get(&key).await? else { return Ok(false) };
        if live["metadata"]["labels"][MANAGED_BY.0] != MANAGED_BY.1 {
            let why = "Pinnace did not make this namespace, so it does not delete it".to_owned();
            return Err(ClusterError::NotOurs { object: Box::new(key), why });
        }
        self.delete(&key, uid(&live)).await
    }

    /// A token for our service account.
    pub async fn account_token(&self, lifetime: Duration) -> Result<Confidential, ClusterError> {
        self.token_of(ACCOUNT, lifetime).await
    }

    /// A token for a service account in our own namespace.
    pub async fn token_of(&self, account: &str, lifetime: Duration) -> Result<Confidential, ClusterError> {
        let key = ObjectKey {
            kind: KindKey::new("v1", "ServiceAccount"),
            namespace: Some(self.own_namespace().to_owned()),
            name: account.to_owned(),
        };
        let kind = self.kind(&key.kind).await?;
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": lifetime.as_secs()}});
        let call = Call::on("create", "serviceaccounts/token", &key);
        let path = format!("{}/token", kind.path(&key)?);
        let answer = self.send(&call, Method::POST, &path, &Query::new(), Some((JSON, &request))).await?;
        let token = answer.body["status"]["token"].as_str().unwrap_or_default();
        Ok(Confidential(token.to_owned()))
    }
}

/// The context that a kubeconfig says is in use.
pub fn current_context(kubeconfig: Option<&Path>) -> Result<String, ClusterError> {
    let bad = |why: String| ClusterError::Config { context: "the current one".to_owned(), why };
    let file = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from).map_err(|e| bad(e.to_string()))?;
    let current = file.current_context.filter(|context| !context.is_empty());
    current.ok_or_else(|| bad("it names no current context: say --context".to_owned()))
}

/// A kubeconfig with this one context of another kubeconfig, for the bearer of this token.
pub fn kubeconfig_for(
    kubeconfig: Option<&Path>,
    context: &str,
    token: &Confidential,
) -> Result<Confidential, ClusterError> {
    let bad = |why: String| ClusterError::Config { context: context.to_owned(), why };
    let file = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from).map_err(|e| bad(e.to_string()))?;
    let named = file.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.as_ref());
    let cluster_name = &named.ok_or_else(|| bad("there is no such context".to_owned()))?.cluster;
    let cluster =
        file.clusters.iter().find(|named| named.name == *cluster_name).and_then(|named| named.cluster.as_ref());
    let cluster = cluster.ok_or_else(|| bad(format!("its cluster `{cluster_name}` is not there")))?;
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": cluster_name, "cluster": cluster}],
        "contexts": [{"name": context, "context": {"cluster": cluster_name, "user": ACCOUNT}}],
        "users": [{"name": ACCOUNT, "user": {"token": token.expose()}}],
    });
    Ok(Confidential(text.to_string()))
}

fn namespace_key(name: &str) -> ObjectKey {
    ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: name.to_owned() }
}

fn managed(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert(MANAGED_BY.0.to_owned(), json!(MANAGED_BY.1));
        }
    }
    object
}
