//! Bringing an object into the one form in which it is applied, compared and hashed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What only a live object has. It gets into files by `kubectl get -o yaml`, and the API server would refuse some of
/// it or take it for a condition.
const LIVE_ONLY: &[&str] = &[
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Takes out what only a live object has.
pub(crate) fn strip_live(object: &mut Map<String, Value>) {
    object.remove("status");
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.retain(|field, _| !LIVE_ONLY.contains(&field.as_str()));
    }
}

/// Moves `stringData` of a Secret into `data`, as the API server does. Left as it is, a key removed from it later
/// would stay in the cluster for ever, because nobody owns it there. Gives the field that is not what it has to be,
/// and what that is.
pub(crate) fn secret_data(secret: &mut Map<String, Value>) -> Result<(), (String, &'static str)> {
    let mut data = values(secret, "data")?;
    for (name, value) in &mut data {
        let packed: Option<String> = match value {
            Value::Null => Some(String::new()),
            Value::String(text) => Some(text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect()),
            _ => None,
        };
        // Canonical, so that two ways to write the same value are no change.
        let bytes = packed.and_then(|packed| STANDARD.decode(packed.trim()).ok());
        let bytes =
            bytes.ok_or_else(|| (format!("data.{name}"), "is not base64: put plain text under `stringData`"))?;
        *value = Value::String(STANDARD.encode(bytes));
    }
    for (name, value) in values(secret, "stringData")? {
        let text =
            value.as_str().ok_or_else(|| (format!("stringData.{name}"), "has to be a text: put quotes around it"))?;
        data.insert(name, Value::String(STANDARD.encode(text)));
    }
    if !data.is_empty() {
        secret.insert("data".to_owned(), Value::Object(data));
    }
    Ok(())
}

fn values(secret: &mut Map<String, Value>, field: &str) -> Result<Map<String, Value>, (String, &'static str)> {
    match secret.remove(field) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(values)) => Ok(values),
        Some(_) => Err((field.to_owned(), "has to be a mapping of names to values")),
    }
}

/// The same value with the keys of every mapping in order.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            fields.into_iter().map(|(key, value)| (key, sorted(value))).collect()
        }
        other => other,
    }
}
