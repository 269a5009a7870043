//! What the last apply of each instance answered, kept in memory only: after a restart the same is applied again, and says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cluster::{Imprint, ObjectKey};
use health::Baseline;
use model::InstanceId;

/// What is remembered of the last apply of each instance: a snapshot from before it is no evidence.
#[derive(Default)]
pub(crate) struct LastApplied(Mutex<HashMap<InstanceId, AppliedBefore>>);

/// What was applied last, and what was seen since.
#[derive(Clone, Default)]
pub(crate) struct AppliedBefore {
    pub(crate) render_hash: String,
    pub(crate) applied: Vec<cluster::Applied>,
    pub(crate) baseline: Baseline,
    /// How the objects were when they were last seen equal to that render.
    compared: Vec<(ObjectKey, Imprint)>,
}

impl LastApplied {
    pub(crate) fn of(&self, id: &InstanceId) -> AppliedBefore {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    /// Remembers what an apply answered.
    pub(crate) fn remember(&self, id: &InstanceId, render_hash: String, applied: Vec<cluster::Applied>) {
        self.change(id, |before| {
            (before.render_hash, before.applied, before.compared) = (render_hash, applied, Vec::new());
        });
    }

    /// The imprints that the apply of this render left.
    pub(crate) fn imprints(&self, id: &InstanceId, render_hash: &str) -> HashMap<ObjectKey, Imprint> {
        let before = self.of(id);
        let same = before.render_hash == render_hash;
        before.applied.into_iter().filter(|_| same).map(|one| (one.key, one.imprint)).collect()
    }

    /// Remembers how objects were when they were seen equal to this render.
    pub(crate) fn compared(&self, id: &InstanceId, render_hash: &str, seen: Vec<(ObjectKey, Imprint)>) {
        self.change(id, |before| {
            if before.render_hash == render_hash {
                before.compared = seen;
            }
        });
    }

    /// How they were; nothing is known any more of what was before another render.
    pub(crate) fn seen(&self, id: &InstanceId, render_hash: &str) -> Vec<(ObjectKey, Imprint)> {
        let before = self.of(id);
        if before.render_hash == render_hash { before.compared } else { Vec::new() }
    }

    /// It is over: nothing of it is needed any more.
    pub(crate) fn forget(&self, id: &InstanceId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Changes what is remembered.
    pub(crate) fn change(&self, id: &InstanceId, change: impl FnOnce(&mut AppliedBefore)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default());
    }
}
