//! The schema that `schemars` makes of a type, in the structural form that the API server asks for.

use serde_json::{Map, Value, json};

/// What says nothing to the API server, or is refused by it.
const LEFT_OUT: [&str; 6] = ["$schema", "title", "format", "examples", "$defs", "unevaluatedProperties"];

/// The schema of a type, before it is structural.
pub(crate) fn of<T: schemars::JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// One `type` at each place, no null, enumerations as such, and texts in paragraphs.
pub(crate) fn structural(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else { return json!({"x-kubernetes-preserve-unknown-fields": true}) };
    for key in LEFT_OUT {
        schema.shift_remove(key);
    }
    if schema.get("x-kubernetes-int-or-string").is_none() {
        without_null(&mut schema);
        enumeration(&mut schema);
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = paragraphs(text);
    }
    // A default that says nothing would be written into every object.
    if schema.get("default").is_some_and(is_empty) {
        schema.shift_remove("default");
    }
    if schema.get("additionalProperties").is_some_and(Value::is_boolean) {
        schema.shift_remove("additionalProperties");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(|property| *property = structural(property.take()));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = schema.get_mut(key) {
            *below = structural(below.take());
        }
    }
    Value::Object(schema)
}

/// The API server drops what is null where null is not asked for: a field that may be left out needs no other form.
fn without_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(forms)) = schema.get_mut("type") {
        forms.retain(|form| form != "null");
        if let [one] = forms.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(mut any)) = schema.shift_remove("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [Value::Object(one)] = any.as_slice() {
            for (key, value) in one {
                schema.entry(key.clone()).or_insert_with(|| value.clone());
            }
        } else {
            schema.insert("anyOf".to_owned(), Value::Array(any));
        }
    }
}

/// Variants that bear a text each become one enumeration, their texts lines of its description.
fn enumeration(schema: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = schema.shift_remove("oneOf") else { return };
    let mut values = Vec::new();
    let mut text = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for variant in &variants {
        values.extend(variant.get("const").cloned());
        values.extend(variant.get("enum").and_then(Value::as_array).into_iter().flatten().cloned());
        if let (Some(value), Some(told)) = (variant["const"].as_str(), variant["description"].as_str()) {
            text.push_str(&format!("\n\n`{value}`: {told}"));
        }
    }
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("description".to_owned(), json!(text));
    schema.insert("enum".to_owned(), Value::Array(values));
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

/// Lines that stand together in the source are one paragraph.
fn paragraphs(text: &str) -> String {
    let joined = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    joined.collect::<Vec<_>>().join("\n\n")
}
