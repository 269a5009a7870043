//! One document to one object, or why not.

use serde_json::{Map, Value};

use crate::ciphertext;
use crate::error::{Place, Problem};
use crate::names;
use crate::normalise;
use crate::object::{Object, ObjectKey, is_cluster_scoped};
use crate::rendering::RenderContext;

/// Checks a document and brings it into its one form.
pub(crate) fn object(document: Value, place: Place, context: &RenderContext<'_>) -> Result<Object, Problem> {
    let Value::Object(mut fields) = document else {
        return Err(Problem::NotAnObject { what: name_of(&document) });
    };
    let mut key = key_of(&fields)?;
    names::check_name(&key)?;
    key.namespace = namespace(&key, &fields, context)?;
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else {
        return Err(Problem::Missing { field: "metadata.name" });
    };
    names::check_metadata(&key, metadata)?;
    match &key.namespace {
        Some(namespace) => metadata.insert("namespace".to_owned(), Value::String(namespace.clone())),
        None => metadata.remove("namespace"),
    };
    normalise::strip_live(&mut fields);
    let encrypted =
        |(field, format): (String, &'static str)| Problem::Ciphertext { object: Box::new(key.clone()), field, format };
    let value = Value::Object(fields);
    if let Some(found) = ciphertext::find(&value) {
        return Err(encrypted(found));
    }
    let carrying = ciphertext::may_carry(&value);
    let value = if secrets::is_secret(&value) { secret(value, &key)? } else { value };
    if carrying && !ciphertext::carries(&value) {
        return Err(Problem::NoCiphertext { object: Box::new(key) });
    }
    Ok(Object { key, value: normalise::sorted(value), place, source: 0 })
}

/// Which object a document is about, as far as that can be told.
pub(crate) fn key_of_any(document: &Value, namespace: &str) -> Option<ObjectKey> {
    let mut key = key_of(document.as_object()?).ok()?;
    key.namespace = (!is_cluster_scoped(&key.group, &key.kind)).then(|| namespace.to_owned());
    Some(key)
}

fn secret(value: Value, key: &ObjectKey) -> Result<Value, Problem> {
    let Value::Object(mut fields) = value else { return Ok(value) };
    normalise::secret_data(&mut fields).map_err(|(field, rule)| Problem::BadSecret {
        object: Box::new(key.clone()),
        field,
        rule,
    })?;
    let value = Value::Object(fields);
    if ciphertext::may_carry(&value) {
        return Ok(value);
    }
    // Ciphertext hides in base64 too.
    for (name, packed) in value.get("data").and_then(Value::as_object).into_iter().flatten() {
        if let Some(format) = packed.as_str().and_then(ciphertext::format_within) {
            return Err(Problem::Ciphertext { object: Box::new(key.clone()), field: format!("data.{name}"), format });
        }
    }
    Ok(value)
}

fn key_of(fields: &Map<String, Value>) -> Result<ObjectKey, Problem> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let api_version = text(fields.get("apiVersion")).ok_or(Problem::Missing { field: "apiVersion" })?;
    let kind = text(fields.get("kind")).ok_or(Problem::Missing { field: "kind" })?;
    let metadata = fields.get("metadata").and_then(Value::as_object);
    let name = match metadata {
        Some(metadata) if metadata.get("name").is_none() && metadata.contains_key("generateName") => {
            return Err(Problem::GeneratedName);
        }
        Some(metadata) => text(metadata.get("name")),
        None => None,
    };
    let name = name.ok_or(Problem::Missing { field: "metadata.name" })?;
    if !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
        let rule = "a kind is made of letters and digits";
        return Err(Problem::BadName { kind: "kind".to_owned(), name: secrets::clip(&kind, 60), rule });
    }
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
    if names::subdomain(version).is_some() || (api_version.contains('/') && names::subdomain(group).is_some()) {
        let rule = "an apiVersion is `v1`, or a group, `/` and a version, as in `apps/v1`";
        return Err(Problem::BadName { kind: "apiVersion".to_owned(), name: secrets::clip(&api_version, 80), rule });
    }
    Ok(ObjectKey { group: group.to_owned(), kind, namespace: None, name })
}

/// The namespace that the object goes to; none when it is of the whole cluster, and allowed to be.
fn namespace(
    key: &ObjectKey,
    fields: &Map<String, Value>,
    context: &RenderContext<'_>,
) -> Result<Option<String>, Problem> {
    let long = if key.group.is_empty() { key.kind.clone() } else { format!("{}.{}", key.kind, key.group) };
    let allowed = context.cluster_kinds.iter().any(|kind| *kind == key.kind || *kind == long);
    let own = context.namespace;
    if allowed {
        // Another's namespace, relabelled, would lower the guard of everything in it.
        if key.group.is_empty() && key.kind == "Namespace" && key.name != own {
            return Err(Problem::ForeignNamespace { object: Box::new(key.clone()), allowed: own.to_owned() });
        }
        return Ok(None);
    }
    if is_cluster_scoped(&key.group, &key.kind) {
        return Err(Problem::ClusterScoped { object: Box::new(key.clone()), kind: long });
    }
    match fields.get("metadata").and_then(|metadata| metadata.get("namespace")) {
        None | Some(Value::Null) => Ok(Some(own.to_owned())),
        Some(Value::String(given)) if given.is_empty() || given == own => Ok(Some(own.to_owned())),
        Some(given) => {
            let namespace = given.as_str().map(|given| secrets::clip(given, 80));
            Err(Problem::ForeignNamespace {
                object: Box::new(ObjectKey { namespace, ..key.clone() }),
                allowed: own.to_owned(),
            })
        }
    }
}

/// What a value is, without the value.
pub(crate) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
