//! What a watcher knows at one moment of some objects and everything they own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::apply::Applied;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::{meta, resource_version, uid};
use crate::watch::store::Table;

/// Some objects and everything they own, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The objects that were asked for and exist. Secrets are never here: read them by name.
    pub objects: BTreeMap<ObjectKey, Arc<Value>>,
    /// What they own, at any depth: replica sets, controller revisions, jobs, pods.
    pub children: Vec<Arc<Value>>,
    /// Warnings about the objects or what they own.
    pub events: Vec<Arc<Value>>,
    /// False while a stream that matters is down. Time in which it is false does not count for any deadline.
    pub healthy_stream: bool,
    /// Why it is false, as far as known.
    pub trouble: Vec<ClusterError>,
    reached: BTreeMap<KindKey, String>,
}

impl Snapshot {
    /// Whether everything that was applied has been seen: only then is the snapshot evidence about it.
    pub fn covers(&self, applied: &[Applied]) -> bool {
        self.healthy_stream && applied.iter().all(|one| self.covers_one(one))
    }

    fn covers_one(&self, applied: &Applied) -> bool {
        if applied.key.kind.is_secret() {
            return true;
        }
        let stream_is_there =
            || self.reached.get(&applied.key.kind).is_some_and(|seen| not_before(seen, &applied.resource_version));
        match self.objects.get(&applied.key) {
            Some(live) if uid(live) == applied.uid => {
                not_before(resource_version(live), &applied.resource_version) || stream_is_there()
            }
            // Deleted or replaced since: that is news, and evidence, once the stream has come so far.
            _ => stream_is_there(),
        }
    }
}

/// Resource versions are numbers that grow, for everything an API server stores itself; else only equality says something.
fn not_before(seen: &str, wanted: &str) -> bool {
    match (seen.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(seen), Ok(wanted)) => seen >= wanted,
        _ => seen == wanted,
    }
}

pub(crate) fn take(tables: &BTreeMap<KindKey, Table>, keys: &[ObjectKey]) -> Snapshot {
    let mut snapshot = Snapshot { healthy_stream: true, ..Snapshot::default() };
    for (kind, table) in tables.iter().filter(|(_, table)| !table.optional) {
        snapshot.healthy_stream &= table.seeing;
        snapshot.trouble.extend(table.trouble.clone());
        snapshot.reached.insert(kind.clone(), table.resource_version.clone());
    }
    for key in keys.iter().filter(|key| !key.kind.is_secret()) {
        match tables.get(&key.kind) {
            None => snapshot.healthy_stream = false,
            Some(table) => {
                snapshot.objects.extend(table.objects.get_key_value(key).map(|(k, v)| (k.clone(), v.clone())));
            }
        }
    }
    let (children, owned) = owned_by(tables, &snapshot.objects);
    snapshot.children = children;
    let is_event = |kind: &KindKey| kind.is("", "Event");
    snapshot.events = tables
        .iter()
        .filter(|(kind, _)| is_event(kind))
        .flat_map(|(_, table)| table.objects.values())
        .filter(|event| owned.contains(event["involvedObject"]["uid"].as_str().unwrap_or_default()))
        .cloned()
        .collect();
    snapshot
}

/// Everything whose chain of owners ends in one of these objects, and the uids of both.
fn owned_by(
    tables: &BTreeMap<KindKey, Table>,
    objects: &BTreeMap<ObjectKey, Arc<Value>>,
) -> (Vec<Arc<Value>>, BTreeSet<String>) {
    let mut by_owner: BTreeMap<&str, Vec<&Arc<Value>>> = BTreeMap::new();
    for object in tables.values().flat_map(|table| table.objects.values()) {
        for owner in object["metadata"]["ownerReferences"].as_array().into_iter().flatten() {
            by_owner.entry(owner["uid"].as_str().unwrap_or_default()).or_default().push(object);
        }
    }
    let mut owned: BTreeSet<String> = objects.values().map(|o| uid(o).to_owned()).collect();
    let mut next: Vec<String> = owned.iter().cloned().collect();
    let mut children = Vec::new();
    while let Some(owner) = next.pop() {
        for child in by_owner.get(owner.as_str()).into_iter().flatten() {
            if owned.insert(uid(child).to_owned()) {
                next.push(uid(child).to_owned());
                children.push(Arc::clone(child));
            }
        }
    }
    children.sort_by(|a, b| (meta(a, "name"), uid(a)).cmp(&(meta(b, "name"), uid(b))));
    (children, owned)
}

#[cfg(test)]
mod tests;
