//! The clusters, one connection for each kube context and one set of watches for each instance, made when first needed.

use std::collections::HashMap;
use std::path::PathBuf;

use cluster::{ClusterClient, ClusterError, KindKey, Settings, Watcher};
use model::InstanceId;
use tokio::sync::Mutex;

pub(crate) struct Clusters {
    kubeconfig: Option<PathBuf>,
    own_namespace: String,
    connected: Mutex<HashMap<String, ClusterClient>>,
    watchers: Mutex<HashMap<InstanceId, Watcher>>,
}

impl Clusters {
    pub(crate) fn new(kubeconfig: Option<PathBuf>, own_namespace: String) -> Self {
        Self { kubeconfig, own_namespace, connected: Mutex::default(), watchers: Mutex::default() }
    }

    /// The cluster of this context.
    pub(crate) async fn get(&self, context: &str) -> Result<ClusterClient, ClusterError> {
        let mut connected = self.connected.lock().await;
        if let Some(client) = connected.get(context) {
            return Ok(client.clone());
        }
        let settings = Settings { own_namespace: self.own_namespace.clone(), ..Settings::default() };
        let client = ClusterClient::connect_with(self.kubeconfig.as_deref(), context, settings).await?;
        connected.insert(context.to_owned(), client.clone());
        Ok(client)
    }

    /// The watches of an instance, which go on from pin to pin; these kinds are among what they see.
    pub(crate) async fn watcher(
        &self,
        id: &InstanceId,
        client: &ClusterClient,
        namespace: &str,
        kinds: &[KindKey],
    ) -> Watcher {
        let mut watchers = self.watchers.lock().await;
        if watchers.get(id).is_some_and(|watcher| watcher.namespace() != namespace) {
            watchers.remove(id);
        }
        let watcher = watchers.entry(id.clone()).or_insert_with(|| client.watch(namespace, kinds));
        watcher.follow(kinds);
        watcher.clone()
    }
}
