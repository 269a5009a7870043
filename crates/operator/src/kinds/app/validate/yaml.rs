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

/// JSON in which no reader of YAML finds what it refuses or takes for something else, keys in order.
pub(super) fn json(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Number(number) => written_number(&number.to_string()),
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let fields = fields.into_iter().map(|(key, value)| format!("{}: {}", quoted(key), json(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted
}

/// Readers of YAML 1.1 take `1e-5` for a text, and `1.0e-5` for a number.
fn written_number(number: &str) -> String {
    let Some((digits, exponent)) = number.split_once('e') else { return number.to_owned() };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// Words that readers of YAML 1.1 take for something else than a text.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn written_key(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&key.to_ascii_lowercase().as_str());
    if plain { key.to_owned() } else { json(&Value::from(key)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let one = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(json!("yes")),
            Just(json!("012")),
        ];
        one.prop_recursive(4, 32, 5, |below| {
            prop_oneof![
                prop::collection::vec(below.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,20}", below, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(fields in prop::collection::btree_map("[a-zA-Z_.:# \"'é-]{0,12}", any_value(), 0..6)) {
            let mapping: Map<String, Value> = fields.into_iter().collect();
            prop_assert_eq!(read_mapping(write(&mapping).as_bytes()), Ok(mapping));
        }

        #[test]
        fn whatever_a_secret_holds_there_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Err(why) = read_mapping(&bytes) {
                prop_assert!(why.starts_with("is "));
            }
        }
    }

    #[test]
    fn small_numbers_stay_numbers_for_readers_of_yaml_1_1() {
        let written = |number: &str| json(&serde_json::from_str(number).unwrap());
        assert_eq!(written("0.00000001"), "1.0e-8");
        assert_eq!(written("1.5e300"), "1.5e+300");
        assert_eq!(written("[0.5, 12]"), "[0.5, 12]");
    }
}
