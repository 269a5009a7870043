//! What was asked for once, and need not be again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names of one kind outside of namespaces.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeSet<String>>);

impl Known {
    /// Whether it need not be asked for.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// It need not be asked for from now on.
    pub(crate) fn settle(&self, name: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }
}
