//! The time of day, in one place, so that tests can say what time it is.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// What tells the time of day.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Machine,
    /// One that is set by hand.
    Set(Arc<Mutex<Timestamp>>),
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Machine => Timestamp::now(),
            Self::Set(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// A time as statuses have it, to the second.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
