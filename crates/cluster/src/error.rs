//! What can go wrong between us and a cluster, one variant for each thing that a caller does differently.
//!
//! Nothing here ever carries an object: API servers quote values in their messages, so `status` cuts those out first.

use std::time::Duration;

use crate::key::ObjectKey;

pub(crate) mod status;

/// Why a call to the cluster failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig can't be used.
    #[error("cannot use the kubeconfig for context `{context}`: {why}")]
    Config {
        /// The context that was asked for.
        context: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection to the API server. Worth waiting for.
    #[error("cannot reach the cluster of context `{context}`: {why}")]
    Unreachable {
        /// The context whose cluster it is.
        context: String,
        /// What the connection said.
        why: String,
    },
    /// The API server did not answer in time. What it did is not known.
    #[error("the cluster of context `{context}` did not answer within {after:?} ({what})")]
    Timeout {
        /// The context whose cluster it is.
        context: String,
        /// What was asked.
        what: String,
        /// How long we waited.
        after: Duration,
    },
    /// The API server is too busy, still after a few tries.
    #[error("the cluster of context `{context}` is too busy ({what}): try again later")]
    Busy {
        /// The context whose cluster it is.
        context: String,
        /// What was asked.
        what: String,
    },
    /// Our credentials are not valid any more.
    #[error("the cluster of context `{context}` does not accept our credentials (expired?): renew them")]
    Unauthorized {
        /// The context whose cluster it is.
        context: String,
    },
    /// We lack a right.
    #[error("not allowed to {verb} {resource}{}: `{command}` prints the rights that are needed", in_namespace(.namespace.as_ref()))]
    Forbidden {
        /// The verb that was refused (`patch`).
        verb: String,
        /// The resource, with its group (`deployments.apps`).
        resource: String,
        /// Where.
        namespace: Option<String>,
        /// What prints the rights that are needed.
        command: String,
    },
    /// A policy of the cluster (admission) does not want the object.
    #[error("the cluster's admission refused {object}: {message}")]
    Denied {
        /// Which object.
        object: Box<ObjectKey>,
        /// What the policy said.
        message: String,
    },
    /// The namespace's quota is used up.
    #[error("quota refused {object}: {message}")]
    Quota {
        /// Which object.
        object: Box<ObjectKey>,
        /// Which limit, as the cluster says it.
        message: String,
    },
    /// The object is wrong, or a field that can't change was changed.
    #[error("the cluster finds {object} invalid: {message}")]
    Invalid {
        /// Which object.
        object: Box<ObjectKey>,
        /// Which fields and why; values are left out.
        message: String,
    },
    /// Somebody else wrote in between.
    #[error("{object} was changed by somebody else in the meantime")]
    Conflict {
        /// Which object.
        object: Box<ObjectKey>,
    },
    /// There is no such object.
    #[error("{object} does not exist")]
    NotFound {
        /// Which object.
        object: Box<ObjectKey>,
    },
    /// The namespace is missing, and nobody asked us to make it.
    #[error("namespace {namespace} does not exist: create it or set createNamespace")]
    NamespaceMissing {
        /// Which namespace.
        namespace: String,
    },
    /// The cluster does not know the kind (a CRD that is not there).
    #[error("the cluster knows no kind `{kind}` in `{api_version}`: is its CRD installed?")]
    UnknownKind {
        /// Group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// The object belongs to somebody else.
    #[error("{object} is not ours: {why}")]
    NotOurs {
        /// Which object.
        object: Box<ObjectKey>,
        /// Whose it is, and what to do.
        why: String,
    },
    /// What we asked to continue from is too old; a fresh list is needed.
    #[error("the cluster no longer keeps that resource version ({what})")]
    Gone {
        /// What was asked.
        what: String,
    },
    /// An inventory is there and can't be read. Never the same as an empty one.
    #[error("cannot read the inventory {name}: {why}")]
    Inventory {
        /// The ConfigMap's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An answer that none of the others covers.
    #[error("unexpected answer {code} from the cluster of context `{context}` ({what}): {message}")]
    Unexpected {
        /// The context whose cluster it is.
        context: String,
        /// What was asked.
        what: String,
        /// The HTTP status.
        code: u16,
        /// What it said, values left out.
        message: String,
    },
}

impl ClusterError {
    /// Whether waiting may help without anybody doing anything: keep what is in flight and try again.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Busy { .. } | Self::Gone { .. } => true,
            Self::Unexpected { code, .. } => *code >= 500,
            _ => false,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

fn in_namespace(namespace: Option<&String>) -> String {
    namespace.map(|n| format!(" in namespace {n}")).unwrap_or_default()
}
