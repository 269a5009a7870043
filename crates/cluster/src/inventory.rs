//! The inventory: which objects an instance owns in the cluster and what they were verified at, kept in the cluster itself.
//!
//! One ConfigMap an instance, in Pinnace's own namespace. It is written before the first apply with the union of old and new
//! objects, so that a crash at any point leaves nothing in the cluster that the inventory does not know.

use std::collections::BTreeMap;

use health::Baseline;
use http::Method;
use model::{CommitId, InstanceId, PinId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Call, ClusterClient, JSON, Query};
use crate::error::ClusterError;
use crate::imprint::Imprint;
use crate::key::{KindKey, ObjectKey};
use crate::mark::{INSTANCE_LABEL, mark_of};
use crate::objects::resource_version;

mod book;
mod salt;

pub use salt::{InvalidSalt, Salt};

pub(crate) use book::Book;

/// The version of the content that this program writes.
const FORMAT: u32 = 1;
const DATA_KEY: &str = "inventory";
/// Marks the ConfigMaps that hold inventories.
pub const COMPONENT_LABEL: &str = "pinnace.dev/component";

/// What an instance owns in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The format of this text.
    pub format: u32,
    /// Whose inventory it is.
    pub instance: InstanceId,
    /// What was last seen Current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedAt>,
    /// What is being tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateMark>,
    /// The objects.
    pub objects: Vec<InventoryEntry>,
    /// The key of the hashes of what pods read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
    /// The hooks that ran last, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookRun>,
}

/// A hook that ran, or is about to: the intent is written before anything is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRun {
    /// What it makes.
    #[serde(flatten)]
    pub key: ObjectKey,
    /// The hash of what it makes.
    pub content: String,
    /// For which candidate: a new one runs it again.
    pub run: String,
    /// How it ended; none: it may be under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<HookEnd>,
}

/// How a hook ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookEnd {
    /// Well.
    Succeeded,
    /// Badly, and why, in words.
    Failed(String),
}

/// The verified state of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedAt {
    /// The verified commit.
    pub commit: CommitId,
    /// The hash of what it renders to.
    pub render_hash: String,
}

/// The candidate that is being tried on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateMark {
    /// The candidate's key: the pin's id, or one made of the commit that people pushed. None for a first install, which
    /// leaves nothing to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinId>,
    /// The hash of what it renders to.
    pub render_hash: String,
    /// The commit that it builds on (or is).
    pub base: CommitId,
    /// How often containers had restarted before the first write, where that is kept: what comes on top is evidence, to a
    /// later process too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<Baseline>,
}

/// One object of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryEntry {
    /// Which object.
    #[serde(flatten)]
    pub key: ObjectKey,
    /// Its uid, once it was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The pin whose candidate brought it; none once that was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<PinId>,
    /// How it was when it was last seen equal to what is verified: while it is so, nothing has to be asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Imprint>,
    /// The hash of what its pods read of Secrets and ConfigMaps while their template says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsaid: Option<String>,
}

/// An inventory as it was read, with what is needed to write it back safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInventory {
    /// The content.
    pub inventory: Inventory,
    /// The version that a write must find unchanged.
    pub resource_version: String,
}

impl Inventory {
    /// An inventory that holds nothing yet.
    pub fn empty(instance: InstanceId) -> Self {
        Self {
            format: FORMAT,
            instance,
            verified: None,
            candidate: None,
            objects: Vec::new(),
            salt: None,
            hooks: Vec::new(),
        }
    }

    /// Adds the objects that are about to be applied and are not held yet, as brought by this pin.
    pub fn add_candidate_objects(&mut self, keys: &[ObjectKey], pin: Option<&PinId>) {
        for key in keys {
            if self.entry(key).is_none() {
                let (key, created_by) = (key.clone(), pin.cloned());
                self.objects.push(InventoryEntry { key, uid: None, created_by, seen: None, unsaid: None });
            }
        }
    }

    /// The entry of an object.
    pub fn entry(&self, key: &ObjectKey) -> Option<&InventoryEntry> {
        self.objects.iter().find(|entry| entry.key == *key)
    }

    /// Notes the uid that an object got.
    pub fn note_uid(&mut self, key: &ObjectKey, uid: &str) {
        if let Some(entry) = self.objects.iter_mut().find(|entry| entry.key == *key) {
            entry.uid = Some(uid.to_owned());
        }
    }

    /// The candidate held: its objects are the instance's own now, and this is what is verified. `seen` is how they were when
    /// they were seen equal to it, as far as that is known.
    pub fn verify(&mut self, verified: VerifiedAt, seen: &[(ObjectKey, Imprint)]) {
        self.verified = Some(verified);
        self.candidate = None;
        for entry in &mut self.objects {
            entry.created_by = None;
            entry.seen = seen.iter().find(|(key, _)| *key == entry.key).map(|(_, imprint)| *imprint);
        }
    }

    /// Notes what pods read while their template says nothing, of objects of which that is not known yet. Hashes with another key
    /// than those that are held would say nothing beside them.
    pub fn note_unsaid(&mut self, salt: Salt, unsaid: &BTreeMap<ObjectKey, String>) {
        if self.salt.is_some_and(|known| known != salt) {
            return;
        }
        for entry in self.objects.iter_mut().filter(|entry| entry.unsaid.is_none()) {
            if let Some(hash) = unsaid.get(&entry.key) {
                entry.unsaid = Some(hash.clone());
                self.salt = Some(salt);
            }
        }
    }

    /// What is known of a hook in this run.
    pub fn hook_run(&self, key: &ObjectKey, run: &str) -> Option<&HookRun> {
        self.hooks.iter().find(|hook| hook.key == *key && hook.run == run)
    }

    /// Notes a hook's run in the place of the one before.
    pub fn note_hook(&mut self, run: HookRun) {
        self.hooks.retain(|hook| hook.key != run.key);
        self.hooks.push(run);
    }

    /// Forgets objects, after they were deleted.
    pub fn forget(&mut self, keys: &[ObjectKey]) {
        self.objects.retain(|entry| !keys.contains(&entry.key));
    }

    /// The uids of everything held: what is ours even without a mark.
    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().filter_map(|entry| entry.uid.as_deref())
    }
}

/// The name of the ConfigMap that holds an instance's inventory.
pub fn inventory_name(instance: &InstanceId) -> String {
    // Dots keep `a-b/c` and `a/b-c` apart; a ConfigMap's name may hold them.
    format!("inventory-{}", instance.to_string().replace('/', "."))
}

impl ClusterClient {
    /// Asks the cluster for an instance's inventory; nothing when there is none. One that can't be read is an error, never empty.
    pub async fn read_inventory(&self, instance: &InstanceId) -> Result<Option<StoredInventory>, ClusterError> {
        let key = self.inventory_key(instance);
        let Some(object) = self.get(&key).await? else { return Ok(None) };
        let inventory =
            parse(&object, Some(instance)).map_err(|why| ClusterError::Inventory { name: key.name, why })?;
        let stored = StoredInventory { inventory, resource_version: resource_version(&object).to_owned() };
        self.shared.inventories.keep(&stored);
        Ok(Some(stored))
    }

    /// Writes an inventory: creates it when `read` is none, else replaces exactly the version that was read.
    ///
    /// [`ClusterError::Conflict`] says that somebody else wrote in between: read again.
    pub async fn write_inventory(
        &self,
        inventory: &Inventory,
        read: Option<&str>,
    ) -> Result<StoredInventory, ClusterError> {
        let key = self.inventory_key(&inventory.instance);
        let kind = self.kind(&key.kind).await?;
        let object = config_map(&key, inventory, read);
        let (method, path, verb) = match read {
            None => (Method::POST, kind.collection(key.namespace.as_deref()), "create"),
            Some(_) => (Method::PUT, kind.path(&key)?, "update"),
        };
        let call = Call::on(verb, &kind.resource(), &key);
        // Whoever stops waiting for the answer does not know it.
        self.shared.inventories.doubt(&inventory.instance);
        let answer = match self.send(&call, method, &path, &Query::new(), Some((JSON, &object))).await {
            // Somebody deleted what was read.
            Err(error) if read.is_some() && error.is_not_found() => {
                return Err(ClusterError::Conflict { object: Box::new(key) });
            }
            answer => answer?,
        };
        let resource_version = resource_version(&answer.body).to_owned();
        let stored = StoredInventory { inventory: inventory.clone(), resource_version };
        self.shared.inventories.keep(&stored);
        Ok(stored)
    }

    /// Deletes the inventory of an instance that owns nothing any more, exactly as it was read.
    pub async fn delete_inventory(&self, stored: &StoredInventory) -> Result<(), ClusterError> {
        let key = self.inventory_key(&stored.inventory.instance);
        self.shared.inventories.doubt(&stored.inventory.instance);
        self.delete_unchanged(&key, &stored.resource_version).await.map(drop)
    }

    fn inventory_key(&self, instance: &InstanceId) -> ObjectKey {
        ObjectKey {
            kind: KindKey::new("v1", "ConfigMap"),
            namespace: Some(self.own_namespace().to_owned()),
            name: inventory_name(instance),
        }
    }
}

fn config_map(key: &ObjectKey, inventory: &Inventory, read: Option<&str>) -> Value {
    let mut object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": key.name, "namespace": key.namespace,
            "labels": {COMPONENT_LABEL: "inventory", INSTANCE_LABEL: mark_of(&inventory.instance)},
        },
        "data": {DATA_KEY: json!(inventory).to_string()},
    });
    if let (Some(read), Some(metadata)) = (read, object.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.insert("resourceVersion".to_owned(), json!(read));
    }
    object
}

/// Reads what a ConfigMap holds. `instance` is whose it has to be, where that is known.
fn parse(object: &Value, instance: Option<&InstanceId>) -> Result<Inventory, String> {
    let text = object.get("data").and_then(|d| d.get(DATA_KEY)).and_then(Value::as_str);
    let text =
        text.ok_or_else(|| format!("it has no `{DATA_KEY}`: restore it, or delete it to adopt the objects anew"))?;
    let value: Value = serde_json::from_str(text).map_err(|e| format!("it is not JSON ({e}): restore it"))?;
    match value.get("format").and_then(Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => return Err(format!("its format is {format}, this Pinnace reads {FORMAT}: upgrade Pinnace")),
        None => return Err("it names no format: restore it".to_owned()),
    }
    let inventory: Inventory =
        serde_json::from_value(value).map_err(|e| format!("it is not an inventory ({e}): restore it"))?;
    match instance {
        Some(instance) if inventory.instance != *instance => Err(format!("it belongs to {}", inventory.instance)),
        _ => Ok(inventory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> InstanceId {
        "shop/prod".parse().unwrap()
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey { kind: KindKey::new("apps/v1", "Deployment"), namespace: Some("shop".into()), name: name.into() }
    }

    fn stored(text: &str) -> Value {
        json!({"data": {"inventory": text}})
    }

    #[test]
    fn an_inventory_reads_back_as_it_was_written() {
        let mut inventory = Inventory::empty(instance());
        inventory.add_candidate_objects(&[key("web")], Some(&PinId::from_random([7; 16])));
        inventory.note_uid(&key("web"), "u-1");
        inventory.note_unsaid(Salt([9; 32]), &BTreeMap::from([(key("web"), "h".to_owned())]));
        assert!(inventory.salt.is_some());
        let object = config_map(&key("x"), &inventory, Some("12"));
        assert_eq!(parse(&object, Some(&instance())).unwrap(), inventory);
        assert_eq!(object["metadata"]["resourceVersion"], "12");
    }

    #[test]
    fn an_inventory_that_can_not_be_read_is_never_empty() {
        for garbled in ["", "{", "{}", "[]", r#"{"format":1}"#, r#"{"format":2,"instance":"shop/prod","objects":[]}"#] {
            assert!(parse(&stored(garbled), Some(&instance())).is_err(), "{garbled:?}");
        }
        assert!(parse(&json!({}), Some(&instance())).is_err());
        let salted = r#"{"format":1,"instance":"shop/prod","objects":[],"salt":"c2FsdA=="}"#;
        let told = parse(&stored(salted), Some(&instance())).unwrap_err();
        assert!(told.contains("`salt` is not 32 bytes in base64") && told.contains("restore it"), "{told}");
        let anothers = json!(Inventory::empty("shop/staging".parse().unwrap())).to_string();
        assert!(parse(&stored(&anothers), Some(&instance())).unwrap_err().contains("belongs to shop/staging"));
    }

    #[test]
    fn objects_of_a_candidate_become_the_instances_own_when_it_holds() {
        let pin = PinId::from_random([1; 16]);
        let mut inventory = Inventory::empty(instance());
        inventory.add_candidate_objects(&[key("old")], None);
        inventory.add_candidate_objects(&[key("old"), key("new")], Some(&pin));
        assert_eq!(inventory.entry(&key("old")).unwrap().created_by, None);
        assert_eq!(inventory.entry(&key("new")).unwrap().created_by, Some(pin));
        let commit = "a".repeat(40).parse().unwrap();
        inventory.verify(VerifiedAt { commit, render_hash: "h".into() }, &[]);
        assert_eq!(inventory.entry(&key("new")).unwrap().created_by, None);
    }

    #[test]
    fn instances_never_share_an_inventory() {
        let name = |text: &str| inventory_name(&text.parse().unwrap());
        assert_ne!(name("a-b/c"), name("a/b-c"));
    }
}
