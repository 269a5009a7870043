//! The work on one object, as long as it is there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use cluster::ObjectKey;
use futures::FutureExt as _;

use super::backoff::Backoff;
use super::work::{Next, Work};
use super::{Controller, OperatorError, Shared};

/// Without any change everything is looked at again after so long: a safety net, which asks nothing while nothing is different.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_mins(10);

/// Reconciles an object whenever something about it is different, until it is gone.
pub(super) async fn run(shared: Arc<Shared>, controller: &'static Controller, key: ObjectKey) {
    let mut work = Work::new(Arc::clone(&shared), key.clone());
    let mut backoff = Backoff::default();
    loop {
        let mut changes = shared.watcher.changes_of(&work.listens_to());
        changes.mark_unchanged();
        if !work.look() {
            return;
        }
        let wait = match AssertUnwindSafe(pass(controller, &mut work)).catch_unwind().await {
            Ok(Ok(next)) => {
                backoff.reset();
                work.failures = 0;
                match next {
                    Next::WhenChanged => work.again_in.unwrap_or(LOOKS_AGAIN_AFTER),
                    Next::After(wait) => wait,
                }
            }
            Ok(Err(error)) => {
                let wait = backoff.next();
                work.failures = work.failures.saturating_add(1);
                tracing::warn!(object = %key, %error, again_in = ?wait, "reconcile failed");
                wait
            }
            Err(_) => {
                // Where it was is on standard error already. What was remembered may be half done.
                work = Work::new(Arc::clone(&shared), key.clone());
                let wait = backoff.next();
                tracing::error!(object = %key, again_in = ?wait, "reconcile broke inside Pinnace and is begun again");
                tokio::time::sleep(wait).await;
                continue;
            }
        };
        // What it refers to is known only after it was read.
        if work.refers_to_more() {
            continue;
        }
        let _ = tokio::time::timeout(wait, changes.changed()).await;
    }
}

/// One look at the object.
async fn pass(controller: &Controller, work: &mut Work) -> Result<Next, OperatorError> {
    work.again_in = None;
    let result = (controller.reconcile)(work).await;
    if let Err(OperatorError::BadObject(why)) = &result {
        work.say_unreadable(why).await?;
    }
    result
}
