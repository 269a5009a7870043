//! What is in a namespace, kept up to date by watches: the evidence for verdicts, and the first to know of drift.
//!
//! One stream a kind. Kinds that instances own are watched by our mark; pods and what lies between them and their workloads are
//! watched whole. Secrets are never watched: they are read one by one, by name.

use std::sync::Arc;

use futures::AsyncBufReadExt;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

mod judge;
mod snapshot;
mod store;
mod stream;

pub use snapshot::Snapshot;

use store::Store;
use stream::{Followed, follow};

/// Kinds between workloads and their pods, and the pods.
const CHILDREN: &[(&str, &str)] = &[("v1", "Pod"), ("apps/v1", "ReplicaSet"), ("apps/v1", "ControllerRevision")];

/// Watches one namespace of one cluster. Dropping it ends its watches.
#[derive(Debug)]
pub struct Watcher {
    client: ClusterClient,
    namespace: String,
    store: Arc<Store>,
    tasks: JoinSet<()>,
}

impl ClusterClient {
    /// Begins to watch a namespace: pods, what owns them, warnings, and these kinds.
    pub fn watch(&self, namespace: &str, kinds: &[KindKey]) -> Watcher {
        let mut watcher = Watcher {
            client: self.clone(),
            namespace: namespace.to_owned(),
            store: Arc::new(Store::new()),
            tasks: JoinSet::new(),
        };
        for (api_version, kind) in CHILDREN {
            watcher.start(Followed { kind: KindKey::new(api_version, kind), by_mark: false, optional: false });
        }
        watcher.start(Followed { kind: KindKey::new("v1", "Event"), by_mark: false, optional: true });
        watcher.follow(kinds);
        watcher
    }

    /// Waits for an object to become so, by watching just that one.
    pub(crate) async fn wait_for(
        &self,
        key: &ObjectKey,
        limit: std::time::Duration,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<(), ClusterError> {
        let waiting = async {
            loop {
                let live = self.get(key).await?;
                if live.as_ref().is_some_and(&is_so) {
                    return Ok(());
                }
                let since = live.as_ref().map(crate::objects::resource_version).unwrap_or_default();
                let mut lines = Box::pin(stream::open_one(self, key, since).await?).lines();
                while let Some(Ok(line)) = futures::StreamExt::next(&mut lines).await {
                    let event: Value = serde_json::from_str(&line).unwrap_or_default();
                    if event.get("object").is_some_and(&is_so) {
                        return Ok(());
                    }
                }
            }
        };
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| {
            Err(ClusterError::Timeout {
                context: self.context().to_owned(),
                what: format!("wait for {key}"),
                after: limit,
            })
        })
    }
}

impl Watcher {
    /// The namespace that is watched.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Watches these kinds too; those that are watched already go on.
    pub fn follow(&mut self, kinds: &[KindKey]) {
        for kind in kinds.iter().filter(|kind| !kind.is_secret()) {
            self.start(Followed { kind: kind.clone(), by_mark: true, optional: false });
            if kind.is("batch", "CronJob") {
                self.start(Followed { kind: KindKey::new("batch/v1", "Job"), by_mark: false, optional: false });
            }
        }
    }

    /// Wakes whenever something changed: an object, or whether we see at all. The number means nothing but "different".
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.store.changes()
    }

    /// What is known now of these objects and everything they own. Costs no request.
    pub fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        self.store.snapshot(keys)
    }

    fn start(&mut self, followed: Followed) {
        if self.store.add_stream(&followed.kind, followed.optional) {
            self.tasks.spawn(follow(self.client.clone(), self.namespace.clone(), followed, self.store.clone()));
        }
    }
}
