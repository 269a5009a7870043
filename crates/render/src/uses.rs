//! Which workloads use which settings, as a hash of their content: when that changes, their pods have to be made anew to see it.

use std::collections::BTreeMap;

use secrets::MaskKey;
use serde_json::Value;

use crate::object::{Object, ObjectKey};
use crate::references::pods;

/// Kinds whose pods are made anew when their template changes. A Job's can't change, and a CronJob makes new ones anyway.
const ROLLING: &[(&str, &str)] =
    &[("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("argoproj.io", "Rollout")];

/// The characters of the hash that Kustomize puts at the end of a generated name.
const KUSTOMIZE: &str = "bcdfghkmt2456789";
const LONGEST_HASH: usize = 10;

/// For each workload that reads Secrets or ConfigMaps of the same set, a keyed hash of what it reads. What can't change in place
/// does not count, and neither does what has a hash in its name: those are other objects when they change.
pub fn uses(objects: &[Object], key: &MaskKey) -> BTreeMap<ObjectKey, String> {
    let rolling = objects.iter().filter(|object| rolls(object));
    rolling.filter_map(|object| Some((object.key.clone(), used_by(object, objects, key)?))).collect()
}

fn rolls(object: &Object) -> bool {
    let by_hand = object.value.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete");
    !by_hand && ROLLING.contains(&(object.key.group.as_str(), object.key.kind.as_str()))
}

fn used_by(object: &Object, objects: &[Object], key: &MaskKey) -> Option<String> {
    let mut read: Vec<_> = pods::settings_of(object).into_iter().map(|one| (one.kind, one.name, one.key)).collect();
    read.sort_unstable();
    read.dedup();
    let mut text = String::new();
    for (kind, name, field) in read {
        let is_it = |other: &&Object| other.key.group.is_empty() && other.key.kind == kind && other.key.name == name;
        let Some(found) = objects.iter().find(is_it).filter(|found| changes_in_place(found)) else { continue };
        for part in ["data", "binaryData"] {
            let content = found.value.get(part);
            let content = field.as_ref().map_or(content, |field| content.and_then(|content| content.get(field)));
            let content = content.map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("{kind}\n{name}\n{}\n{part}\n{content}\n", field.as_deref().unwrap_or_default()));
        }
    }
    if text.is_empty() {
        return None;
    }
    let hash = u64::from_be_bytes(*key.digest(text.as_bytes()).first_chunk()?);
    Some(format!("{hash:016x}"))
}

fn changes_in_place(settings: &Object) -> bool {
    settings.value.get("immutable") != Some(&Value::Bool(true)) && !has_hash(&settings.key.name)
}

fn has_hash(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == LONGEST_HASH && hash.chars().all(|c| KUSTOMIZE.contains(c)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rendering::{RenderContext, render};

    fn hashes(yaml: &str) -> BTreeMap<String, String> {
        let key = MaskKey::from_bytes([7; 32]);
        let files = BTreeMap::from([("all.yaml".to_owned(), yaml.as_bytes().to_vec())]);
        let rendered = render(&files, &RenderContext { namespace: "shop", cluster_kinds: &[], key: &key }).unwrap();
        uses(&rendered.objects, &key).into_iter().map(|(key, hash)| (key.label(), hash)).collect()
    }

    fn workload(kind: &str, name: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  template:\n    spec: {spec}\n"
        )
    }

    fn secret(value: &str, other: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{A: {value}, B: {other}}}\n\
             ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings-bcdfghkmt2}}\ndata: {{A: {other}}}\n"
        )
    }

    #[test]
    fn what_is_read_counts_and_nothing_else() {
        let all = [
            workload("Deployment", "whole", "{containers: [{name: a, envFrom: [{secretRef: {name: keys}}]}]}"),
            workload(
                "Deployment",
                "one",
                "{containers: [{name: a, env: [{name: X, valueFrom: {secretKeyRef: {name: keys, key: A, optional: true}}}]}]}",
            ),
            workload(
                "StatefulSet",
                "volume",
                "{volumes: [{name: v, projected: {sources: [{secret: {name: keys}}]}}], containers: [{name: a}]}",
            ),
            workload("Deployment", "pulls", "{imagePullSecrets: [{name: keys}], containers: [{name: a}]}"),
            workload(
                "DaemonSet",
                "generated",
                "{containers: [{name: a, envFrom: [{configMapRef: {name: settings-bcdfghkmt2}}]}]}",
            ),
            workload("Deployment", "elsewhere", "{containers: [{name: a, envFrom: [{secretRef: {name: others}}]}]}"),
        ]
        .concat();
        let before = hashes(&format!("{all}{}", secret("one", "two")));
        let names: Vec<&str> = before.keys().map(String::as_str).collect();
        assert_eq!(names, ["Deployment/one", "Deployment/whole", "StatefulSet/volume"]);
        let other = hashes(&format!("{all}{}", secret("one", "three")));
        assert_eq!(before["Deployment/one"], other["Deployment/one"], "it does not read that key");
        assert_ne!(before["Deployment/whole"], other["Deployment/whole"]);
        assert_ne!(before["StatefulSet/volume"], other["StatefulSet/volume"]);
        assert_eq!(before, hashes(&format!("{all}{}", secret("one", "two"))), "the same gives the same");
    }
}
