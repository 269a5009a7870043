//! A cluster with a real node, an operator that looks after it, and a namespace with one App.

use std::time::Duration;

use cluster::{ClusterClient, KindKey, ObjectKey};
use operator::Operator;
use operator::local::Images;
use serde_json::{Value, json};
use testkit::DevCluster;
use testkit::devcluster::Options;
use testkit::real_node::{Forward, Inside, RealNode, Recipe, Site, skipped};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a thing may take on a busy machine: images are unpacked and databases made meanwhile.
const LIMIT: Duration = Duration::from_mins(4);
const OWN: &str = "pinnace-system";

pub(crate) struct Place {
    pub(crate) inside: Inside,
    /// The App's pages, through Traefik.
    pub(crate) site: Site,
    client: ClusterClient,
    namespace: String,
    operator: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    _ways: Vec<Forward>,
    _cluster: DevCluster,
}

impl Place {
    /// Nothing where there can be no node; why is said.
    pub(crate) async fn new(name: &str, host: &str) -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        if skipped().await.unwrap() {
            return None;
        }
        let real_node = Some(RealNode { traefik: true });
        let cluster = DevCluster::start(Options { nodes: 0, real_node, ..Options::default() }).await.unwrap();
        let inside = cluster.inside().unwrap().clone();
        let connect = || ClusterClient::connect(Some(cluster.kubeconfig()), "devcluster");
        let client = connect().await.unwrap();
        let crds = operator::crds();
        client.set_up(&crds).await.unwrap();
        client.wait_until_established(&crds.iter().collect::<Vec<_>>(), LIMIT).await.unwrap();
        client.make_namespace(OWN).await.unwrap();
        client.make_namespace(name).await.unwrap();
        let image = async |recipe| inside.server_image(recipe).await.unwrap().reference();
        let images = Images {
            postgres: image(Recipe::Postgres).await,
            redis: image(Recipe::Redis).await,
            rabbit: image(Recipe::RabbitMq).await,
            ..Images::default()
        };
        // The operator is outside of the cluster here.
        let mut settings = operator::Settings { images, ..operator::Settings::default() };
        let mut ways = Vec::new();
        for (server, port) in [("postgres", 5432), ("rabbit", 15672)] {
            let to = format!("{name}-{server}.{name}.svc:{port}");
            let way = inside.forward(&to).await.unwrap();
            settings.reached_at.insert(to, ("127.0.0.1".to_owned(), way.port()));
            ways.push(way);
        }
        let operator = Operator::begin(connect().await.unwrap(), settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let operator = tokio::spawn(operator.run(stopped));
        let site = Site::new(inside.http.as_ref().unwrap(), host);
        let namespace = name.to_owned();
        Some(Self { inside, site, client, namespace, operator, _stop: stop, _ways: ways, _cluster: cluster })
    }

    fn key(&self, api_version: &str, kind: &str) -> ObjectKey {
        let namespace = Some(self.namespace.clone());
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: self.namespace.clone() }
    }

    /// What people write.
    pub(crate) async fn write_app(&self, spec: Value) {
        let app = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App",
            "metadata": {"name": self.namespace, "namespace": self.namespace}, "spec": spec});
        self.client.set_up(&[app]).await.unwrap();
    }

    pub(crate) async fn database(&self) -> Value {
        self.client.get(&self.key("pinnace.dev/v1alpha1", "PostgresDatabase")).await.unwrap().unwrap()
    }

    /// Waits for a phase of what was written last, and gives the status.
    pub(crate) async fn phase(&self, phase: &str) -> Value {
        let key = self.key("pinnace.dev/v1alpha1", "App");
        let is_so = |live: &Value| {
            live["status"]["observedGeneration"] == live["metadata"]["generation"] && live["status"]["phase"] == phase
        };
        let waiting = async {
            loop {
                let live = self.client.get(&key).await.unwrap();
                if let Some(live) = live.as_ref().filter(|live| is_so(live)) {
                    return live["status"].clone();
                }
                self.client.news_of(&key, live.as_ref()).await.unwrap();
            }
        };
        if let Ok(status) = tokio::time::timeout(LIMIT, waiting).await {
            return status;
        }
        panic!("no {phase}: {:#}", self.client.get(&key).await.unwrap().unwrap_or_default()["status"])
    }

    /// The names of a process's pods.
    pub(crate) async fn pods_of(&self, process: &str) -> Vec<String> {
        let pods = self.client.list(&KindKey::new("v1", "Pod"), &self.namespace).await.unwrap();
        let of_it = pods.iter().filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/component"] == process);
        of_it.map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Somebody deletes an object of the API `v1`.
    pub(crate) async fn delete(&self, kind: &str, name: &str) {
        self.deleted(&ObjectKey { name: name.to_owned(), ..self.key("v1", kind) }).await;
    }

    /// The namespace is deleted with all that is in it, and is made again empty.
    pub(crate) async fn lose_namespace(&self) {
        let key = ObjectKey { namespace: None, ..self.key("v1", "Namespace") };
        let uid = self.deleted(&key).await;
        self.client.wait_until_gone(&key, &uid, LIMIT).await.unwrap();
        self.client.make_namespace(&self.namespace).await.unwrap();
    }

    async fn deleted(&self, key: &ObjectKey) -> String {
        let live = self.client.get(key).await.unwrap().unwrap();
        let uid = live["metadata"]["uid"].as_str().unwrap();
        self.client.delete(key, uid).await.unwrap();
        uid.to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.operator.abort();
    }
}
