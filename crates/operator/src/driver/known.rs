//! What was seen to be there once, and is not asked for again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names of one kind outside of namespaces.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeSet<String>>);

impl Known {
    /// Whether it was seen.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// It is seen.
    pub(crate) fn is_there(&self, name: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }
}
