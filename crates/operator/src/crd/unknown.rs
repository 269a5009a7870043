//! Fields of a file that no schema knows. The API server says this by itself; a file that never saw one is looked through here.

use serde_json::{Map, Value};

use super::Kind;

/// The paths of fields that the kind does not have, as in `spec.proceses`.
pub fn unknown_fields(kind: &Kind, object: &Value) -> Vec<String> {
    let crd = super::crd(kind);
    let mut found = Vec::new();
    if let Some(schema) = crd.pointer("/spec/versions/0/schema/openAPIV3Schema") {
        below(schema, object, "", &mut found);
    }
    found
}

fn below(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => object(schema, fields, path, found),
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            for (at, item) in items.iter().enumerate() {
                below(schema, item, &format!("{path}[{at}]"), found);
            }
        }
        _ => {}
    }
}

fn object(schema: &Value, fields: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    if schema.get("x-kubernetes-preserve-unknown-fields").is_some() {
        return;
    }
    let (named, others) = (schema.get("properties"), schema.get("additionalProperties"));
    if named.is_none() && others.is_none() {
        return;
    }
    for (key, value) in fields {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match named.and_then(|named| named.get(key)).or(others) {
            Some(schema) => below(schema, value, &path, found),
            None => found.push(path),
        }
    }
}
