//! The ways in which a value is commonly written down.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::text::in_address;

/// Logs cut values of several lines apart; lines of this length are taken out by themselves.
const LONG_LINE: usize = 16;
/// What base64 leaves of a value in the middle of something else is taken out from this length on: shorter ones might be
/// ordinary words.
const LONG_PART: usize = 12;

/// All of them, the value itself first.
pub(super) fn of(value: &str) -> Vec<String> {
    let lines = value.lines().map(str::trim).filter(|line| *line != value && line.chars().count() >= LONG_LINE);
    let mut forms = of_text(value);
    forms.extend(lines.map(str::to_owned));
    forms
}

fn of_text(value: &str) -> Vec<String> {
    let escaped: String = value.escape_default().collect();
    let json = serde_json::Value::String(value.to_owned()).to_string();
    let json = json[1..json.len() - 1].to_owned();
    // As Go writes JSON, and so Kubernetes and Helm.
    let of_go = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let mut forms = vec![value.to_owned(), json, of_go, escaped, in_address(value), form_encoded(value)];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        forms.push(engine.encode(value));
    }
    // `echo secret | base64` encodes the line end too.
    forms.push(STANDARD.encode(format!("{value}\n")));
    forms.extend(
        (0..3)
            .flat_map(|before| [part(&STANDARD_NO_PAD, value, before), part(&URL_SAFE_NO_PAD, value, before)])
            .flatten(),
    );
    forms
}

/// What is always there of a value that stands in the middle of what is encoded, as a password does in `user:password`; so
/// many bytes, above a multiple of three, stand before it.
fn part(engine: &base64::engine::GeneralPurpose, value: &str, before: usize) -> Option<String> {
    let bytes = [&b"\0\0\0"[..before], value.as_bytes()].concat();
    let whole = bytes.len() / 3 * 3;
    let encoded = engine.encode(bytes.get(..whole)?);
    let begin = if before == 0 { 0 } else { 4 };
    encoded.get(begin..).filter(|part| part.len() >= LONG_PART).map(str::to_owned)
}

/// As forms of the web are sent.
fn form_encoded(value: &str) -> String {
    in_address(value).replace("%20", "+").replace('~', "%7E").replace("%2A", "*")
}
