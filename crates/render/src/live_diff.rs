//! The live diff: fields that we declare and that are otherwise in the cluster. What others added is not in it: who
//! owns which field is known from managedFields, and that is the cluster's part.

use secrets::MaskKey;
use serde_json::{Map, Value};

use crate::diff::{FieldChange, shown, step};
use crate::quantity;

/// The declared fields that differ; `from` is what we declare, `to` what is live. Secret values are masks.
pub fn live_diff(desired: &Value, live: &Value, key: &MaskKey) -> Vec<FieldChange> {
    let (desired, live) = (secrets::mask_object(desired, key), secrets::mask_object(live, key));
    let mut found = Vec::new();
    if let (Value::Object(desired), Value::Object(live)) = (&desired, &live) {
        // The version that it is served in is the reader's choice.
        for (field, value) in desired.iter().filter(|(field, _)| !matches!(field.as_str(), "apiVersion" | "kind")) {
            compare(&step("", field), value, live.get(field), &mut found);
        }
    }
    found
}

/// By what the items of lists are told apart, as in the merge keys of Kubernetes.
const MERGE_KEYS: &[&str] =
    &["name", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "key", "type"];

fn compare(path: &str, desired: &Value, live: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (desired, live) {
        (desired, None) if is_nothing(desired) => {}
        (desired, Some(live)) if same(path, desired, live) => {}
        (Value::Object(desired), Some(Value::Object(live))) => {
            for (field, value) in desired {
                compare(&step(path, field), value, live.get(field), found);
            }
        }
        (Value::Array(desired), Some(Value::Array(live))) => lists(path, desired, live, found),
        (desired, live) => {
            found.push(FieldChange { path: path.to_owned(), from: Some(shown(desired)), to: live.map(shown) });
        }
    }
}

fn lists(path: &str, desired: &[Value], live: &[Value], found: &mut Vec<FieldChange>) {
    if let Some(merge_key) = MERGE_KEYS.iter().find(|key| tells_apart(key, desired) && tells_apart(key, live)) {
        for item in desired {
            let twin = live.iter().find(|other| other.get(merge_key) == item.get(merge_key));
            let called = item.get(merge_key).map(shown).unwrap_or_default();
            compare(&format!("{path}[{called}]"), item, twin, found);
        }
    } else if desired.len() == live.len() {
        for (index, (item, twin)) in desired.iter().zip(live).enumerate() {
            compare(&format!("{path}[{index}]"), item, Some(twin), found);
        }
    } else {
        let all = |items: &[Value]| Some(Value::Array(items.to_vec()).to_string());
        found.push(FieldChange { path: path.to_owned(), from: all(desired), to: all(live) });
    }
}

fn tells_apart(key: &str, items: &[Value]) -> bool {
    let mut values: Vec<String> = Vec::with_capacity(items.len());
    for item in items {
        match item.get(key) {
            Some(value @ (Value::String(_) | Value::Number(_))) => values.push(value.to_string()),
            _ => return false,
        }
    }
    values.sort_unstable();
    values.windows(2).all(|pair| pair[0] != pair[1])
}

/// What the API server leaves out when it writes an object: nothing, none of something, the zero of a type.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(true) => false,
    }
}

fn same(path: &str, desired: &Value, live: &Value) -> bool {
    let text = |value: &Value| matches!(value, Value::String(_) | Value::Number(_)).then(|| shown(value));
    if desired == live || (desired.is_null() && is_nothing(live)) {
        return true;
    }
    match (text(desired), text(live)) {
        (Some(desired), Some(live)) => holds_amounts(path) && (desired == live || quantity::same(&desired, &live)),
        _ => matches!((desired, live), (Value::Object(a), Value::Object(b)) if both_empty(a, b)),
    }
}

fn both_empty(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.is_empty() && b.is_empty()
}

/// Whether a field is an amount, which the API server rewrites in its own way.
fn holds_amounts(path: &str) -> bool {
    [".resources.", ".requests.", ".limits.", ".hard.", ".capacity.", ".sizeLimit", ".divisor"]
        .iter()
        .any(|part| path.contains(part))
}

#[cfg(test)]
mod tests;
