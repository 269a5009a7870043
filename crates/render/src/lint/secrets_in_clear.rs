//! Values that look like secrets and stand where everybody may read them. They are never repeated.

use serde_json::Value;

use super::{Found, Scene, name_of, sounds_secret};
use crate::references::pod_spec;
use crate::yaml;

const HELP: &str = "put it into a Secret and name that; what was committed once is known, so change it too";
/// Shorter ones are words like `none`.
const SHORTEST: usize = 5;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for object in scene.objects {
        if object.key.kind == "ConfigMap" && object.key.group.is_empty() {
            let data = object.value.get("data").and_then(Value::as_object).into_iter().flatten();
            let bare = data.filter(|(key, value)| value.as_str().is_some_and(|value| is_secret(key, value)));
            found.extend(
                bare.map(|(key, _)| Found::of(object, format!("`{key}` looks like a secret in the clear"), HELP)),
            );
        }
        let Some(spec) = pod_spec(object) else { continue };
        let lists = ["initContainers", "containers"].into_iter().filter_map(|field| spec.get(field)?.as_array());
        for container in lists.flatten() {
            let variables = container.get("env").and_then(Value::as_array).into_iter().flatten();
            for variable in variables {
                let (name, value) =
                    (name_of(variable), variable.get("value").and_then(Value::as_str).unwrap_or_default());
                if is_secret(name, value) {
                    let what =
                        format!("the variable `{name}` of `{}` looks like a secret in the clear", name_of(container));
                    found.push(Found::of(object, what, HELP));
                }
            }
        }
    }
    for file in scene.values {
        let Some(bytes) = scene.files.get(file) else { continue };
        for document in yaml::documents(file, bytes).unwrap_or_default() {
            let mut paths = Vec::new();
            collect(&document.value, "", "", &mut paths);
            let line = |path: &str| line_of(bytes, path.rsplit('.').next().unwrap_or(path));
            found.extend(
                paths.iter().map(|path| {
                    Found::at(file, line(path), format!("`{path}` looks like a secret in the clear"), HELP)
                }),
            );
        }
    }
    found
}

fn collect(value: &Value, path: &str, key: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if is_secret(key, text) => found.push(path.to_owned()),
        Value::Object(fields) => {
            for (key, value) in fields {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(value, &below, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, key, found)),
        _ => {}
    }
}

/// The first line on which a key stands; 0 where it is not seen.
fn line_of(bytes: &[u8], key: &str) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let stands = |line: &str| {
        line.trim_start_matches([' ', '-', '{', '"', '\'']).starts_with(key) || line.contains(&format!("{key}:"))
    };
    text.lines().position(stands).and_then(|at| u64::try_from(at + 1).ok()).unwrap_or(0)
}

fn is_secret(name: &str, value: &str) -> bool {
    if value.contains("PRIVATE KEY-----") {
        return true;
    }
    let is_reference = value.starts_with(['/', '$', '{']) || value.contains("://") && !value.contains('@');
    let is_marked = ["vault:", "ref+", "ENC[", "secretref", "<"].iter().any(|mark| value.starts_with(mark));
    sounds_secret(name)
        && value.len() >= SHORTEST
        && !value.contains(char::is_whitespace)
        && !is_reference
        && !is_marked
}
