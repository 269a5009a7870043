//! The memory behind a watcher: one table a kind, each with whether its stream sees.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::objects::uid;
use crate::watch::snapshot::{self, Snapshot};

#[derive(Debug)]
pub(crate) struct Store {
    tables: Mutex<BTreeMap<KindKey, Table>>,
    changed: watch::Sender<u64>,
}

/// The objects of one kind, as one stream sees them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// A stream that may be missing (events) blinds nobody.
    pub(crate) optional: bool,
    /// Listed, and connected since.
    pub(crate) seeing: bool,
    /// What is in the way, while it does not see.
    pub(crate) trouble: Option<ClusterError>,
    /// How far the stream has come.
    pub(crate) resource_version: String,
    pub(crate) objects: HashMap<ObjectKey, Arc<Value>>,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self { tables: Mutex::default(), changed: watch::Sender::new(0) }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// False when the kind is followed already.
    pub(crate) fn add_stream(&self, kind: &KindKey, optional: bool) -> bool {
        let mut tables = self.lock();
        if tables.contains_key(kind) {
            return false;
        }
        tables.insert(kind.clone(), Table { optional, ..Table::default() });
        true
    }

    /// A whole list came: it replaces everything.
    pub(crate) fn replace(&self, kind: &KindKey, objects: Vec<Value>, resource_version: &str) {
        self.change(kind, |table| {
            table.objects = objects.into_iter().map(|o| (ObjectKey::of(&o), Arc::new(o))).collect();
            resource_version.clone_into(&mut table.resource_version);
            table.seeing = true;
            table.trouble = None;
        });
    }

    pub(crate) fn upsert(&self, kind: &KindKey, object: Value) {
        self.change(kind, |table| {
            crate::objects::resource_version(&object).clone_into(&mut table.resource_version);
            table.objects.insert(ObjectKey::of(&object), Arc::new(object));
        });
    }

    pub(crate) fn remove(&self, kind: &KindKey, object: &Value) {
        self.change(kind, |table| {
            crate::objects::resource_version(object).clone_into(&mut table.resource_version);
            let key = ObjectKey::of(object);
            // A successor of the same name may have come already.
            if table.objects.get(&key).is_some_and(|known| uid(known) == uid(object)) {
                table.objects.remove(&key);
            }
        });
    }

    /// A bookmark: nothing changed up to here, so nobody is woken.
    pub(crate) fn advance(&self, kind: &KindKey, resource_version: &str) {
        if let Some(table) = self.lock().get_mut(kind) {
            resource_version.clone_into(&mut table.resource_version);
        }
    }

    pub(crate) fn blind(&self, kind: &KindKey, trouble: Option<ClusterError>) {
        self.change(kind, |table| {
            table.seeing = false;
            table.trouble = trouble;
        });
    }

    pub(crate) fn resource_version(&self, kind: &KindKey) -> String {
        self.lock().get(kind).map(|table| table.resource_version.clone()).unwrap_or_default()
    }

    pub(crate) fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        snapshot::take(&self.lock(), keys)
    }

    fn change(&self, kind: &KindKey, by: impl FnOnce(&mut Table)) {
        if let Some(table) = self.lock().get_mut(kind) {
            by(table);
        }
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<KindKey, Table>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
