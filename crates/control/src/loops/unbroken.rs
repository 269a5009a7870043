//! A defect of ours in the work on one instance is not the end of that work, nor of any other: what panics is begun anew. It
//! re-reads the facts, as after a restart.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures::FutureExt as _;

use crate::Control;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// What goes on for so long is well again.
const WELL_AFTER: Duration = Duration::from_mins(2);

/// Runs what `begin` gives until it ends by itself. `what` names it for people: `the work on shop/prod`.
pub(super) async fn unbroken<F>(control: &Control, what: &str, begin: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let mut running = pin!(AssertUnwindSafe(begin()).catch_unwind());
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = tokio::time::sleep(WELL_AFTER) => {
                control.inner.broken.is_well(what);
                pause = FIRST_PAUSE;
                running.await
            }
        };
        if ended.is_ok() {
            return;
        }
        // Where it was is on standard error already.
        tracing::error!(what, again_in = ?pause, "it broke inside Pinnace and is begun again");
        control.inner.broken.note(what);
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
