//! Templates that would give something else each time, or ask a cluster that is not asked.

use super::{Found, Scene};

/// What gives something else each time.
const RANDOM: [&str; 16] = [
    "randAlphaNum",
    "randAlpha",
    "randNumeric",
    "randAscii",
    "randBytes",
    "randInt",
    "uuidv4",
    "shuffle",
    "genPrivateKey",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "htpasswd",
    "bcrypt",
];
const TIME: [&str; 2] = ["now", "ago"];
const ASKING: [&str; 2] = ["lookup", "getHostByName"];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let templates = scene.files.iter().filter(|(path, _)| is_template(path));
    templates.flat_map(|(path, bytes)| of(path, bytes)).collect()
}

fn is_template(path: &str) -> bool {
    let in_chart = path.starts_with("templates/") || path.contains("/templates/");
    in_chart && !path.contains("/templates/tests/") && [".yaml", ".yml", ".tpl"].iter().any(|end| path.ends_with(end))
}

fn of(path: &str, bytes: &[u8]) -> Vec<Found> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = u64::try_from(index + 1).unwrap_or(0);
        for word in actions(line).flat_map(words) {
            let (why, help) = if RANDOM.contains(&word) {
                (
                    "gives something else each time, so that no version would be the one that was asked about",
                    "take the value from a Secret that is there, or from the values; it is refused when it is rendered",
                )
            } else if TIME.contains(&word) {
                (
                    "tells the time of the render, so that each render is another version",
                    "leave it out; it is refused when it is rendered",
                )
            } else if ASKING.contains(&word) {
                (
                    "finds nothing: no cluster and no network is asked when it is rendered",
                    "give the value in the values",
                )
            } else {
                continue;
            };
            found.push(Found::at(path, number, format!("`{word}` {why}"), help));
        }
    }
    found
}

/// What stands between `{{` and `}}` on a line, without texts in quotes and comments.
fn actions(line: &str) -> impl Iterator<Item = &str> {
    line.split("{{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap_or(rest))
        .filter(|action| !action.trim_start_matches('-').trim_start().starts_with("/*"))
}

/// The words that may be functions: not `.now`, not `$now`, and not in quotes.
fn words(action: &str) -> Vec<&str> {
    let outside = action.split('"').step_by(2);
    let word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$'));
    outside.flat_map(|part| part.split(word)).filter(|word| !word.is_empty()).collect()
}
