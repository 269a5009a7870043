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
