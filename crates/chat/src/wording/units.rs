//! Times and lengths of time, as people read them.

use std::time::Duration;

use model::Timestamp;

/// `14:02 UTC`.
pub fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(11..16) {
        Some(minutes) if text.ends_with('Z') => format!("{minutes} UTC"),
        _ => text,
    }
}

/// `14:02 UTC`, with the date where that is another day than `near`, which the reader has before them.
pub fn clock_near(at: Timestamp, near: Timestamp) -> String {
    let day = |at: Timestamp| at.to_string().get(..10).map(str::to_owned);
    match day(at) {
        Some(date) if Some(&date) != day(near).as_ref() => format!("{date} {}", clock(at)),
        _ => clock(at),
    }
}

/// `3 m 12 s`, `2 h 5 m`, `6 days`: the two largest parts.
pub fn length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}
