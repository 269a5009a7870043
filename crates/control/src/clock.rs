//! The one place that reads a clock. Everything below takes `now` as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// Where `now` comes from: the system, or a test that steps it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    stepped: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is stepped.
    pub fn stepped(start: Timestamp) -> Self {
        Self { stepped: Some(Arc::new(AtomicI64::new(start.0))) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.stepped {
            Some(at) => Timestamp(at.load(Ordering::SeqCst)),
            None => system_now(),
        }
    }

    /// Moves a stepped clock; the system's clock is not moved.
    pub fn step(&self, by: Duration) {
        if let Some(at) = &self.stepped {
            at.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
