//! What a process of its own sees of a namespace's objects, and when, by watches that nothing else uses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Config};
use serde_json::Value;
use testkit::DevCluster;
use testkit::shop::Fault;
use tokio::sync::watch;

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Every state of some kinds of objects that was seen.
pub(crate) struct Watched {
    seen: Arc<Mutex<Vec<(Duration, Value)>>>,
    count: watch::Receiver<usize>,
}

impl Watched {
    /// Watches these kinds (group and kind) of a namespace until the runtime ends.
    pub(crate) async fn begin(namespace: &str, kinds: &[(&str, &str)]) -> Result<Self, Fault> {
        let cluster = DevCluster::shared().await?;
        let file = Kubeconfig::read_from(cluster.kubeconfig())?;
        let client = Client::try_from(Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?)?;
        Ok(Self::by(&client, namespace, kinds))
    }

    /// The same by a client that is there already.
    pub(crate) fn by(client: &Client, namespace: &str, kinds: &[(&str, &str)]) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let counted = Arc::new(counted);
        for (group, kind) in kinds {
            let version = if *group == "batch" || group.is_empty() || *group == "apps" { "v1" } else { "v1beta1" };
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
            let (seen, counted) = (Arc::clone(&seen), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut states = watcher(api, watcher::Config::default()).default_backoff().touched_objects().boxed();
                while let Some(state) = states.next().await {
                    let Ok(state) = state else { continue };
                    let at = now();
                    if let Ok(object) = serde_json::to_value(&state) {
                        let mut all = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        all.push((at, object));
                        let _ = counted.send_replace(all.len());
                    }
                }
            });
        }
        Self { seen, count }
    }

    /// When something like that was first seen after a moment; waits for it.
    pub(crate) async fn first(
        &mut self,
        what: &str,
        after: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Duration, Fault> {
        let looked = async {
            loop {
                self.count.mark_unchanged();
                if let Some(at) = self.found(after, &is_it) {
                    return Some(at);
                }
                if self.count.changed().await.is_err() {
                    return None;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, looked).await;
        found.ok().flatten().ok_or_else(|| format!("{what} was not seen").into())
    }

    /// When something like that was first seen after a moment, if it was.
    pub(crate) fn found(&self, after: Duration, is_it: impl Fn(&Value) -> bool) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|(at, object)| *at >= after && is_it(object)).map(|(at, _)| *at)
    }
}

/// Now, as the facts have it: all clocks of this machine are one.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
