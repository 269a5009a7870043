//! The overview, worked out once for everybody who looks at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use control::{Overview, Problem};
use tokio::sync::Mutex;

use crate::app::App;

/// Without any change it is worked out again after this long: parts outside may have broken meanwhile.
const OLDEST: Duration = Duration::from_secs(10);

/// Nobody waits longer than this for the turn of the next look.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The last overview that was worked out.
#[derive(Default)]
pub(crate) struct Glance(Mutex<Option<Last>>);

struct Last {
    changes: (u64, u64),
    at: Instant,
    /// How long it took: with thousands of instances and many changes, at most half of the time goes into this.
    took: Duration,
    overview: Arc<Overview>,
}

impl App {
    /// The overview as of now. A hundred open pages that hear of one change cost one look at the database.
    pub(crate) async fn overview(&self) -> Result<Arc<Overview>, Problem> {
        let mut last = self.glance.0.lock().await;
        if let Some(last) = last.as_ref() {
            if last.changes == self.changes() && last.at.elapsed() < OLDEST {
                return Ok(Arc::clone(&last.overview));
            }
            tokio::time::sleep(last.took.saturating_sub(last.at.elapsed()).min(LONGEST_PAUSE)).await;
        }
        // Counted before looking: what comes in between makes the next one look again.
        let (changes, began) = (self.changes(), Instant::now());
        let overview = Arc::new(self.control.overview().await?);
        *last = Some(Last { changes, at: Instant::now(), took: began.elapsed(), overview: Arc::clone(&overview) });
        Ok(overview)
    }

    fn changes(&self) -> (u64, u64) {
        (*self.control.changes().borrow(), *self.control.store().changes().borrow())
    }
}
