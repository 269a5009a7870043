//! What a database keeps of the builds that were announced.

use store::{BuildState, Store, StoreError};

/// Announced builds, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Builds {
    /// How many rows there are.
    pub rows: usize,
    /// How many of them still wait for the registry.
    pub waiting: usize,
}

impl Builds {
    /// Counts them.
    pub async fn count(store: &Store) -> Result<Self, StoreError> {
        let (mut counted, mut before) = (Self::default(), None);
        loop {
            let page = store.builds(None, before, 1000).await?;
            let Some(last) = page.last() else { return Ok(counted) };
            before = Some(last.id);
            counted.rows += page.len();
            counted.waiting += page.iter().filter(|row| matches!(row.state, BuildState::Received { .. })).count();
        }
    }
}
