//! Which files differ between two commits, asked once for all instances: a commit costs nothing to those that it does not touch.

use std::collections::VecDeque;
use std::sync::Arc;

use config_repo::{Mirror, MirrorError};
use model::CommitId;
use tokio::sync::Mutex;

use crate::sources::is_below;

/// How many comparisons are kept.
const MOST: usize = 16;

/// The newest comparisons.
#[derive(Default)]
pub(crate) struct Comparisons(Mutex<VecDeque<(CommitId, CommitId, Changed)>>);

/// The paths that differ; none when there are too many to say.
#[derive(Debug, Clone)]
pub(crate) struct Changed(Option<Arc<[String]>>);

impl Comparisons {
    /// What differs between two commits. Whoever asks meanwhile waits, and takes the same answer.
    pub(crate) async fn between(
        &self,
        mirror: &Mirror,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Changed, MirrorError> {
        let mut kept = self.0.lock().await;
        if let Some((.., known)) = kept.iter().find(|(one, other, _)| one == from && other == to) {
            return Ok(known.clone());
        }
        let changed = Changed(mirror.changed_paths(from, to).await?.map(Arc::from));
        kept.push_front((from.clone(), to.clone(), changed.clone()));
        kept.truncate(MOST);
        Ok(changed)
    }
}

impl Changed {
    /// Whether files in these folders are among them; none where that can't be said.
    pub(crate) fn touches(&self, folders: &[String]) -> Option<bool> {
        self.0.as_ref().map(|paths| paths.iter().any(|path| is_below(path, folders)))
    }

    /// Whether this file is among them; none where that can't be said.
    pub(crate) fn holds(&self, file: &str) -> Option<bool> {
        self.0.as_ref().map(|paths| paths.iter().any(|path| path == file))
    }
}
