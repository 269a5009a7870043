//! How long to wait before the next try: doubling from half a second to a minute, with jitter.

use std::time::Duration;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 60_000;

/// The pause before try number `attempts` + 1. Spread over its upper half, so that many that failed together do not come
/// back together.
pub(crate) fn backoff(attempts: u32) -> Duration {
    let full = FIRST_MS.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_MS);
    Duration::from_millis(full / 2 + random_below(full / 2))
}

fn random_below(limit: u64) -> u64 {
    let mut bytes = [0_u8; 8];
    // Without random numbers there is no jitter, and nothing else is lost.
    if getrandom::fill(&mut bytes).is_err() || limit == 0 {
        return 0;
    }
    u64::from_le_bytes(bytes) % limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        for attempts in 0..100 {
            let pause = backoff(attempts);
            assert!(pause >= Duration::from_millis(FIRST_MS / 2) && pause <= Duration::from_millis(LONGEST_MS));
        }
        assert!(backoff(20) > backoff(1));
    }
}
