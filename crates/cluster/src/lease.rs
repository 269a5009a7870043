//! One of several that do the same work: who holds the Lease does it.
//!
//! As Kubernetes' own components do: a holder renews it, and one whose Lease did not change for its whole length, by the clock of
//! whoever looks, is taken for gone. Clocks of different machines are never compared.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::client::{Call, ClusterClient, JSON, Query};
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::resource_version;

/// A Lease, and who we are.
#[derive(Debug)]
pub struct Lease {
    key: ObjectKey,
    identity: String,
    lasts: Duration,
    /// The version that was seen last, and since when.
    seen: Option<(String, Instant)>,
}

impl Lease {
    /// The Lease of this name in a namespace. `identity` says who we are among all who want it.
    pub fn new(namespace: &str, name: &str, identity: &str, lasts: Duration) -> Self {
        let kind = KindKey::new("coordination.k8s.io/v1", "Lease");
        let key = ObjectKey { kind, namespace: Some(namespace.to_owned()), name: name.to_owned() };
        Self { key, identity: identity.to_owned(), lasts, seen: None }
    }

    /// How long it lasts without being renewed.
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// Takes or renews it; whether it is ours then. `at` is the time of day (RFC 3339, with microseconds), for people who look.
    pub async fn hold(&mut self, client: &ClusterClient, at: &str) -> Result<bool, ClusterError> {
        let spec = json!({"holderIdentity": self.identity, "leaseDurationSeconds": self.lasts.as_secs().max(1), "renewTime": at});
        let Some(live) = client.get(&self.key).await? else {
            let metadata = json!({"name": self.key.name, "namespace": self.key.namespace});
            let object =
                json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec});
            return self.written(client, Method::POST, &object).await;
        };
        let holder = live["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if holder != self.identity && !holder.is_empty() && !self.has_run_out(resource_version(&live)) {
            return Ok(false);
        }
        let mut object = live;
        object["spec"] = spec;
        self.written(client, Method::PUT, &object).await
    }

    /// Lets it go, so that another need not wait until it runs out.
    pub async fn let_go(&self, client: &ClusterClient) -> Result<(), ClusterError> {
        let Some(mut live) = client.get(&self.key).await? else { return Ok(()) };
        if live["spec"]["holderIdentity"] != self.identity.as_str() {
            return Ok(());
        }
        live["spec"]["holderIdentity"] = json!("");
        self.written(client, Method::PUT, &live).await.map(drop)
    }

    fn has_run_out(&mut self, version: &str) -> bool {
        match &self.seen {
            Some((seen, since)) if seen == version => since.elapsed() >= self.lasts,
            _ => {
                self.seen = Some((version.to_owned(), Instant::now()));
                false
            }
        }
    }

    /// False when somebody else was faster.
    async fn written(&self, client: &ClusterClient, method: Method, object: &Value) -> Result<bool, ClusterError> {
        let kind = client.kind(&self.key.kind).await?;
        let (verb, path) = match method {
            Method::POST => ("create", kind.collection(self.key.namespace.as_deref())),
            _ => ("update", kind.path(&self.key)?),
        };
        let call = Call::on(verb, &kind.resource(), &self.key);
        match client.send(&call, method, &path, &Query::new(), Some((JSON, object))).await {
            Ok(_) => Ok(true),
            Err(ClusterError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
