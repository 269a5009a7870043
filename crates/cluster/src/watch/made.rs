//! What the operator watches: our custom resources, and what it made for them.

use std::sync::{Arc, PoisonError, Weak};

use serde_json::Value;
use tokio::sync::watch;

use super::stream::{Followed, Interest};
use super::{CHILDREN, Watched, Watcher};
use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

impl ClusterClient {
    /// Begins to watch these custom resources, the metadata of Secrets, and what the operator made. An empty namespace is the whole
    /// cluster.
    ///
    /// Not for a client that also watches what instances own: one client sees a kind in one way.
    pub fn watch_resources(&self, namespace: &str, resources: &[KindKey]) -> Watcher {
        let mut all = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, watched| watched.strong_count() > 0);
        let known = all.get(namespace).and_then(Weak::upgrade);
        let watched = known.unwrap_or_else(|| Arc::new(Watched::of_operator(self, namespace, resources)));
        all.insert(namespace.to_owned(), Arc::downgrade(&watched));
        Watcher { watched }
    }
}

impl Watched {
    fn of_operator(client: &ClusterClient, namespace: &str, resources: &[KindKey]) -> Self {
        let watched = Self::new(client, namespace);
        for (api_version, kind) in CHILDREN {
            watched.start(Followed { kind: KindKey::new(api_version, kind), interest: Interest::AlwaysMade });
        }
        watched.start(Followed { kind: KindKey::new("v1", "Event"), interest: Interest::Optional });
        watched.start(Followed { kind: KindKey::new("v1", "Secret"), interest: Interest::Metadata });
        for kind in resources {
            watched.start(Followed { kind: kind.clone(), interest: Interest::Resources });
        }
        watched
    }
}

impl Watcher {
    /// Watches what the operator made of these kinds.
    pub fn follow_made(&self, kinds: &[KindKey]) {
        for kind in kinds {
            self.watched.start(Followed { kind: kind.clone(), interest: Interest::Made });
        }
    }

    /// Tells when custom resources come or go. The number means nothing but "different".
    pub fn resources(&self) -> watch::Receiver<u64> {
        self.watched.store.resources()
    }

    /// The keys of the objects of a kind that are seen; nothing while they are not.
    pub fn keys(&self, kind: &KindKey) -> Option<Vec<ObjectKey>> {
        self.watched.store.keys(kind)
    }

    /// The kinds that are watched whatever is asked for: what becomes of what was made.
    pub fn always_watched() -> Vec<KindKey> {
        CHILDREN.iter().map(|(api_version, kind)| KindKey::new(api_version, kind)).collect()
    }

    /// Why a kind is not seen, as far as that is known.
    pub fn trouble(&self, kind: &KindKey) -> Option<ClusterError> {
        self.watched.store.trouble(kind)
    }

    /// One object as it is seen now, without its field owners, and of a Secret its metadata alone.
    pub fn seen(&self, key: &ObjectKey) -> Option<Value> {
        self.watched.store.object(key)
    }
}
