//! What a watcher knows at one moment of some objects and everything they own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::apply::Applied;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::{meta, resource_version, uid};
use crate::watch::store::Tables;
use crate::watch::stream::Interest;

/// Some objects and everything they own, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The objects that were asked for and exist. Secrets are never here: read them by name.
    pub objects: BTreeMap<ObjectKey, Arc<Value>>,
    /// What they own, at any depth: replica sets, controller revisions, jobs, pods.
    pub children: Vec<Arc<Value>>,
    /// Warnings about the objects or what they own.
    pub events: Vec<Arc<Value>>,
    /// False while a stream that matters for these objects is down. Time in which it is false does not count for any deadline.
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
pub fn not_before(seen: &str, wanted: &str) -> bool {
    match (seen.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(seen), Ok(wanted)) => seen >= wanted,
        _ => seen == wanted,
    }
}

pub(crate) fn take(tables: &Tables, keys: &[ObjectKey]) -> Snapshot {
    let mut snapshot = Snapshot { healthy_stream: true, ..Snapshot::default() };
    let asked: BTreeSet<&KindKey> = keys.iter().map(|key| &key.kind).filter(|kind| !kind.is_secret()).collect();
    for (kind, table) in &tables.by_kind {
        // A kind that others asked for and that can't be seen is their trouble alone.
        if matches!(table.interest, Interest::Always | Interest::AlwaysMade) || asked.contains(kind) {
            snapshot.healthy_stream &= table.seeing;
            snapshot.trouble.extend(table.trouble.clone());
            snapshot.reached.insert(kind.clone(), table.resource_version.clone());
        }
    }
    snapshot.healthy_stream &= asked.iter().all(|kind| tables.by_kind.contains_key(kind));
    for key in keys {
        snapshot.objects.extend(tables.object(key).map(|live| (key.clone(), Arc::new(live))));
    }
    add_owned(tables, &mut snapshot);
    snapshot
}

/// What is known of all that an object owns, whoever it is of.
pub(crate) fn around(tables: &Tables, live: &Value) -> Snapshot {
    let mut snapshot = take(tables, &[]);
    snapshot.objects.insert(ObjectKey::of(live), Arc::new(live.clone()));
    add_owned(tables, &mut snapshot);
    snapshot
}

/// Everything whose chain of owners ends in one of the objects, and the events about any of them.
fn add_owned(tables: &Tables, snapshot: &mut Snapshot) {
    let mut seen: BTreeSet<String> = snapshot.objects.values().map(|o| uid(o).to_owned()).collect();
    let mut next: Vec<String> = seen.iter().cloned().collect();
    while let Some(owner) = next.pop() {
        for owned in tables.owned_by(&owner).filter(|owned| seen.insert(uid(owned).to_owned())) {
            if owned.get("involvedObject").is_some() {
                snapshot.events.push(Arc::new(owned));
            } else {
                next.push(uid(&owned).to_owned());
                snapshot.children.push(Arc::new(owned));
            }
        }
    }
    snapshot.children.sort_by(|a, b| (meta(a, "name"), uid(a)).cmp(&(meta(b, "name"), uid(b))));
}

#[cfg(test)]
mod tests;
