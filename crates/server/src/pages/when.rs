//! Points in time as people read them: relative for a week, absolute for whoever hovers, focuses or reads by machine.

use std::fmt;

use model::Timestamp;

/// A point in time, seen from now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    at: Timestamp,
    now: Timestamp,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl When {
    /// It, seen from now.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// `12 min ago`, `in 3 h`, or the date when it is more than a week away.
    pub(crate) fn words(self) -> String {
        let seconds = self.now.seconds() - self.at.seconds();
        let away = match seconds.abs() {
            0..5 => return "just now".to_owned(),
            away @ 5..MINUTE => format!("{away} s"),
            away @ MINUTE..HOUR => format!("{} min", away / MINUTE),
            away @ HOUR..DAY => format!("{} h", away / HOUR),
            away if away < 2 * DAY => "1 day".to_owned(),
            away if away < 7 * DAY => format!("{} days", away / DAY),
            _ => return self.full(),
        };
        if seconds > 0 { format!("{away} ago") } else { format!("in {away}") }
    }

    /// `2026-11-21 14:02:05 UTC`.
    pub(crate) fn full(self) -> String {
        self.at.to_string().replacen('T', " ", 1).replacen('Z', " UTC", 1)
    }
}

impl fmt::Display for When {
    /// As markup, without any text of others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time datetime="{}" title="{}">{}</time>"#, self.at, self.full(), self.words())
    }
}

impl askama::filters::HtmlSafe for When {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_now() {
        let now = Timestamp(1_795_000_000_000);
        let table = [
            (0, "just now"),
            (42, "42 s ago"),
            (12 * 60 + 59, "12 min ago"),
            (3 * HOUR, "3 h ago"),
            (30 * HOUR, "1 day ago"),
            (3 * DAY, "3 days ago"),
            (-2 * HOUR, "in 2 h"),
            (8 * DAY, "2026-11-10 11:06:40 UTC"),
        ];
        for (ago, words) in table {
            assert_eq!(When::new(Timestamp(now.0 - ago * 1000), now).words(), words);
        }
    }
}
