//! Which object is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::read::text;

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
    /// The key of an object as it stands in a file or comes from the API server.
    pub fn of(object: &Value) -> Self {
        let api_version = text(object, "/apiVersion").unwrap_or_default();
        Self {
            group: api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: text(object, "/kind").unwrap_or_default().to_owned(),
            namespace: text(object, "/metadata/namespace").map(str::to_owned),
            name: text(object, "/metadata/name").unwrap_or_default().to_owned(),
        }
    }
}

impl ObjectKey {
    /// For a failure of the whole that no one object stands for.
    pub(crate) fn nothing() -> Self {
        Self { group: String::new(), kind: String::new(), namespace: None, name: String::new() }
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
