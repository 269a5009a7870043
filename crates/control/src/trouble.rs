//! Why an effect was not performed, by what follows from it.

use std::fmt;

use cluster::ClusterError;
use config_repo::MirrorError;
use model::FailureReport;
use store::StoreError;

use crate::Injected;

/// Why an effect was not performed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The other side can't do it now. It is tried again; nothing is lost.
    Wait(String),
    /// It can't be done as it is. Where nothing was touched the pin is refused, else the candidate is dropped, and what
    /// was proven already waits for a person.
    Impossible(String),
    /// It does not work, and this is the evidence.
    Failed(Box<FailureReport>),
    /// The world changed meanwhile: look again.
    LookAgain,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(why) | Self::Impossible(why) => f.write_str(why),
            Self::Failed(report) => f.write_str(&report.sentence),
            Self::LookAgain => f.write_str("something else came first"),
        }
    }
}

impl From<Injected> for Trouble {
    fn from(injected: Injected) -> Self {
        Self::Wait(injected.to_string())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } | StoreError::Illegal(_) => Self::LookAgain,
            error => Self::Wait(format!("the database did not take it: {error}")),
        }
    }
}

impl From<MirrorError> for Trouble {
    fn from(error: MirrorError) -> Self {
        Self::Wait(error.to_string())
    }
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        match error {
            // What is wrong with the objects stays wrong until somebody changes them, or the cluster's rules.
            ClusterError::Denied { .. }
            | ClusterError::Quota { .. }
            | ClusterError::Invalid { .. }
            | ClusterError::NamespaceMissing { .. }
            | ClusterError::UnknownKind { .. }
            | ClusterError::NotOurs { .. } => Self::Impossible(error.to_string()),
            // A missing right, expired credentials and an API server that is away pass, or are mended outside.
            error => Self::Wait(error.to_string()),
        }
    }
}
