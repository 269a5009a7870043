//! A namespace with an operator that looks after it, and a person who edits things there.

use std::time::Duration;

use cluster::setup::kubeconfig_for;
use cluster::{ClusterClient, KindKey, ObjectKey};
use operator::{Operator, OperatorError, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::server::Server;

/// How long something may take on a machine that has much else to do. A Job that tries three times takes most of a minute on any.
const LIMIT: Duration = Duration::from_mins(4);

pub(crate) struct Field {
    pub(crate) server: Server,
    /// The person's.
    pub(crate) client: ClusterClient,
    /// With the rights of an operator, and no others.
    folder: TempDir,
    /// What its operators are told.
    pub(crate) settings: Settings,
    operator: Option<(JoinHandle<()>, watch::Sender<bool>)>,
}

/// `registry.example/acme/shop:TAG` with a digest that follows from the tag.
pub(crate) fn image(tag: &str) -> String {
    let digit = |at: usize| char::from(b"0123456789abcdef"[tag.as_bytes()[at % tag.len()] as usize * (at + 7) % 16]);
    let digest: String = (0..64).map(digit).collect();
    format!("registry.example/acme/shop:{tag}@sha256:{digest}")
}

impl Field {
    /// A namespace without an operator yet.
    pub(crate) async fn new() -> Self {
        Self::of(Server::new().await).await
    }

    /// The same in this place.
    pub(crate) async fn of(server: Server) -> Self {
        let rights = operator::rights(&server.own_namespace(), Some(&server.namespace));
        Self::with(server, rights).await
    }

    /// Its operator has the rights of one that looks after the whole cluster, which don't go with the namespace.
    pub(crate) async fn with_rights_over_all() -> Self {
        let server = Server::new().await;
        let mut rights = operator::rights(&server.own_namespace(), None);
        // Other tests have theirs.
        for one in rights.iter_mut().filter(|one| one["kind"].as_str().unwrap().starts_with("ClusterRole")) {
            let name = json!(format!("pinnace-operator-all-{}", server.namespace));
            if one["roleRef"].is_object() {
                one["roleRef"]["name"] = name.clone();
            }
            one["metadata"]["name"] = name;
        }
        Self::with(server, rights).await
    }

    async fn with(server: Server, rights: Vec<Value>) -> Self {
        let kubeconfig = server.cluster.kubeconfig();
        let settings = cluster::Settings { own_namespace: server.own_namespace(), ..cluster::Settings::default() };
        let client = ClusterClient::connect_with(Some(kubeconfig), "devcluster", settings).await.unwrap();
        client.make_namespace(&server.own_namespace()).await.unwrap();
        // A new operator of the same name need not wait until the Lease of the one before runs out.
        let (namespace, identity) = (Some(server.namespace.clone()), "test".to_owned());
        let settings = Settings { namespace, identity, ..Settings::default() };
        client.set_up(&rights).await.unwrap();
        let token = client.token_of(operator::ACCOUNT, Duration::from_hours(1)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = kubeconfig_for(Some(kubeconfig), "devcluster", &token).unwrap();
        std::fs::write(folder.path().join("kubeconfig"), file.expose()).unwrap();
        Self { server, client, settings, folder, operator: None }
    }

    /// The same, with one.
    pub(crate) async fn looked_after() -> Self {
        let mut field = Self::new().await;
        field.begin().await;
        field
    }

    /// An operator begins, as after a restart: it remembers nothing.
    pub(crate) async fn begin(&mut self) {
        self.operator = Some(self.another(self.settings.clone()).await);
    }

    /// An operator beside the one that there is.
    pub(crate) async fn another(&self, settings: Settings) -> (JoinHandle<()>, watch::Sender<bool>) {
        let operator = self.tried(settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        (tokio::spawn(operator.run(stopped)), stop)
    }

    /// One that does not run yet, or why it can't begin.
    pub(crate) async fn tried(&self, settings: Settings) -> Result<Operator, OperatorError> {
        let own = self.server.own_namespace();
        let command_for_rights = operator::command_for_rights(&own, Some(&self.server.namespace));
        let own = cluster::Settings { own_namespace: own, command_for_rights, ..cluster::Settings::default() };
        let kubeconfig = self.folder.path().join("kubeconfig");
        let client = ClusterClient::connect_with(Some(&kubeconfig), "devcluster", own).await.unwrap();
        Operator::begin(client, settings).await
    }

    /// The operator is gone at once, wherever it was.
    pub(crate) async fn kill(&mut self) {
        if let Some((task, _)) = self.operator.take() {
            task.abort();
            let _ = task.await;
        }
    }

    pub(crate) fn key(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        let namespace = Some(self.server.namespace.clone());
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() }
    }

    pub(crate) fn app(&self, name: &str) -> ObjectKey {
        self.key("pinnace.dev/v1alpha1", "App", name)
    }

    /// What people write: an App with this spec.
    pub(crate) async fn write_app(&self, name: &str, spec: Value) -> Value {
        let app = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App",
            "metadata": {"name": name, "namespace": self.server.namespace}, "spec": spec});
        self.server.write(&app).await.unwrap()
    }

    /// A volume for a claim of this name: nobody makes them here.
    pub(crate) async fn volume(&self, claim: &str) {
        let namespace = &self.server.namespace;
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("{namespace}-{claim}")}, "spec": {
            "capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/nowhere"},
            "claimRef": {"namespace": namespace, "name": claim}, "persistentVolumeReclaimPolicy": "Retain"}});
        self.client.create(&volume).await.unwrap();
    }

    pub(crate) async fn get(&self, key: &ObjectKey) -> Option<Value> {
        self.client.get(key).await.unwrap()
    }

    /// Waits until an object is so; it is told by a watch.
    pub(crate) async fn until(&self, key: &ObjectKey, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        self.until_any(key, what, |live| live.is_some_and(&is_so)).await.unwrap_or_default()
    }

    pub(crate) async fn until_gone(&self, key: &ObjectKey) {
        self.until_any(key, "gone", |live| live.is_none()).await;
    }

    async fn until_any(&self, key: &ObjectKey, what: &str, is_so: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
        let waiting = async {
            loop {
                let live = self.get(key).await;
                if is_so(live.as_ref()) {
                    return live;
                }
                self.client.news_of(key, live.as_ref()).await.unwrap();
            }
        };
        if let Ok(live) = tokio::time::timeout(LIMIT, waiting).await {
            return live;
        }
        panic!("{key} did not become {what}: {:#}", self.get(key).await.unwrap_or_default())
    }

    /// Deletes an object that is there, and gives its uid.
    pub(crate) async fn delete(&self, key: &ObjectKey) -> Value {
        let uid = self.get(key).await.unwrap()["metadata"]["uid"].clone();
        self.client.delete(key, uid.as_str().unwrap()).await.unwrap();
        uid
    }

    /// The same, and waits until it is gone. Another one of its name may be there at once.
    pub(crate) async fn ended(&self, key: &ObjectKey) {
        let uid = self.delete(key).await;
        self.until_any(key, "gone", |live| live.is_none_or(|live| live["metadata"]["uid"] != uid)).await;
    }

    /// Waits for a phase of an App, and gives its status.
    pub(crate) async fn phase(&self, name: &str, phase: &str) -> Value {
        let is_so = |live: &Value| {
            let seen = live["status"]["observedGeneration"] == live["metadata"]["generation"];
            seen && live["status"]["phase"] == phase
        };
        self.until(&self.app(name), phase, is_so).await["status"].clone()
    }

    /// The objects of a kind in the namespace.
    pub(crate) async fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        self.client.list(&KindKey::new(api_version, kind), &self.server.namespace).await.unwrap()
    }

    pub(crate) async fn names(&self, api_version: &str, kind: &str) -> Vec<String> {
        let listed = self.list(api_version, kind).await;
        let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
        let ours = |object: &&Value| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "pinnace-operator";
        let mut names: Vec<String> = listed.iter().filter(ours).map(name).collect();
        names.sort();
        names
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if let Some((task, _)) = &self.operator {
            task.abort();
        }
    }
}

/// What the condition of an App or a database says.
pub(crate) fn message<'a>(status: &'a Value, condition: &str) -> &'a str {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|one| one["type"] == condition).and_then(|one| one["message"].as_str()).unwrap_or_default()
}
