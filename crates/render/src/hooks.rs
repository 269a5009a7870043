//! Helm's hooks: objects of a chart that are made at a certain time, and have to end well, rather than be there.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::hash::hidden;
use crate::object::Object;
use crate::order;

/// When hooks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookEvent {
    /// Before the first install.
    PreInstall,
    /// After it.
    PostInstall,
    /// Before each later candidate.
    PreUpgrade,
    /// After it.
    PostUpgrade,
}

/// When what a hook made is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookDelete {
    /// Before it is run again.
    BeforeCreation,
    /// When all hooks of its time ended well.
    Succeeded,
    /// When it failed.
    Failed,
}

/// A hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// What is made.
    pub object: Object,
    /// When.
    pub events: BTreeSet<HookEvent>,
    /// Smaller ones come first.
    pub weight: i64,
    /// When it is deleted.
    pub delete: BTreeSet<HookDelete>,
}

impl Hook {
    /// The object as a hook, if its annotation says that it is one.
    pub(crate) fn of(object: &Object) -> Option<Self> {
        let events: BTreeSet<HookEvent> = words(&object.value, "helm.sh/hook").filter_map(event).collect();
        if events.is_empty() {
            return None;
        }
        let mut delete: BTreeSet<HookDelete> =
            words(&object.value, "helm.sh/hook-delete-policy").filter_map(policy).collect();
        if delete.is_empty() {
            delete.insert(HookDelete::BeforeCreation);
        }
        // What is no number counts as none, as it does for Helm.
        let weight = words(&object.value, "helm.sh/hook-weight").find_map(|weight| weight.parse().ok()).unwrap_or(0);
        Some(Self { object: object.clone(), events, weight, delete })
    }

    /// Whether it has to end, and is waited for.
    pub fn ends(&self) -> bool {
        matches!((self.object.key.group.as_str(), self.object.key.kind.as_str()), ("batch", "Job") | ("", "Pod"))
    }

    /// A short hash of what is made; Secret values are in it as keyed hashes.
    pub fn content(&self, key: &secrets::MaskKey) -> String {
        let digest = Sha256::digest(hidden(&self.object.value, key).to_string());
        let mut short = [0_u8; 8];
        short.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        format!("{:016x}", u64::from_be_bytes(short))
    }
}

/// The hooks of one time, in the order in which Helm runs them: by weight, then by name, then by kind.
pub(crate) fn at(hooks: &[Hook], event: HookEvent) -> Vec<&Hook> {
    let mut hooks: Vec<&Hook> = hooks.iter().filter(|hook| hook.events.contains(&event)).collect();
    hooks.sort_by_key(|hook| (hook.weight, hook.object.key.name.clone(), order::rank(&hook.object.key.kind)));
    hooks
}

/// The words of an annotation.
fn words<'o>(object: &'o Value, annotation: &str) -> impl Iterator<Item = &'o str> {
    let text = object.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(annotation)?.as_str());
    text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn event(word: &str) -> Option<HookEvent> {
    match word.to_ascii_lowercase().as_str() {
        "pre-install" => Some(HookEvent::PreInstall),
        "post-install" => Some(HookEvent::PostInstall),
        "pre-upgrade" => Some(HookEvent::PreUpgrade),
        "post-upgrade" => Some(HookEvent::PostUpgrade),
        _ => None,
    }
}

fn policy(word: &str) -> Option<HookDelete> {
    match word.to_ascii_lowercase().as_str() {
        "before-hook-creation" => Some(HookDelete::BeforeCreation),
        "hook-succeeded" => Some(HookDelete::Succeeded),
        "hook-failed" => Some(HookDelete::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Place;
    use crate::object::ObjectKey;

    fn hook(kind: &str, name: &str, annotations: &Value) -> Option<Hook> {
        let key = ObjectKey { group: String::new(), kind: kind.into(), namespace: None, name: name.into() };
        let value = json!({"kind": kind, "metadata": {"name": name, "annotations": annotations}});
        Hook::of(&Object { key, value, place: Place::default(), source: 0 })
    }

    #[test]
    fn hooks_are_run_as_helm_orders_them() {
        let with = |kind, name, weight: &str| {
            hook(kind, name, &json!({"helm.sh/hook": "pre-upgrade", "helm.sh/hook-weight": weight})).unwrap()
        };
        let hooks = [
            with("Job", "b", "1"),
            with("Job", "c", "odd"),
            with("Job", "a", "1"),
            with("ServiceAccount", "a", "1"),
            with("Job", "z", "-5"),
        ];
        let names: Vec<String> = at(&hooks, HookEvent::PreUpgrade)
            .iter()
            .map(|h| format!("{} {}", h.object.key.kind, h.object.key.name))
            .collect();
        assert_eq!(names, ["Job z", "Job c", "ServiceAccount a", "Job a", "Job b"]);
        assert!(at(&hooks, HookEvent::PreInstall).is_empty());
    }

    #[test]
    fn events_and_policies_are_read_in_any_case() {
        let hook = hook("Job", "a", &json!({"helm.sh/hook": "Post-Install, pre-upgrade,test"})).unwrap();
        assert_eq!(hook.events, [HookEvent::PostInstall, HookEvent::PreUpgrade].into());
        assert_eq!(hook.delete, [HookDelete::BeforeCreation].into());
        assert!(super::tests::hook("Job", "a", &json!({"helm.sh/hook": "pre-delete"})).is_none());
        let annotations =
            json!({"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "hook-succeeded,hook-failed"});
        assert_eq!(
            super::tests::hook("Job", "a", &annotations).unwrap().delete,
            [HookDelete::Succeeded, HookDelete::Failed].into()
        );
    }
}
