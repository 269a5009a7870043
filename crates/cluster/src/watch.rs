//! What is in a namespace, kept up to date by watches: the evidence for verdicts, and the first to know of drift.
//!
//! One stream a kind. Kinds that instances own are watched by our mark; pods and what lies between them and their workloads are
//! watched whole. Secrets are watched only where that is wanted, and of them only the metadata: a value never comes along. Else they are
//! read one by one, by name.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::AsyncBufReadExt;
use health::CustomRules;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::apply::Applied;
use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::imprint::Imprint;
use crate::key::{KindKey, ObjectKey};
use crate::objects::resource_version;
use crate::replicas::Autoscaled;

mod judge;
mod listeners;
mod made;
mod snapshot;
mod store;
mod stream;

pub use listeners::Changes;
pub use snapshot::{Snapshot, not_before};

use store::Store;
use stream::{Followed, Interest, follow};

/// Kinds between workloads and their pods, and the pods.
const CHILDREN: &[(&str, &str)] = &[("v1", "Pod"), ("apps/v1", "ReplicaSet"), ("apps/v1", "ControllerRevision")];

/// A stream that has just begun is given this long to see.
const SEEN_WITHIN: Duration = Duration::from_secs(3);

/// Watches one namespace of one cluster. Watchers of the same namespace share their watches, which end with the last of them.
#[derive(Debug, Clone)]
pub struct Watcher {
    watched: Arc<Watched>,
}

#[derive(Debug)]
pub(crate) struct Watched {
    client: ClusterClient,
    namespace: String,
    store: Arc<Store>,
    tasks: Mutex<JoinSet<()>>,
}

impl ClusterClient {
    /// Begins to watch a namespace: pods, what owns them, warnings, and these kinds.
    pub fn watch(&self, namespace: &str, kinds: &[KindKey]) -> Watcher {
        let mut all = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, watched| watched.strong_count() > 0);
        let known = all.get(namespace).and_then(Weak::upgrade);
        let watcher = Watcher { watched: known.unwrap_or_else(|| Arc::new(Watched::begin(self, namespace))) };
        all.insert(namespace.to_owned(), Arc::downgrade(&watcher.watched));
        drop(all);
        watcher.follow(kinds);
        watcher
    }

    /// Waits until something is told of one object since it was read; of one that is not there, until it is. Whoever it is of.
    pub async fn news_of(&self, key: &ObjectKey, live: Option<&Value>) -> Result<(), ClusterError> {
        let since = live.map(resource_version).unwrap_or_default();
        let mut lines = Box::pin(stream::open_one(self, key, since).await?).lines();
        while let Some(Ok(line)) = futures::StreamExt::next(&mut lines).await {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["type"] != "BOOKMARK" {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits until the object with this uid is gone.
    pub async fn wait_until_gone(&self, key: &ObjectKey, uid: &str, limit: Duration) -> Result<(), ClusterError> {
        let waiting = async {
            loop {
                let live = self.get(key).await?;
                if live.as_ref().is_none_or(|live| crate::objects::uid(live) != uid) {
                    return Ok(());
                }
                self.news_of(key, live.as_ref()).await?;
            }
        };
        let what = format!("wait until {key} is gone");
        let timeout = || ClusterError::Timeout { context: self.context().to_owned(), what, after: limit };
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| Err(timeout()))
    }

    /// Waits for an object to become so, by watching just that one.
    pub(crate) async fn wait_for(
        &self,
        key: &ObjectKey,
        limit: Duration,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<(), ClusterError> {
        let waiting = async {
            loop {
                let live = self.get(key).await?;
                if live.as_ref().is_some_and(&is_so) {
                    return Ok(());
                }
                let since = live.as_ref().map(resource_version).unwrap_or_default();
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

/// How a snapshot stands to the cluster itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing newer is there.
    Current,
    /// Something newer has been seen meanwhile: look again.
    Older,
    /// Something newer is there that no watch told: what was seen counts for nothing.
    Silent,
}

/// An event that is on its way comes within this time.
const CATCHES_UP_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

impl Watcher {
    /// The namespace that is watched.
    pub fn namespace(&self) -> &str {
        &self.watched.namespace
    }

    /// Watches these kinds too; those that are watched already go on.
    pub fn follow(&self, kinds: &[KindKey]) {
        for kind in kinds.iter().filter(|kind| !kind.is_secret()) {
            // A Job may be ours or a CronJob's, a database of ours an instance's or made for its App: those bear no mark.
            let is_made = kind.is("batch", "Job") || (kind.is_ours() && kind.kind != "App");
            let interest = if is_made { Interest::Whole } else { Interest::Marked };
            self.watched.start(Followed { kind: kind.clone(), interest });
            if kind.is("batch", "CronJob") {
                self.watched.start(Followed { kind: KindKey::new("batch/v1", "Job"), interest: Interest::Whole });
            }
        }
    }

    /// Watches these kinds too, whoever their objects are of, where that is allowed. Where it is not, nothing else is blind for it.
    pub fn follow_beside(&self, kinds: &[KindKey]) {
        for kind in kinds.iter().filter(|kind| !kind.is_secret()) {
            self.watched.start(Followed { kind: kind.clone(), interest: Interest::Others });
        }
    }

    /// Watches Secrets too, which needs the right to list and watch them. Who changed what is told by their metadata.
    pub fn follow_secrets(&self) {
        self.watched.start(Followed { kind: KindKey::new("v1", "Secret"), interest: Interest::MarkedMetadata });
    }

    /// Wakes whenever something changed: an object, or whether we see at all. The number means nothing but "different".
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.watched.store.changes()
    }

    /// What is known now of these objects and everything they own. Costs no request.
    pub fn snapshot(&self, keys: &[ObjectKey]) -> Snapshot {
        self.watched.store.snapshot(keys)
    }

    /// Judges an object that is not watched, as it was read, by what is known of all that it owns. Nothing while that can't be
    /// seen.
    pub fn judge_other(&self, live: &Value, custom: &health::CustomRules) -> Option<health::Verdict> {
        let snapshot = self.watched.store.owned_by(live);
        let children = health::Children::new(snapshot.children.iter().chain(&snapshot.events).map(Arc::as_ref));
        snapshot.healthy_stream.then(|| health::judge_object(live, &children, custom))
    }

    /// Wakes when one of these objects changed, or something that they own, or whether we see at all.
    pub fn changes_of(&self, keys: &[ObjectKey]) -> Changes {
        self.watched.store.changes_of(keys)
    }

    /// The imprints of these objects as they are now, in their order; of those that do not exist, none. Nothing while a stream
    /// that matters for them is down. Costs no request.
    pub fn imprints(&self, keys: &[ObjectKey]) -> Option<Vec<Option<Imprint>>> {
        self.watched.store.imprints(keys)
    }

    /// What the live autoscalers of the namespace target; nothing while they can't be seen, and where we may not look. From the
    /// first call on they are watched, and that call waits until they are seen.
    pub async fn autoscaled(&self) -> Option<Autoscaled> {
        let kind = KindKey::new("autoscaling/v2", "HorizontalPodAutoscaler");
        let mut changes = self.changes();
        self.watched.start(Followed { kind: kind.clone(), interest: Interest::Others });
        let store = &self.watched.store;
        let seeing = changes.wait_for(|_| store.is_known(&kind));
        tokio::time::timeout(SEEN_WITHIN, seeing).await.ok()?.ok()?;
        Some(Autoscaled::by(&store.all(&kind)?, &self.watched.namespace))
    }

    /// Compares what was seen of these applied objects with the cluster itself.
    ///
    /// A watch may be silent though things happen, so a verdict that rests on time alone asks this first. An event may be on its
    /// way, so a stream is given a moment to catch up; where it does not everything is listed again, and nothing counts as seen
    /// until it was. Costs a request for each object whose verdict rests on its status.
    pub async fn freshness(
        &self,
        applied: &[Applied],
        snapshot: &Snapshot,
        custom: &CustomRules,
    ) -> Result<Freshness, ClusterError> {
        let version = |object: Option<&Value>| object.map(|object| resource_version(object).to_owned());
        let mut freshness = Freshness::Current;
        let rests = |one: &Applied| {
            let seen = snapshot.objects.get(&one.key);
            seen.is_none_or(|seen| health::rests_on_status(seen, custom))
        };
        let asked = applied.iter().filter(|one| one.has_status != Some(false) && !one.key.kind.is_secret());
        for one in asked.filter(|one| rests(one)) {
            let live = version(self.watched.client.get(&one.key).await?.as_ref());
            if live == version(snapshot.objects.get(&one.key).map(Arc::as_ref)) {
                continue;
            }
            let keys = std::slice::from_ref(&one.key);
            let mut changes = self.changes_of(keys);
            let caught_up = async {
                while version(self.snapshot(keys).objects.get(&one.key).map(Arc::as_ref)) != live {
                    changes.changed().await;
                    changes.mark_unchanged();
                }
            };
            if tokio::time::timeout(CATCHES_UP_WITHIN, caught_up).await.is_err() {
                self.watched.store.look_anew();
                return Ok(Freshness::Silent);
            }
            freshness = Freshness::Older;
        }
        Ok(freshness)
    }

    /// The first snapshot that sees, or after this time the last one that does not ([`Snapshot::healthy_stream`]).
    ///
    /// To be used before the restarts of containers are taken down: a watch that has just begun knows none.
    pub async fn sighted(&self, keys: &[ObjectKey], limit: Duration) -> Snapshot {
        let mut changes = self.changes_of(keys);
        let waiting = async {
            loop {
                changes.mark_unchanged();
                let snapshot = self.snapshot(keys);
                if snapshot.healthy_stream {
                    return snapshot;
                }
                changes.changed().await;
            }
        };
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| self.snapshot(keys))
    }
}

impl Watched {
    fn begin(client: &ClusterClient, namespace: &str) -> Self {
        let watched = Self::new(client, namespace);
        for (api_version, kind) in CHILDREN {
            watched.start(Followed { kind: KindKey::new(api_version, kind), interest: Interest::Always });
        }
        watched.start(Followed { kind: KindKey::new("v1", "Event"), interest: Interest::Optional });
        watched
    }

    fn new(client: &ClusterClient, namespace: &str) -> Self {
        let (store, tasks) = (Arc::new(Store::new()), Mutex::default());
        Self { client: client.clone(), namespace: namespace.to_owned(), store, tasks }
    }

    fn start(&self, followed: Followed) {
        if self.store.add_stream(&followed) {
            let following = follow(self.client.clone(), self.namespace.clone(), followed, self.store.clone());
            self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(following);
        }
    }
}
