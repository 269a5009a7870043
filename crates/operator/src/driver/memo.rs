//! What a lane remembers, so that a pass that finds nothing different asks nothing. All of it may be lost at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use cluster::{Applied, ObjectKey};
use health::Baseline;
use serde_json::Value;

use crate::kinds::postgres_database::Asked;

/// What a lane remembers.
#[derive(Default)]
pub(crate) struct Memo {
    /// What was made, and of what text.
    pub(crate) kept: BTreeMap<ObjectKey, Kept>,
    /// Secrets that were read, at a version; none where there was none.
    pub(crate) secrets: BTreeMap<ObjectKey, (String, Option<Value>)>,
    /// Other objects that it depends on.
    pub(crate) refers_to: BTreeSet<ObjectKey>,
    /// The status that was written last, and the version of the object that came of it.
    pub(crate) status: Option<(String, Value)>,
    /// What a server outside was asked for, and when: it was as it should be then.
    pub(crate) done: Option<(String, Instant)>,
    /// What RDS said of its instance.
    pub(crate) rds: Option<Asked>,
    /// When a server was last told the password that we know.
    pub(crate) started_anew: Option<Instant>,
    /// Whether a database that is made anew is being filled.
    pub(crate) restoring: bool,
    /// The login beside which the one before was ended.
    pub(crate) retired: Option<String>,
    /// The restarts from before what runs now was begun, and what that is.
    pub(crate) baseline: Option<(String, Baseline)>,
}

/// An object that was made.
pub(crate) struct Kept {
    pub(crate) text: [u8; 32],
    pub(crate) applied: Applied,
}
