//! Signing in, and what acting calls carry.

use serde::{Deserialize, Serialize};

/// What an acting call may carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ActWire {
    /// Which instance, for what is no pin's.
    #[serde(default)]
    pub instance: String,
    /// Why; people are told.
    #[serde(default)]
    pub reason: String,
    /// The ask that is answered, as `shown` named it; without it the one that there is.
    #[serde(default)]
    pub shown: String,
    /// One object of the instance, as `Kind/name`.
    #[serde(default)]
    pub object: String,
    /// Whether what is written to git goes to a branch of its own.
    #[serde(default)]
    pub branch: bool,
    /// The number of one of several.
    #[serde(default)]
    pub at: Option<u64>,
    /// The number of a saved plan.
    #[serde(default)]
    pub plan: Option<u64>,
}

/// A commit that somebody accepts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommitIdWire {
    pub commit: String,
}

/// A one-time link, traded for a token.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkWire {
    pub link: String,
}

/// A session.
#[derive(Debug, Serialize)]
pub(crate) struct SessionWire {
    pub person: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
