//! The rules of names, labels and annotations that the API server holds to, checked where the place in the file is
//! still known.

use serde_json::{Map, Value};

use crate::error::Problem;
use crate::object::ObjectKey;

/// Labels and annotations of ours that people may set.
const OURS_TO_SET: &[&str] = &[
    "pinnace.dev/allow-empty",
    "pinnace.dev/check-references",
    "pinnace.dev/ciphertext",
    "pinnace.dev/health-current",
    "pinnace.dev/health-failed",
    "pinnace.dev/health-message",
    "pinnace.dev/lint-ignore",
    "pinnace.dev/needs",
    "pinnace.dev/replace",
];

/// What annotations of one object may come to together.
const LARGEST_ANNOTATIONS: usize = 256 * 1024;

/// Checks an object's name.
pub(crate) fn check_name(key: &ObjectKey) -> Result<(), Problem> {
    let rule = match (key.group.as_str(), key.kind.as_str()) {
        ("rbac.authorization.k8s.io", _) => path_segment(&key.name),
        ("", "Service" | "Namespace") => subdomain(&key.name).or_else(|| label_length(&key.name)),
        _ => subdomain(&key.name),
    };
    match rule {
        None => Ok(()),
        Some(rule) => {
            Err(Problem::BadName { kind: secrets::clip(&key.kind, 60), name: secrets::clip(&key.name, 80), rule })
        }
    }
}

/// Checks an object's labels and annotations.
pub(crate) fn check_metadata(key: &ObjectKey, metadata: &Map<String, Value>) -> Result<(), Problem> {
    for (what, field) in [("label", "labels"), ("annotation", "annotations")] {
        let Some(entries) = entries(key, what, metadata.get(field))? else { continue };
        let mut size = 0;
        for (name, value) in entries {
            let bad = |rule| Problem::BadMetadata {
                object: Box::new(key.clone()),
                what,
                name: secrets::clip(name, 80),
                rule,
            };
            if name.starts_with("pinnace.dev/") && !OURS_TO_SET.contains(&name.as_str()) {
                return Err(Problem::Reserved { object: Box::new(key.clone()), name: secrets::clip(name, 80) });
            }
            if let Some(rule) = qualified(name) {
                return Err(bad(rule));
            }
            let text = value.as_str().ok_or_else(|| bad("its value has to be a text: put quotes around it"))?;
            size += name.len() + text.len();
            if what == "label"
                && let Some(rule) = label_value(text)
            {
                return Err(bad(rule));
            }
            if size > LARGEST_ANNOTATIONS {
                return Err(bad("together they are larger than the 256 KiB that Kubernetes takes"));
            }
        }
    }
    Ok(())
}

fn entries<'a>(
    key: &ObjectKey,
    what: &'static str,
    value: Option<&'a Value>,
) -> Result<Option<&'a Map<String, Value>>, Problem> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(entries)) => Ok(Some(entries)),
        Some(_) => {
            let rule = "they have to be a mapping of names to texts";
            Err(Problem::BadMetadata { object: Box::new(key.clone()), what, name: "*".to_owned(), rule })
        }
    }
}

/// RFC 1123 subdomain; none when it is one.
pub(crate) fn subdomain(name: &str) -> Option<&'static str> {
    const RULE: &str =
        "use lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit, at most 253";
    let part = |part: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && ends(part.chars().next())
            && ends(part.chars().last())
    };
    (name.len() > 253 || !name.split('.').all(part)).then_some(RULE)
}

fn label_length(name: &str) -> Option<&'static str> {
    (name.len() > 63 || name.contains('.')).then_some("use at most 63 lower-case letters, digits and dashes")
}

/// Names of roles may hold almost anything, as in `system:node`.
fn path_segment(name: &str) -> Option<&'static str> {
    let bad = name.is_empty()
        || name.len() > 253
        || matches!(name, "." | "..")
        || name.chars().any(|c| matches!(c, '/' | '%') || c.is_control());
    bad.then_some("it may not be empty, `.` or `..`, nor hold `/`, `%` or control characters")
}

/// `prefix/name`
fn qualified(name: &str) -> Option<&'static str> {
    const RULE: &str =
        "its name has to be up to 63 letters, digits, `-`, `_` and `.`, with a domain and `/` before it at most";
    let (prefix, name) = name.split_once('/').map_or((None, name), |(prefix, name)| (Some(prefix), name));
    let bad =
        name.is_empty() || label_value(name).is_some() || prefix.is_some_and(|prefix| subdomain(prefix).is_some());
    bad.then_some(RULE)
}

fn label_value(text: &str) -> Option<&'static str> {
    const RULE: &str =
        "its value has to be up to 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit";
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let fits = text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && edge(text.chars().next())
        && edge(text.chars().last());
    (!fits).then_some(RULE)
}
