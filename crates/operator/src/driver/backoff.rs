//! How long is waited after an error: ever longer, never for ever.

use std::time::Duration;

use cluster::jittered;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(2);

/// The pauses between tries.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It went well.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed once more: how long to wait, with up to a fifth more so that many don't come back at once.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        jittered(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_longer_up_to_two_minutes_and_a_success_begins_anew() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.next()).collect();
        assert!(pauses[0] < Duration::from_millis(700) && pauses[4] >= Duration::from_secs(8), "{pauses:?}");
        assert!(pauses[19] >= Duration::from_mins(2) && pauses[19] < Duration::from_mins(3), "{pauses:?}");
        backoff.reset();
        assert!(backoff.next() < Duration::from_secs(1));
    }
}
