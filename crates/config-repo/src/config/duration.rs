//! Durations as people write them: `10s`, `5m`, `1h30m`.

use std::time::Duration;

/// Longer than this is surely a slip of the hand.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Reads `10s`, `5m`, `24h`, `2d`, `500ms` and their sequences (`1h30m`); nothing longer than 30 days.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut milliseconds: u64 = 0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        let unit = tail.split_at_checked(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()))?;
        let factor = match unit.0 {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 3600 * 1000,
            "d" => 24 * 3600 * 1000,
            _ => return None,
        };
        milliseconds = milliseconds.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = unit.1;
    }
    let duration = Duration::from_millis(milliseconds);
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
        assert_eq!(parse("1s500ms"), Some(Duration::from_millis(1500)));
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
