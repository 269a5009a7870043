//! Reading what a set needs and does not bring: single objects by their names, pods by labels, quotas.
//!
//! A missing right is an answer here and no error: then the check was not made, and that is said.

use http::Method;
use serde_json::Value;

use crate::client::{Call, ClusterClient, Query};
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It is there.
    There(Box<Value>),
    /// There is no such object.
    Missing,
    /// It could not be looked at, and why.
    NotChecked(String),
}

/// What limits the pods of a namespace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodLimits {
    /// Its quotas.
    pub quotas: Vec<Value>,
    /// Whether a LimitRange fills in what containers leave out.
    pub defaults: bool,
}

impl ClusterClient {
    /// Looks an object up by its name.
    pub async fn look_up(&self, key: &ObjectKey) -> Result<Found, ClusterError> {
        match self.get(key).await {
            Ok(Some(live)) => Ok(Found::There(Box::new(live))),
            Ok(None) => Ok(Found::Missing),
            Err(error) => not_checked(error),
        }
    }

    /// Looks for one pod with all of these labels.
    pub async fn look_for_pods<'a>(
        &self,
        namespace: &str,
        labels: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Result<Found, ClusterError> {
        let labels: Vec<String> = labels.into_iter().map(|(label, value)| format!("{label}={value}")).collect();
        let pods = async {
            let kind = self.kind(&KindKey::new("v1", "Pod")).await?;
            let call = Call::in_namespace("list", &kind.resource(), Some(namespace));
            let query = Query::new().with("labelSelector", labels.join(",")).with("limit", "1");
            let answer = self.send(&call, Method::GET, &kind.collection(Some(namespace)), &query, None).await?;
            Ok(answer.body.pointer("/items/0").cloned())
        };
        match pods.await {
            Ok(Some(pod)) => Ok(Found::There(Box::new(pod))),
            Ok(None) => Ok(Found::Missing),
            Err(error) => not_checked(error),
        }
    }

    /// What limits the pods of a namespace; nothing where we may not look.
    pub async fn pod_limits(&self, namespace: &str) -> Result<Option<PodLimits>, ClusterError> {
        let limits = async {
            let quotas = self.list(&KindKey::new("v1", "ResourceQuota"), namespace).await?;
            let defaults =
                !quotas.is_empty() && !self.list(&KindKey::new("v1", "LimitRange"), namespace).await?.is_empty();
            Ok(PodLimits { quotas, defaults })
        };
        match limits.await {
            Ok(limits) => Ok(Some(limits)),
            Err(ClusterError::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn not_checked(error: ClusterError) -> Result<Found, ClusterError> {
    match error {
        ClusterError::Forbidden { .. } | ClusterError::UnknownKind { .. } => Ok(Found::NotChecked(error.to_string())),
        error => Err(error),
    }
}
