//! Configuration and secrets, each in an object that is named by what is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::validate::{Checked, GivenFile};
use super::names::{LONGEST, joined, metadata};
use crate::hex::hex;
use crate::kinds::app::crd::Process;

/// How the volume of the file is called in a pod.
const VOLUME: &str = "configuration";
/// How many digits of the hash stand in a name.
const DIGITS: usize = 10;

/// The objects that the configuration is given by.
pub(super) fn build(checked: &Checked<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    if let Some(file) = &checked.given.file {
        let data = [(file_name(&file.path).to_owned(), file.text.clone())].into();
        objects.push(object(checked, "file", &data, file.is_secret));
    }
    if !checked.given.public.is_empty() {
        objects.push(object(checked, "env", &checked.given.public, false));
    }
    if !checked.given.private.is_empty() {
        objects.push(object(checked, "env", &checked.given.private, true));
    }
    objects
}

/// Whether a process is given the configuration.
pub(super) fn is_given(process: &Process) -> bool {
    process.configured.unwrap_or(process.image.is_none())
}

/// Where the variables of a container come from.
pub(super) fn env_from(checked: &Checked<'_>) -> Vec<Value> {
    let mut from = Vec::new();
    if !checked.given.public.is_empty() {
        from.push(json!({"configMapRef": {"name": name(checked, "env", &checked.given.public, false)}}));
    }
    if !checked.given.private.is_empty() {
        from.push(json!({"secretRef": {"name": name(checked, "env", &checked.given.private, true)}}));
    }
    from
}

/// The volume with the file, and where a container has it.
pub(super) fn mounted(checked: &Checked<'_>) -> Option<(Value, Value)> {
    let file = checked.given.file.as_ref()?;
    let data = [(file_name(&file.path).to_owned(), file.text.clone())].into();
    let name = name(checked, "file", &data, file.is_secret);
    let volume = if file.is_secret {
        json!({"name": VOLUME, "secret": {"secretName": name}})
    } else {
        json!({"name": VOLUME, "configMap": {"name": name}})
    };
    Some((volume, json!({"name": VOLUME, "mountPath": folder(file), "readOnly": true})))
}

type Data = std::collections::BTreeMap<String, String>;

fn object(checked: &Checked<'_>, what: &str, data: &Data, is_secret: bool) -> Value {
    let metadata = metadata(checked.app, &name(checked, what, data, is_secret), None);
    if is_secret {
        let data: Map<String, Value> =
            data.iter().map(|(key, value)| (key.clone(), json!(STANDARD.encode(value)))).collect();
        return json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "immutable": true, "data": data});
    }
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": true, "data": data})
}

/// The name holds a hash. That of secrets is made with a key, so that nobody can try out what is in them.
fn name(checked: &Checked<'_>, what: &str, data: &Data, is_secret: bool) -> String {
    let content = json!(data).to_string();
    let hash = if is_secret {
        hex(&checked.seen.key.digest(content.as_bytes()), DIGITS)
    } else {
        hex(&Sha256::digest(content.as_bytes()), DIGITS)
    };
    joined(&checked.app.metadata.name, &format!("{what}-{hash}"), LONGEST)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder(file: &GivenFile) -> &str {
    file.path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}
