//! What a reconcile works with: its object, what is seen of what belongs to it, and the means to make that as it should be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{
    Applied, ClusterClient, ClusterError, Created, KindKey, MADE_BY, MADE_LABEL, ObjectKey, Snapshot, not_before,
};
use health::{CustomRules, Verdict};
use jiff::Timestamp;
use secrets::Redactor;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::error::OperatorError;
use super::memo::{Kept, Memo};
use super::{Shared, resource};
use crate::kinds::postgres_database::Reached;
use crate::postgres::Server;

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
    listened_to: BTreeSet<ObjectKey>,
}

impl Work {
    pub(super) fn new(shared: Arc<Shared>, key: ObjectKey) -> Self {
        Self { shared, key, object: Value::Null, memo: Memo::default(), listened_to: BTreeSet::new() }
    }

    /// Reads the object as it is seen now; false when it is gone.
    pub(super) fn look(&mut self) -> bool {
        let Some(mut object) = self.shared.watcher.seen(&self.key) else { return false };
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
        self.object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default()
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

    /// An object of ours in the namespace of this one.
    pub(crate) fn ours_beside(&self, kind: &str, name: &str) -> ObjectKey {
        ObjectKey { kind: resource(kind), namespace: self.key.namespace.clone(), name: name.to_owned() }
    }

    /// An object in the namespace of this one.
    pub(crate) fn beside(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        let namespace = self.key.namespace.clone();
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() }
    }

    /// Another object that this one depends on, as it is seen now. Its changes wake this lane from now on.
    pub(crate) fn other(&mut self, key: &ObjectKey) -> Option<Value> {
        self.memo.refers_to.insert(key.clone());
        self.shared.watcher.seen(key)
    }

    /// A Secret of this namespace. It is read again only when it is another. Its changes wake this lane from now on.
    pub(crate) async fn secret(&mut self, name: &str) -> Result<Option<Value>, OperatorError> {
        self.secret_at(&self.beside("v1", "Secret", name)).await
    }

    /// A Secret in our own namespace.
    pub(crate) fn own_secret(&self, name: &str) -> ObjectKey {
        let namespace = Some(self.client().own_namespace().to_owned());
        ObjectKey { kind: KindKey::new("v1", "Secret"), namespace, name: name.to_owned() }
    }

    /// A Secret anywhere. Where its namespace is not watched it is read each time.
    pub(crate) async fn secret_at(&mut self, key: &ObjectKey) -> Result<Option<Value>, OperatorError> {
        let seen = self.other(key);
        let version = seen.as_ref().map(version_of).unwrap_or_default();
        // What we wrote ourselves counts, though the watch has not told it yet.
        let written = self.memo.kept.get(key).map(|kept| kept.applied.resource_version.as_str());
        let is_new = !version.is_empty() && written.is_none_or(|written| not_before(version, written));
        if let Some((known, secret)) = self.memo.secrets.get(key)
            && is_new
            && known == version
        {
            return Ok(secret.clone());
        }
        let live = self.client().get(key).await?;
        if let Some(live) = &live {
            learn(&self.shared.settings.redactor, live);
        }
        let version = live.as_ref().map(version_of).unwrap_or_default().to_owned();
        self.memo.secrets.insert(key.clone(), (version, live.clone()));
        Ok(live)
    }

    /// Makes an object as it should be, with this one as its owner. Asks nothing while it is as it was made.
    pub(crate) async fn keep(
        &mut self,
        desired: &Value,
        autoscaled: &cluster::Autoscaled,
    ) -> Result<Applied, OperatorError> {
        let desired = self.owned(desired);
        self.keep_as_it_is(&desired, autoscaled).await
    }

    /// The same of an object that says itself whose it is, or is nobody's.
    pub(crate) async fn keep_as_it_is(
        &mut self,
        desired: &Value,
        autoscaled: &cluster::Autoscaled,
    ) -> Result<Applied, OperatorError> {
        let key = self.client().key_of(desired, self.namespace()).await?;
        let text: [u8; 32] = Sha256::digest(desired.to_string()).into();
        if let Some(kept) = self.memo.kept.get(&key).filter(|kept| kept.text == text) {
            match self.shared.watcher.imprints(std::slice::from_ref(&key)) {
                // It can't be seen now: whoever changes it is found out when it can.
                None => return Ok(kept.applied.clone()),
                Some(seen) if seen == [Some(kept.applied.imprint)] => return Ok(kept.applied.clone()),
                Some(_) => {}
            }
        }
        let owner = desired.pointer("/metadata/ownerReferences/0/uid").and_then(Value::as_str);
        let applied = self.client().keep(desired, owner, autoscaled).await?;
        self.memo.kept.insert(key, Kept { text, applied: applied.clone() });
        Ok(applied)
    }

    /// Makes an object where there is none of its name, with this one as its owner, and says how it is.
    pub(crate) async fn make_once(&self, object: &Value) -> Result<Created, OperatorError> {
        Ok(self.client().create(&self.owned(object)).await?)
    }

    /// The same with this object as its owner: it goes with it.
    fn owned(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let owner = json!([{
            "apiVersion": self.key.kind.api_version(), "kind": self.key.kind.kind, "name": self.key.name, "uid": self.uid(),
            "controller": true, "blockOwnerDeletion": true,
        }]);
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("ownerReferences".to_owned(), owner);
            metadata.entry("namespace").or_insert_with(|| json!(self.key.namespace));
        }
        object
    }

    /// Values that are made at random where they are not there yet, in a Secret that nothing else writes. They outlive this object:
    /// what was encrypted with them can be read again.
    pub(crate) async fn made_at_random(&mut self, key: &ObjectKey, keys: &[String]) -> Result<(), OperatorError> {
        for _ in 0..3 {
            let live = self.secret_at(key).await?;
            let has = |key: &String| live.as_ref().is_some_and(|live| live["data"].get(key).is_some());
            let mut data = Map::new();
            for key in keys.iter().filter(|key| !has(key)) {
                data.insert(key.clone(), json!(STANDARD.encode(random()?)));
            }
            if data.is_empty() {
                return Ok(());
            }
            let written = match &live {
                None => {
                    let labels = json!({MADE_LABEL: MADE_BY});
                    let metadata = json!({"name": key.name, "namespace": key.namespace, "labels": labels});
                    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data});
                    self.client().create(&secret).await.map(drop)
                }
                Some(live) => self.client().add_to_secret(key, live, &data).await.map(drop),
            };
            match written {
                // Another replica was faster: its values count.
                Ok(()) | Err(ClusterError::Conflict { .. }) => self.memo.secrets.remove(key),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(())
    }

    /// Deletes an object that is there, whoever made it.
    pub(crate) async fn delete_other(&self, key: &ObjectKey) -> Result<(), OperatorError> {
        let Some(live) = self.client().get(key).await? else { return Ok(()) };
        let uid = live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.client().delete(key, uid).await?;
        Ok(())
    }

    /// Whether the object is on its way out.
    pub(crate) fn is_deleted(&self) -> bool {
        self.object.pointer("/metadata/deletionTimestamp").is_some()
    }

    /// Whether this finalizer holds it.
    pub(crate) fn has_finalizer(&self, name: &str) -> bool {
        let finalizers = self.object.pointer("/metadata/finalizers").and_then(Value::as_array);
        finalizers.is_some_and(|all| all.iter().any(|one| one == name))
    }

    /// Sets or takes off a finalizer; those of others stay.
    pub(crate) async fn set_finalizer(&mut self, name: &str, wanted: bool) -> Result<(), OperatorError> {
        if self.has_finalizer(name) == wanted {
            return Ok(());
        }
        let there = self.object.pointer("/metadata/finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut all: Vec<&str> = there.iter().filter_map(Value::as_str).filter(|one| *one != name).collect();
        all.extend(wanted.then_some(name));
        self.object = self.client().set_finalizers(&self.object, &all).await?;
        Ok(())
    }

    /// How a server is reached from here: as apps reach it, but for what the settings say.
    pub(crate) fn reached(&self, kind: &'static str, mut server: Server, host: String, port: u16) -> Reached {
        if let Some((host, port)) = self.shared.settings.reached_at.get(&format!("{host}:{port}")) {
            (server.host, server.port) = (host.clone(), *port);
        }
        Reached { kind, server, host, port, read_host: None }
    }

    /// Whether the same was asked for not long ago, and was so.
    pub(crate) fn is_fresh(&self, what: &str, lasts: Duration) -> bool {
        self.memo.done.as_ref().is_some_and(|(done, at)| done == what && at.elapsed() < lasts)
    }

    /// It is so now.
    pub(crate) fn is_done(&mut self, what: String) {
        self.memo.done = Some((what, Instant::now()));
    }

    /// Writes the status where it is another than what is there.
    pub(crate) async fn write_status(&mut self, status: &Value) -> Result<(), OperatorError> {
        if self.object.get("status").unwrap_or(&Value::Null) == status {
            return Ok(());
        }
        let live = self.client().write_status(&self.key, status).await?;
        self.memo.status = Some((version_of(&live).to_owned(), status.clone()));
        Ok(())
    }
}

/// What stands in Secrets of connections and is none.
const NO_SECRETS: &[&str] = &["database", "host", "name", "port", "readHost", "sslmode", "username", "vhost"];

fn learn(redactor: &Redactor, secret: &Value) {
    let mut hidden = secret.clone();
    if let Some(data) = hidden.get_mut("data").and_then(Value::as_object_mut) {
        data.retain(|key, _| !NO_SECRETS.contains(&key.as_str()));
    }
    for value in secrets::secret_values(&hidden) {
        redactor.register(value.expose());
    }
}

fn version_of(object: &Value) -> &str {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
}

/// 32 random bytes, in letters that need no escape anywhere.
pub(crate) fn random() -> Result<String, OperatorError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| OperatorError::Random(error.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
