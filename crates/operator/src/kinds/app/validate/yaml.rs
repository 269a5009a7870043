//! The configuration as YAML: read as Kubernetes' tools read it, written so that the same content is the same bytes for ever.

use serde_json::{Map, Value};

/// The largest text that is read: what a Secret may hold.
const LARGEST: usize = 1024 * 1024;

/// Reads a mapping. The error has no text of the input: it is a secret.
pub(super) fn read_mapping(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    if bytes.len() > LARGEST {
        return Err("is larger than a Secret may be".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())?;
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_events: LARGEST, max_nodes: LARGEST, max_depth: 100 },
    };
    let read: Result<Value, _> = serde_saphyr::from_str_with_options(text, options);
    match read {
        Ok(Value::Object(mapping)) => Ok(mapping),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err("is not a YAML mapping".to_owned()),
        Err(error) => {
            let place = error.location().map(|place| format!(" (line {})", place.line())).unwrap_or_default();
            Err(format!("is not YAML{place}"))
        }
    }
}

/// Lays one mapping over another: mappings key by key, everything else as a whole.
pub(super) fn lay_over(below: &mut Map<String, Value>, above: Map<String, Value>) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// Writes a mapping: keys in order, mappings in lines, lists and texts as in JSON. No writer of a library is asked, because another
/// version of it would write otherwise, and every pod would be made anew.
pub(super) fn write(mapping: &Map<String, Value>) -> String {
    if mapping.is_empty() {
        return "{}\n".to_owned();
    }
    let mut text = String::new();
    lines(mapping, 0, &mut text);
    text
}

fn lines(mapping: &Map<String, Value>, indent: usize, text: &mut String) {
    let mut keys: Vec<&String> = mapping.keys().collect();
    keys.sort();
    for key in keys {
        text.push_str(&" ".repeat(indent));
        text.push_str(&written_key(key));
        match &mapping[key] {
            Value::Object(below) if !below.is_empty() => {
                text.push_str(":\n");
                lines(below, indent + 2, text);
            }
            value => {
                text.push_str(": ");
                text.push_str(&json(value));
                text.push('\n');
            }
        }
    }
}

/// JSON in which no reader of YAML finds a character that it refuses, keys in order.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    for c in sorted(value).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Words that readers of YAML 1.1 take for something else than a text.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn written_key(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&key.to_ascii_lowercase().as_str());
    if plain { key.to_owned() } else { json(&Value::from(key)) }
}
