//! The inventories as they were last read or written, so that a thousand instances cost one list and not a thousand reads.
//!
//! What it says may be older than the cluster when somebody else writes inventories. Each write names the version that it is
//! based on, so that shows as a conflict, and after one the inventory is read from the cluster again. Nothing is deleted by what
//! stands here: [`ClusterClient::read_inventory`] is for that.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::InstanceId;
use serde_json::Value;

use super::{COMPONENT_LABEL, Inventory, StoredInventory, inventory_name, parse};
use crate::client::{ClusterClient, Query};
use crate::error::ClusterError;
use crate::key::KindKey;
use crate::objects::{meta, resource_version};

/// A list that failed is not tried again before this: who waits for it takes its error.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// By name. One that stands in no list does not exist, unless it is in doubt.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Mutex<HashMap<String, Entry>>,
    /// Held while the list is made.
    listed: tokio::sync::Mutex<Listed>,
}

#[derive(Debug, Default)]
enum Listed {
    #[default]
    NotYet,
    Done,
    /// We may not list them: each is read by itself.
    NotAllowed,
    Failed(Instant, ClusterError),
}

#[derive(Debug)]
enum Entry {
    /// As it is in the cluster: its text would be read again and again, so it is kept as it came.
    Known { text: Box<str>, resource_version: Box<str> },
    /// Somebody else wrote it, or nobody knows whether a write arrived.
    InDoubt,
}

/// What stands in the book of an instance.
enum Stands {
    This(Box<StoredInventory>),
    Nothing,
    InDoubt,
}

impl Book {
    pub(super) fn keep(&self, stored: &StoredInventory) {
        let text = serde_json::to_string(&stored.inventory).unwrap_or_default().into_boxed_str();
        let resource_version = stored.resource_version.clone().into_boxed_str();
        self.insert(inventory_name(&stored.inventory.instance), Entry::Known { text, resource_version });
    }

    pub(super) fn doubt(&self, instance: &InstanceId) {
        self.insert(inventory_name(instance), Entry::InDoubt);
    }

    fn insert(&self, name: String, entry: Entry) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(name, entry);
    }

    fn of(&self, instance: &InstanceId) -> Stands {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(&inventory_name(instance)) {
            None => Stands::Nothing,
            Some(Entry::InDoubt) => Stands::InDoubt,
            Some(Entry::Known { text, resource_version }) => match serde_json::from_str::<Inventory>(text) {
                Ok(inventory) if inventory.instance == *instance => Stands::This(Box::new(StoredInventory {
                    inventory,
                    resource_version: resource_version.to_string(),
                })),
                _ => Stands::InDoubt,
            },
        }
    }

    /// What is listed: an inventory that can't be read is in doubt, so that whoever needs it is told what is wrong.
    fn take_in(&self, listed: Vec<Value>) {
        for object in listed {
            let entry = match parse(&object, None) {
                Ok(inventory) if inventory_name(&inventory.instance) == meta(&object, "name") => Entry::Known {
                    text: serde_json::to_string(&inventory).unwrap_or_default().into_boxed_str(),
                    resource_version: resource_version(&object).into(),
                },
                _ => Entry::InDoubt,
            };
            self.insert(meta(&object, "name").to_owned(), entry);
        }
    }
}

impl ClusterClient {
    /// An instance's inventory as it was last read or written; nothing when there is none.
    pub async fn known_inventory(&self, instance: &InstanceId) -> Result<Option<StoredInventory>, ClusterError> {
        if self.inventories_listed().await? {
            match self.shared.inventories.of(instance) {
                Stands::This(stored) => return Ok(Some(*stored)),
                Stands::Nothing => return Ok(None),
                Stands::InDoubt => {}
            }
        }
        self.read_inventory(instance).await
    }

    /// Lists all inventories once. False when that is not allowed.
    async fn inventories_listed(&self) -> Result<bool, ClusterError> {
        let book = &self.shared.inventories;
        let mut listed = book.listed.lock().await;
        match &*listed {
            Listed::Done => return Ok(true),
            Listed::NotAllowed => return Ok(false),
            Listed::Failed(at, error) if at.elapsed() < AGAIN_AFTER => return Err(error.clone()),
            Listed::Failed(..) | Listed::NotYet => {}
        }
        let only = Query::new().with("labelSelector", format!("{COMPONENT_LABEL}=inventory"));
        let all = self.list_selected(&KindKey::new("v1", "ConfigMap"), self.own_namespace(), &only).await;
        *listed = match all {
            Ok(objects) => {
                book.take_in(objects);
                Listed::Done
            }
            Err(ClusterError::Forbidden { .. }) => Listed::NotAllowed,
            Err(error) => Listed::Failed(Instant::now(), error),
        };
        match &*listed {
            Listed::Failed(_, error) => Err(error.clone()),
            listed => Ok(matches!(listed, Listed::Done)),
        }
    }
}
