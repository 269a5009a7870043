//! A full disk, or a database that is locked: every loop waits here, so that nothing is done outside that can't be written down.

use std::time::Duration;

use crate::Control;

/// Between two tries.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// After the database could not be used: comes back when it takes writes again, so that nothing is done outside meanwhile. `who` waits.
pub(super) async fn until_writable(control: &Control, who: &str) {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match control.inner.store.healthy().await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "{who}: nothing goes on until the database takes writes"),
        }
    }
}
