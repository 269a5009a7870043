//! The memory behind a watcher: one table a kind, each with whether its stream sees, and who owns what.
//!
//! A thousand instances may share it, so objects are kept as the text that they came in, without field owners: that is a fifth
//! of what a tree takes. They are read when somebody looks at them. And whoever waits is woken by its own objects alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::error::ClusterError;
use crate::imprint::Imprint;
use crate::key::{KindKey, ObjectKey};
use crate::objects::{resource_version, uid};
use crate::watch::listeners::{Changes, Listeners};
use crate::watch::snapshot::{self, Snapshot};
use crate::watch::stream::{Followed, Interest};

#[derive(Debug)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    changed: watch::Sender<u64>,
    resources: watch::Sender<u64>,
    anew: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) by_kind: BTreeMap<KindKey, Table>,
    /// By the uid of an owner (or of what an event is about): what names it.
    owned: HashMap<Arc<str>, BTreeSet<ObjectKey>>,
    /// By uid: which object that is.
    known: HashMap<Arc<str>, ObjectKey>,
    listeners: Listeners,
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
    objects: HashMap<ObjectKey, Kept>,
}

/// An object as it was last seen.
#[derive(Debug)]
struct Kept {
    text: Box<str>,
    uid: Arc<str>,
    owners: Box<[Arc<str>]>,
    imprint: Imprint,
}

impl Table {
    fn of(interest: Interest) -> Self {
        Self { interest, seeing: false, trouble: None, resource_version: String::new(), objects: HashMap::new() }
    }

    /// All of them, read.
    pub(crate) fn values(&self) -> impl Iterator<Item = Value> {
        self.objects.values().map(Kept::value)
    }
}

impl Kept {
    fn of(mut object: Value) -> Self {
        let imprint = Imprint::of(&object);
        let is_secret = ObjectKey::of(&object).kind.is_secret();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("managedFields");
            // Tools keep copies of values there.
            if is_secret {
                metadata.shift_remove("annotations");
            }
        }
        let owners = owners(&object).map(Arc::from).collect();
        Self { uid: Arc::from(uid(&object)), owners, imprint, text: object.to_string().into_boxed_str() }
    }

    fn value(&self) -> Value {
        // It was a value before it was text.
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Tables {
    pub(crate) fn object(&self, key: &ObjectKey) -> Option<Value> {
        self.kept(key).map(Kept::value)
    }

    fn kept(&self, key: &ObjectKey) -> Option<&Kept> {
        self.by_kind.get(&key.kind)?.objects.get(key)
    }

    /// What names this uid as an owner or is an event about it.
    pub(crate) fn owned_by(&self, uid: &str) -> impl Iterator<Item = Value> {
        self.owned.get(uid).into_iter().flatten().filter_map(|key| self.object(key))
    }

    /// How many custom resources of ours there are of this kind, if it is one, and whether they are seen.
    fn resources_of(&self, kind: &KindKey) -> Option<(usize, bool)> {
        let table = self.by_kind.get(kind).filter(|table| table.interest == Interest::Resources)?;
        Some((table.objects.len(), table.seeing))
    }

    fn reached(&mut self, kind: &KindKey, version: &str) {
        if let Some(table) = self.by_kind.get_mut(kind) {
            version.clone_into(&mut table.resource_version);
        }
    }

    fn insert(&mut self, object: Value) {
        let key = ObjectKey::of(&object);
        self.take(&key);
        let kept = Kept::of(object);
        for owner in &kept.owners {
            self.owned.entry(Arc::clone(owner)).or_default().insert(key.clone());
        }
        self.known.insert(Arc::clone(&kept.uid), key.clone());
        if let Some(table) = self.by_kind.get_mut(&key.kind) {
            table.objects.insert(key, kept);
        }
    }

    fn take(&mut self, key: &ObjectKey) {
        let Some(kept) = self.by_kind.get_mut(&key.kind).and_then(|table| table.objects.remove(key)) else { return };
        self.known.remove(&kept.uid);
        for owner in &kept.owners {
            let left = self.owned.get_mut(owner).map(|keys| {
                keys.remove(key);
                keys.len()
            });
            if left == Some(0) {
                self.owned.remove(owner);
            }
        }
    }

    /// Wakes those who wait for this object, or for anything that owns it.
    fn tell(&mut self, key: &ObjectKey) {
        let (mut next, mut seen) = (vec![key.clone()], BTreeSet::new());
        while let Some(key) = next.pop().filter(|key| seen.insert(key.clone())) {
            self.listeners.tell(&key);
            let owners = self.kept(&key).into_iter().flat_map(|kept| &kept.owners);
            next.extend(owners.filter_map(|owner| self.known.get(owner).cloned()));
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
        let counter = || watch::Sender::new(0);
        Self { tables: Mutex::default(), changed: counter(), resources: counter(), anew: counter() }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Tells when custom resources of ours come or go.
    pub(crate) fn resources(&self) -> watch::Receiver<u64> {
        self.resources.subscribe()
    }

    /// Changes of these objects and of all that they own.
    pub(crate) fn changes_of(&self, keys: &[ObjectKey]) -> Changes {
        self.lock().listeners.listen(keys)
    }

    /// Tells the streams when somebody wants them to list again.
    pub(crate) fn asked_anew(&self) -> watch::Receiver<u64> {
        self.anew.subscribe()
    }

    /// What is known is doubted: nothing is seen until it was listed again.
    pub(crate) fn look_anew(&self) {
        let mut tables = self.lock();
        for table in tables.by_kind.values_mut() {
            (table.seeing, table.trouble) = (false, None);
        }
        tables.listeners.tell_all();
        drop(tables);
        self.anew.send_modify(|n| *n = n.wrapping_add(1));
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// False when the kind is followed already.
    pub(crate) fn add_stream(&self, followed: &Followed) -> bool {
        let mut tables = self.lock();
        // One that was only good to have, and rests for want of a right, begins again for who needs it.
        let ended = |table: &Table| table.interest == Interest::Others && !table.seeing && table.trouble.is_some();
        let begins_again = followed.interest != Interest::Others;
        if tables.by_kind.get(&followed.kind).is_some_and(|table| !(begins_again && ended(table))) {
            return false;
        }
        tables.by_kind.insert(followed.kind.clone(), Table::of(followed.interest));
        true
    }

    /// Whether the stream of this kind is still the one that was begun for this.
    pub(crate) fn is_followed_for(&self, kind: &KindKey, interest: Interest) -> bool {
        self.lock().by_kind.get(kind).is_some_and(|table| table.interest == interest)
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
            tables.listeners.tell_all();
        });
    }

    pub(crate) fn upsert(&self, kind: &KindKey, object: Value) {
        self.change(kind, |tables| {
            tables.reached(kind, resource_version(&object));
            let key = ObjectKey::of(&object);
            tables.insert(object);
            tables.tell(&key);
        });
    }

    pub(crate) fn remove(&self, kind: &KindKey, object: &Value) {
        self.change(kind, |tables| {
            tables.reached(kind, resource_version(object));
            let key = ObjectKey::of(object);
            tables.tell(&key);
            // A successor of the same name may have come already.
            if tables.kept(&key).is_some_and(|known| *known.uid == *uid(object)) {
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
            tables.listeners.tell_all();
        });
    }

    pub(crate) fn resource_version(&self, kind: &KindKey) -> String {
        self.lock().by_kind.get(kind).map(|table| table.resource_version.clone()).unwrap_or_default()
    }

    /// The imprints of those of these objects that exist, in the same order, when all of their kinds are seen.
    pub(crate) fn imprints(&self, keys: &[ObjectKey]) -> Option<Vec<Option<Imprint>>> {
        let tables = self.lock();
        let seeing = |key: &ObjectKey| tables.by_kind.get(&key.kind).is_some_and(|table| table.seeing);
        keys.iter().all(seeing).then(|| keys.iter().map(|key| tables.kept(key).map(|kept| kept.imprint)).collect())
    }

    /// Whether a stream sees its kind, or knows why not.
    pub(crate) fn is_known(&self, kind: &KindKey) -> bool {
        self.lock().by_kind.get(kind).is_some_and(|table| table.seeing || table.trouble.is_some())
    }

    /// All objects of a kind, while they are seen.
    pub(crate) fn all(&self, kind: &KindKey) -> Option<Vec<Value>> {
        let tables = self.lock();
        tables.by_kind.get(kind).filter(|table| table.seeing).map(|table| table.values().collect())
    }

    /// One object.
    pub(crate) fn object(&self, key: &ObjectKey) -> Option<Value> {
        self.lock().object(key)
    }

    /// What is in the way of seeing a kind.
    pub(crate) fn trouble(&self, kind: &KindKey) -> Option<ClusterError> {
        self.lock().by_kind.get(kind)?.trouble.clone()
    }

    /// The keys of a kind, while it is seen.
    pub(crate) fn keys(&self, kind: &KindKey) -> Option<Vec<ObjectKey>> {
        let tables = self.lock();
        tables.by_kind.get(kind).filter(|table| table.seeing).map(|table| table.objects.keys().cloned().collect())
    }

    pub(crate) fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        snapshot::take(&self.lock(), keys)
    }

    pub(crate) fn owned_by(&self, live: &Value) -> Snapshot {
        snapshot::around(&self.lock(), live)
    }

    fn change(&self, kind: &KindKey, by: impl FnOnce(&mut Tables)) {
        let mut tables = self.lock();
        let before = tables.resources_of(kind);
        if tables.by_kind.contains_key(kind) {
            by(&mut tables);
        }
        let differs = before.is_some_and(|before| tables.resources_of(kind) != Some(before));
        drop(tables);
        if differs {
            self.resources.send_modify(|n| *n = n.wrapping_add(1));
        }
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
