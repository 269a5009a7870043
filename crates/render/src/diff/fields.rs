//! Comparing two values, field by field.

use serde_json::{Map, Value};

use super::FieldChange;

/// The fields in which two values differ.
pub(crate) fn changes(old: Option<&Value>, new: Option<&Value>) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

/// A path and one more field; fields with dots or slashes in their names are put in brackets.
pub(crate) fn step(path: &str, field: &str) -> String {
    let plain = !field.is_empty() && field.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    match (plain, path.is_empty()) {
        (true, true) => field.to_owned(),
        (true, false) => format!("{path}.{field}"),
        (false, _) => format!("{path}[\"{field}\"]"),
    }
}

/// A value as it is shown.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => mappings(path, old, new, found),
        (Some(Value::Array(old)), Some(Value::Array(new))) => lists(path, old, new, found),
        (None, Some(Value::Object(new))) if !new.is_empty() => mappings(path, &Map::new(), new, found),
        (Some(Value::Object(old)), None) if !old.is_empty() => mappings(path, old, &Map::new(), found),
        (None, Some(Value::Array(new))) if !new.is_empty() => lists(path, &[], new, found),
        (Some(Value::Array(old)), None) if !old.is_empty() => lists(path, old, &[], found),
        (old, new) => {
            found.push(FieldChange { path: path.to_owned(), from: old.map(shown), to: new.map(shown) });
        }
    }
}

fn mappings(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, found: &mut Vec<FieldChange>) {
    let mut fields: Vec<&String> = old.keys().chain(new.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    for field in fields {
        compare(&step(path, field), old.get(field), new.get(field), found);
    }
}

/// Lists of things with names (containers, variables, volumes) are compared name by name, so that one more at the
/// front does not change all that follow.
fn lists(path: &str, old: &[Value], new: &[Value], found: &mut Vec<FieldChange>) {
    let (Some(old_names), Some(new_names)) = (names(old), names(new)) else {
        for index in 0..old.len().max(new.len()) {
            compare(&format!("{path}[{index}]"), old.get(index), new.get(index), found);
        }
        return;
    };
    let by_name = |names: &[&str], items: &'_ [Value], name: &str| {
        names.iter().position(|known| *known == name).and_then(|at| items.get(at).cloned())
    };
    let gone = old_names.iter().filter(|name| !new_names.contains(name));
    for name in new_names.iter().chain(gone) {
        let (was, is) = (by_name(&old_names, old, name), by_name(&new_names, new, name));
        compare(&format!("{path}[{name}]"), was.as_ref(), is.as_ref(), found);
    }
    let kept = |names: &[&str], others: &[&str]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    let (was, is) = (kept(&old_names, &new_names), kept(&new_names, &old_names));
    if was != is {
        let order = |names: &[String]| Some(format!("order: {}", names.join(", ")));
        found.push(FieldChange { path: path.to_owned(), from: order(&was), to: order(&is) });
    }
}

/// The names of a list's items, when each has one of its own.
fn names(items: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = items.iter().map(|item| item.get("name").and_then(Value::as_str)).collect::<Option<_>>()?;
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    (unique.len() == names.len()).then_some(names)
}
