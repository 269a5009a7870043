//! Why a reconcile did not get to its end.

use cluster::ClusterError;

use crate::postgres::PostgresError;
use crate::rabbit::RabbitError;
use crate::rds::RdsError;
use crate::redis_server::RedisError;
use crate::resource::BadObject;

/// Why a reconcile did not get to its end. It is tried again, ever more slowly.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The API server did not do what was asked.
    #[error(transparent)]
    Cluster(ClusterError),
    /// A namespace is missing.
    #[error("the namespace {namespace} does not exist: make it")]
    NamespaceMissing {
        /// Which namespace.
        namespace: String,
    },
    /// A server of PostgreSQL did not.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A broker of RabbitMQ did not.
    #[error(transparent)]
    Rabbit(#[from] RabbitError),
    /// A Redis did not answer as it should.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// Amazon RDS did not.
    #[error(transparent)]
    Rds(#[from] RdsError),
    /// An object can't be read.
    #[error(transparent)]
    BadObject(#[from] BadObject),
    /// A Secret that we keep has been damaged.
    #[error("the Secret {namespace}/{name} {why}")]
    DamagedSecret {
        /// Where it is.
        namespace: String,
        /// Which one.
        name: String,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// What we keep in our own namespace has been damaged.
    #[error("the ConfigMap {namespace}/{name} {why}")]
    DamagedRecord {
        /// Where it is.
        namespace: String,
        /// Which one.
        name: String,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// A definition in the cluster is older than this operator: what it writes would be refused.
    #[error(
        "the definition of {kind} in the cluster is older than this operator, it lacks {}: apply the definitions of this version \
         (pinnace crds | kubectl apply --server-side -f -)",
        some_of(missing)
    )]
    OldDefinition {
        /// The kind.
        kind: &'static str,
        /// The paths of what it lacks.
        missing: Vec<String>,
    },
    /// No random numbers can be had.
    #[error("no random numbers can be had: {0}")]
    Random(String),
}

impl From<ClusterError> for OperatorError {
    fn from(error: ClusterError) -> Self {
        match error {
            // The words of the other name a setting of instances.
            ClusterError::NamespaceMissing { namespace } => Self::NamespaceMissing { namespace },
            error => Self::Cluster(error),
        }
    }
}

/// Enough to know what is meant.
fn some_of(paths: &[String]) -> String {
    const TOLD: usize = 4;
    let told = paths.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    if paths.len() > TOLD { format!("{told} and {} more", paths.len() - TOLD) } else { told }
}

impl OperatorError {
    /// In one word for programs.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Cluster(ClusterError::Forbidden { .. }) => "Forbidden",
            Self::Cluster(ClusterError::NotOurs { .. })
            | Self::Postgres(PostgresError::NotOurs { .. })
            | Self::Rabbit(RabbitError::NotOurs { .. })
            | Self::Rds(RdsError::NotOurs { .. }) => "NotOurs",
            Self::Cluster(ClusterError::Quota { .. }) | Self::Rds(RdsError::Quota { .. }) => "Quota",
            Self::Rds(RdsError::Throttled { .. }) => "Throttled",
            Self::Postgres(PostgresError::Claimed { .. })
            | Self::Rds(RdsError::Claimed { .. })
            | Self::Rabbit(RabbitError::Claimed { .. } | RabbitError::UserInUse { .. }) => "Claimed",
            Self::Postgres(PostgresError::Login { .. })
            | Self::Rabbit(RabbitError::Login { .. })
            | Self::Redis(RedisError::Login { .. })
            | Self::Rds(RdsError::Login { .. } | RdsError::Setup(_) | RdsError::NoKey { .. }) => "Login",
            Self::Postgres(PostgresError::NoExtension { .. } | PostgresError::ExtensionRefused { .. }) => "NoExtension",
            Self::Postgres(PostgresError::Gone { .. }) => "Gone",
            Self::Postgres(PostgresError::Unreachable { .. } | PostgresError::Slow { .. })
            | Self::Rabbit(RabbitError::Unreachable { .. } | RabbitError::Slow { .. })
            | Self::Redis(RedisError::Unreachable { .. })
            | Self::Rds(RdsError::Unreachable { .. } | RdsError::Busy { .. }) => "Unreachable",
            Self::DamagedSecret { .. } => "DamagedSecret",
            Self::DamagedRecord { .. } => "DamagedRecord",
            _ => "Refused",
        }
    }

    /// The command that helps an operator which can't begin, where one does.
    pub fn remedy(&self, command_for_rights: &str) -> Option<String> {
        match self {
            // They have its own namespace too.
            Self::NamespaceMissing { .. } | Self::Cluster(ClusterError::Forbidden { .. }) => {
                Some(format!("{command_for_rights} | kubectl apply -f -"))
            }
            Self::Cluster(ClusterError::UnknownKind { .. }) => {
                Some("pinnace crds | kubectl apply --server-side -f -".to_owned())
            }
            _ => None,
        }
    }

    /// Whether it is the API server that can't be asked just now.
    pub(crate) fn is_of_api_server(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_transient())
    }

    /// Whether it may be well by itself later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_transient() || matches!(error, ClusterError::Conflict { .. }),
            Self::Postgres(error) => error.is_transient(),
            Self::Rabbit(error) => error.is_transient(),
            Self::Redis(error) => error.is_transient(),
            Self::Rds(error) => error.is_transient(),
            Self::Random(_) => true,
            Self::BadObject(_)
            | Self::NamespaceMissing { .. }
            | Self::DamagedSecret { .. }
            | Self::DamagedRecord { .. }
            | Self::OldDefinition { .. } => false,
        }
    }
}
