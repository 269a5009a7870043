//! The memory behind a watcher: one table a kind, each with whether its stream sees, and who owns what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::{resource_version, uid};
use crate::watch::snapshot::{self, Snapshot};
use crate::watch::stream::{Followed, Interest};

#[derive(Debug)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) by_kind: BTreeMap<KindKey, Table>,
    /// By the uid of an owner (or of what an event is about): what names it.
    owned: HashMap<String, BTreeSet<ObjectKey>>,
}

/// The objects of one kind, as one stream sees them.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) interest: Interest,
    /// Listed, and connected since.
    pub(crate) seeing: bool,
    /// What is in the way, while it does not see.
    pub(crate) trouble: Option<ClusterError>,
    /// How far the stream has come.
    pub(crate) resource_version: String,
    pub(crate) objects: HashMap<ObjectKey, Arc<Value>>,
}

impl Tables {
    pub(crate) fn object(&self, key: &ObjectKey) -> Option<&Arc<Value>> {
        self.by_kind.get(&key.kind)?.objects.get(key)
    }

    /// What names this uid as an owner or is an event about it.
    pub(crate) fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.owned.get(uid).into_iter().flatten().filter_map(|key| self.object(key))
    }

    fn reached(&mut self, kind: &KindKey, version: &str) {
        if let Some(table) = self.by_kind.get_mut(kind) {
            version.clone_into(&mut table.resource_version);
        }
    }

    fn insert(&mut self, object: Value) {
        let key = ObjectKey::of(&object);
        self.take(&key);
        for owner in owners(&object) {
            self.owned.entry(owner.to_owned()).or_default().insert(key.clone());
        }
        if let Some(table) = self.by_kind.get_mut(&key.kind) {
            table.objects.insert(key, Arc::new(object));
        }
    }

    fn take(&mut self, key: &ObjectKey) {
        let Some(object) = self.by_kind.get_mut(&key.kind).and_then(|table| table.objects.remove(key)) else { return };
        for owner in owners(&object) {
            let left = self.owned.get_mut(owner).map(|keys| {
                keys.remove(key);
                keys.len()
            });
            if left == Some(0) {
                self.owned.remove(owner);
            }
        }
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let references = object["metadata"]["ownerReferences"].as_array();
    let owners = references.into_iter().flatten().map(|owner| &owner["uid"]);
    owners.chain([&object["involvedObject"]["uid"]]).filter_map(Value::as_str)
}

impl Store {
    pub(crate) fn new() -> Self {
        Self { tables: Mutex::default(), changed: watch::Sender::new(0) }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// False when the kind is followed already.
    pub(crate) fn add_stream(&self, followed: &Followed) -> bool {
        let mut tables = self.lock();
        if tables.by_kind.contains_key(&followed.kind) {
            return false;
        }
        let table = Table {
            interest: followed.interest,
            seeing: false,
            trouble: None,
            resource_version: String::new(),
            objects: HashMap::new(),
        };
        tables.by_kind.insert(followed.kind.clone(), table);
        true
    }

    /// A whole list came: it replaces everything.
    pub(crate) fn replace(&self, kind: &KindKey, objects: Vec<Value>, resource_version: &str) {
        self.change(kind, |tables| {
            let known: Vec<ObjectKey> =
                tables.by_kind.get(kind).map(|table| table.objects.keys().cloned().collect()).unwrap_or_default();
            for key in &known {
                tables.take(key);
            }
            for object in objects {
                tables.insert(object);
            }
            tables.reached(kind, resource_version);
            if let Some(table) = tables.by_kind.get_mut(kind) {
                (table.seeing, table.trouble) = (true, None);
            }
        });
    }

    pub(crate) fn upsert(&self, kind: &KindKey, object: Value) {
        self.change(kind, |tables| {
            tables.reached(kind, resource_version(&object));
            tables.insert(object);
        });
    }

    pub(crate) fn remove(&self, kind: &KindKey, object: &Value) {
        self.change(kind, |tables| {
            tables.reached(kind, resource_version(object));
            let key = ObjectKey::of(object);
            // A successor of the same name may have come already.
            if tables.object(&key).is_some_and(|known| uid(known) == uid(object)) {
                tables.take(&key);
            }
        });
    }

    /// The stream has come so far. A bookmark alone changes nothing, so nobody is woken by it.
    pub(crate) fn advance(&self, kind: &KindKey, resource_version: &str) {
        self.lock().reached(kind, resource_version);
    }

    pub(crate) fn blind(&self, kind: &KindKey, trouble: Option<ClusterError>) {
        self.change(kind, |tables| {
            if let Some(table) = tables.by_kind.get_mut(kind) {
                (table.seeing, table.trouble) = (false, trouble);
            }
        });
    }

    pub(crate) fn resource_version(&self, kind: &KindKey) -> String {
        self.lock().by_kind.get(kind).map(|table| table.resource_version.clone()).unwrap_or_default()
    }

    /// The objects of these keys, when all of their kinds are seen.
    pub(crate) fn objects(&self, keys: &[ObjectKey]) -> Option<HashMap<ObjectKey, Arc<Value>>> {
        let tables = self.lock();
        let seeing = |key: &ObjectKey| tables.by_kind.get(&key.kind).is_some_and(|table| table.seeing);
        keys.iter()
            .all(seeing)
            .then(|| keys.iter().filter_map(|key| Some((key.clone(), Arc::clone(tables.object(key)?)))).collect())
    }

    pub(crate) fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        snapshot::take(&self.lock(), keys)
    }

    fn change(&self, kind: &KindKey, by: impl FnOnce(&mut Tables)) {
        let mut tables = self.lock();
        if tables.by_kind.contains_key(kind) {
            by(&mut tables);
        }
        drop(tables);
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
