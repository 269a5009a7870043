//! Timestamps as YAML writes them, and as SOPS hashes them: RFC 3339 without closing zeros.

/// The text of RFC 3339 for a timestamp of YAML: a date, or a date with a time and perhaps a zone.
pub(super) fn parse(text: &str) -> Option<String> {
    let (year, rest) = number(text, 4, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(date + "T00:00:00Z");
    }
    let zoned = rest.starts_with(['T', 't']);
    let (hour, rest) = number(rest.strip_prefix(['T', 't', ' '])?, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 1, 2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 1, 2)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, rest) = rest.split_at(end);
            if digits.is_empty() || digits.len() > 9 {
                return None;
            }
            (digits.trim_end_matches('0'), rest)
        }
        None => ("", rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let zone = if zoned { zone(rest)? } else { rest.is_empty().then(|| "Z".to_owned())? };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"))
}

fn zone(text: &str) -> Option<String> {
    if text == "Z" {
        return Some(text.to_owned());
    }
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let two = |part: &str, most: u32| number(part, 2, 2).is_some_and(|(value, rest)| rest.is_empty() && value <= most);
    let utc = hours == "00" && minutes == "00";
    (two(hours, 23) && two(minutes, 59)).then(|| if utc { "Z".to_owned() } else { text.to_owned() })
}

fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end)?;
    (end >= least).then_some((digits.parse().ok()?, rest))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_hashed_as_sops_does() {
        for (from, to) in [
            ("2001-12-14", Some("2001-12-14T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-14 21:59:43.100", Some("2001-12-14T21:59:43.1Z")),
            ("2001-12-15T02:59:43Z", Some("2001-12-15T02:59:43Z")),
            ("2001-12-15T02:59:43+00:00", Some("2001-12-15T02:59:43Z")),
            ("2001-02-29", None),
            ("2001-13-01", None),
            ("1-2-3", None),
            ("2001-12-14T1:2", None),
            ("20011-12-14", None),
            ("2001-12-14x", None),
        ] {
            assert_eq!(parse(from).as_deref(), to, "{from}");
        }
    }
}
