//! Plain Kubernetes objects: how they are written and named, whatever of our kinds they are made for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{MADE_BY, MADE_LABEL};
use secrets::Secret;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;
use crate::resource::Metadata;

/// What a StatefulSet's name may have, so that the label of its revision fits; others may have more.
pub(crate) const LONGEST_OF_STATEFUL_SET: usize = 52;

/// The same without what is null: a field that says nothing is not owned.
pub(crate) fn said(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, said(value)));
            Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
        }
        Value::Array(items) => items.into_iter().map(said).collect(),
        other => other,
    }
}

pub(crate) fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn uid_of(object: &Value) -> &str {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default()
}

/// Whether it is on its way out.
pub(crate) fn is_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// What a live object says of itself under this name.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|one| one["type"] == kind)
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Puts a field in where there is something to say.
pub(crate) fn put(fields: &mut Value, key: &str, value: impl Into<Value>) {
    let value = value.into();
    if !says_nothing(&value)
        && let Some(fields) = fields.as_object_mut()
    {
        fields.insert(key.to_owned(), value);
    }
}

/// A type of ours as a value. Ours have texts for keys and no numbers that JSON lacks, so that none can fail.
pub(crate) fn value_of(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// `begin-end`. A name that gets too long is cut in its first part, and bears a hash of the whole so that no two are the same.
pub(crate) fn joined(begin: &str, end: &str, longest: usize) -> String {
    let whole = format!("{begin}-{end}");
    if whole.len() <= longest {
        return whole;
    }
    let hash = hex(&Sha256::digest(begin.as_bytes()), 6);
    let room = longest.saturating_sub(end.len() + hash.len() + 2);
    let cut: String = begin.chars().take(room).collect();
    format!("{}-{hash}-{end}", cut.trim_end_matches('-'))
}

/// Keys and values of a Secret. What is no base64 is passed over: the API server would refuse it.
pub(crate) fn secret_data(secret: &Value) -> BTreeMap<String, Vec<u8>> {
    let data = secret["data"].as_object().into_iter().flatten();
    data.filter_map(|(key, value)| Some((key.clone(), STANDARD.decode(value.as_str()?).ok()?))).collect()
}

/// The password that a Secret holds; what can't be one is made anew.
pub(crate) fn password_in(secret: &Value) -> Option<Secret<String>> {
    let text = String::from_utf8(secret_data(secret).remove("password")?).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| Secret::new(text))
}

/// The Secret that tells Apps of a server: parts by name.
pub(crate) fn connection_secret<'a>(
    of: &Metadata,
    namespace: &str,
    name: &str,
    parts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Value {
    let packed = parts.into_iter().map(|(key, text)| (key.to_owned(), json!(STANDARD.encode(text))));
    let data: Map<String, Value> = packed.collect();
    let labels = json!({MADE_LABEL: MADE_BY, "app.kubernetes.io/name": of.name});
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace, "labels": labels}, "data": data,
    })
}
