//! Durations as people write them: `10s`, `5m`, `1h30m`.

use std::time::Duration;

/// Longer than this is surely a slip of the hand.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Reads `10s`, `5m`, `24h`, `2d` and their sequences (`1h30m`); nothing longer than 30 days.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let mut tail = tail.chars();
        let unit = match tail.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = tail.as_str();
    }
    let duration = Duration::from_secs(seconds);
    (!text.is_empty() && duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, seconds) in [("10s", 10), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in
            ["", "10", "s", "-1s", "1.5h", "5 m", "5min", "31d", "99999999999999999999s", "1é", "999999999999999d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
