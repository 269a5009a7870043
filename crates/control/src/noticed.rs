//! What the loops noticed and others want to know, kept in memory only: after a restart it is noticed again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use model::InstanceId;

/// What is wrong with the config repo's remote, as it was last asked.
#[derive(Default)]
pub(crate) struct GitTrouble(Mutex<Option<String>>);

impl GitTrouble {
    /// Notes what is wrong now. True when that is news.
    pub(crate) fn replace(&self, trouble: Option<String>) -> bool {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *before != trouble;
        *before = trouble;
        news
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A set of instances.
#[derive(Default)]
pub(crate) struct Instances(Mutex<BTreeSet<InstanceId>>);

impl Instances {
    /// Whether it is one of them from now on.
    pub(crate) fn note(&self, id: &InstanceId, is_one: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_one {
            all.insert(id.clone());
        } else {
            all.remove(id);
        }
    }

    pub(crate) fn all(&self) -> BTreeSet<InstanceId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
