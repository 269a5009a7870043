//! Servers that did not answer a moment ago. Hundreds of instances may want archives of one that is down: the first finds out,
//! the others are told, and none of them holds up what does not need it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ChartError;

/// How long one that did not answer is left alone.
const REST: Duration = Duration::from_secs(10);

pub(super) struct Down {
    rest: Duration,
    all: Mutex<HashMap<String, (Instant, ChartError)>>,
}

impl Default for Down {
    fn default() -> Self {
        Self { rest: REST, all: Mutex::default() }
    }
}

impl Down {
    /// The error of a moment ago, if there was one.
    pub(super) fn refuse(&self, host: &str) -> Result<(), ChartError> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(host) {
            Some((since, error)) if since.elapsed() < self.rest => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Remembers how it went.
    pub(super) fn note<T>(&self, host: &str, outcome: Result<T, ChartError>) -> Result<T, ChartError> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Err(error) if error.is_silence() => {
                all.retain(|_, (since, _)| since.elapsed() < self.rest);
                all.insert(host.to_owned(), (Instant::now(), error.clone()));
            }
            _ => {
                all.remove(host);
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_not_answer_is_left_alone_for_a_while() {
        let down = Down::default();
        let silent = || ChartError::Unreachable { host: "charts.example".to_owned(), reason: "refused".to_owned() };
        assert!(down.note::<()>("charts.example", Err(silent())).is_err());
        assert_eq!(down.refuse("charts.example"), Err(silent()));
        assert_eq!(down.refuse("other.example"), Ok(()));
        let _ = down.note("charts.example", Ok(()));
        assert_eq!(down.refuse("charts.example"), Ok(()));
        let over = Down { rest: Duration::ZERO, ..Down::default() };
        let _ = over.note::<()>("charts.example", Err(silent()));
        assert_eq!(over.refuse("charts.example"), Ok(()));
    }
}
