//! What a reconcile works with: its object, what is seen of what belongs to it, and the means to make that as it should be.

mod event;
mod made;
mod secret;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cluster::{ClusterClient, ClusterError, KindKey, ObjectKey, Snapshot, not_before};
use health::{CustomRules, Verdict};
use jiff::Timestamp;
use serde_json::Value;

use super::error::OperatorError;
use super::memo::Memo;
use super::{Shared, resource};
use crate::kinds::postgres_database::Reached;
use crate::objects::{is_deleted, uid_of};
use crate::postgres::Server;

pub(crate) use event::Event;
pub(crate) use made::is_made;
pub(crate) use secret::random;

/// When an object is looked at again.
pub(crate) enum Next {
    /// When something is different.
    WhenChanged,
    /// Then too.
    After(Duration),
}

/// One object and what is known of it.
pub(crate) struct Work {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: ObjectKey,
    /// As it was seen last.
    pub(crate) object: Value,
    pub(crate) memo: Memo,
    /// When this pass wants to be made again though nothing changes: what it waits for is not watched.
    pub(crate) again_in: Option<Duration>,
    /// How many passes failed, one after the other, up to now.
    pub(super) failures: u32,
    listened_to: BTreeSet<ObjectKey>,
}

impl Work {
    pub(super) fn new(shared: Arc<Shared>, key: ObjectKey) -> Self {
        Self {
            shared,
            key,
            object: Value::Null,
            memo: Memo::default(),
            again_in: None,
            failures: 0,
            listened_to: BTreeSet::new(),
        }
    }

    /// Reads the object as it is seen now; false when it is gone. Nothing of one that bore its name before is remembered.
    pub(super) fn look(&mut self) -> bool {
        let Some(mut object) = self.shared.watcher.seen(&self.key) else { return false };
        if self.object.is_object() && uid_of(&object) != self.uid() {
            *self = Self::new(Arc::clone(&self.shared), self.key.clone());
        }
        // What we wrote ourselves counts, though the watch has not told it yet.
        if let Some((version, status)) = &self.memo.status
            && !not_before(version_of(&object), version)
        {
            object["status"] = status.clone();
        }
        self.object = object;
        true
    }

    pub(super) fn listens_to(&mut self) -> Vec<ObjectKey> {
        self.listened_to = self.memo.refers_to.clone();
        self.listened_to.insert(self.key.clone());
        self.listened_to.iter().cloned().collect()
    }

    pub(super) fn refers_to_more(&self) -> bool {
        self.memo.refers_to.iter().any(|key| !self.listened_to.contains(key))
    }

    pub(crate) fn client(&self) -> &ClusterClient {
        &self.shared.client
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.settings.clock.now()
    }

    /// The namespace of the object.
    pub(crate) fn namespace(&self) -> &str {
        self.key.namespace.as_deref().unwrap_or_default()
    }

    /// The uid of the object.
    pub(crate) fn uid(&self) -> &str {
        uid_of(&self.object)
    }

    /// What is seen of these objects and of what they own.
    pub(crate) fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        self.shared.watcher.snapshot(keys)
    }

    /// How another object does, by all that it owns. Its changes wake this lane from now on. An error while that can't be seen, which passes by
    /// itself: what was said last still holds meanwhile.
    pub(crate) fn verdict_on(&mut self, key: &ObjectKey) -> Result<Verdict, OperatorError> {
        let Some(live) = self.other(key) else { return Ok(Verdict::Unknown("it is not seen yet".to_owned())) };
        let unseen = || ClusterError::Unreachable {
            context: self.client().context().to_owned(),
            why: "what there is can't be seen at the moment".to_owned(),
        };
        let verdict = self.shared.watcher.judge_other(&live, &CustomRules::default());
        Ok(verdict.ok_or_else(unseen)?)
    }

    /// This pass is made again after so long, or sooner where something else is waited for too.
    pub(crate) fn looks_again_in(&mut self, wait: Duration) {
        self.again_in = Some(self.again_in.map_or(wait, |other| other.min(wait)));
    }

    /// An object of ours in the namespace of this one.
    pub(crate) fn ours_beside(&self, kind: &str, name: &str) -> ObjectKey {
        ObjectKey { kind: resource(kind), namespace: self.key.namespace.clone(), name: name.to_owned() }
    }

    /// An object in the namespace of this one.
    pub(crate) fn beside(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        let namespace = self.key.namespace.clone();
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() }
    }

    /// Whether what is seen of an object is older than what we wrote of it ourselves.
    pub(crate) fn is_stale(&self, key: &ObjectKey, seen: &Value) -> bool {
        let written = self.memo.kept.get(key);
        written.is_some_and(|kept| !not_before(version_of(seen), &kept.applied.resource_version))
    }

    /// Another object that this one depends on, as it is seen now. Its changes wake this lane from now on.
    pub(crate) fn other(&mut self, key: &ObjectKey) -> Option<Value> {
        self.memo.refers_to.insert(key.clone());
        self.shared.watcher.seen(key)
    }

    /// Whether the object is on its way out.
    pub(crate) fn is_deleted(&self) -> bool {
        is_deleted(&self.object)
    }

    /// How a server is reached from here: as apps reach it, but for what the settings say.
    pub(crate) fn reached(&self, kind: &'static str, mut server: Server, host: String, port: u16) -> Reached {
        if let Some((host, port)) = self.shared.settings.reached_at.get(&format!("{host}:{port}")) {
            (server.host, server.port) = (host.clone(), *port);
        }
        Reached { kind, server, host, port, read_host: None }
    }
}

fn version_of(object: &Value) -> &str {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
}
