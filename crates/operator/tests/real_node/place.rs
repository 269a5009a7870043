//! A cluster with a real node, an operator with exactly its rights, and a namespace with one App.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use cluster::setup::kubeconfig_for;
use cluster::{ClusterClient, KindKey, ObjectKey};
use operator::Operator;
use operator::local::Images;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tempfile::TempDir;
use testkit::DevCluster;
use testkit::devcluster::Options;
use testkit::real_node::{Forward, Inside, Orders, RealNode, Recipe, Site, skipped};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::machine::raw;

/// How long a thing may take on a busy machine: images are unpacked and databases made meanwhile.
const LIMIT: Duration = Duration::from_mins(4);
const OWN: &str = "pinnace-system";

pub(crate) struct Place {
    pub(crate) inside: Inside,
    /// The App's pages, through Traefik.
    pub(crate) site: Site,
    client: ClusterClient,
    pub(crate) raw: kube::Client,
    pub(crate) namespace: String,
    operator: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    ways: Vec<Forward>,
    _folder: TempDir,
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
        let client = ClusterClient::connect(Some(cluster.kubeconfig()), "devcluster").await.unwrap();
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
            patroni: image(Recipe::Patroni).await,
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
        let folder = tempfile::tempdir().unwrap();
        let narrow = with_the_rights_of_an_operator(&client, &cluster, folder.path()).await;
        let operator = Operator::begin(narrow, settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let operator = tokio::spawn(operator.run(stopped));
        let site = Site::new(inside.http.as_ref().unwrap(), host);
        let namespace = name.to_owned();
        let raw = raw(&cluster).await;
        Some(Self {
            inside,
            site,
            client,
            raw,
            namespace,
            operator,
            _stop: stop,
            ways,
            _folder: folder,
            _cluster: cluster,
        })
    }

    /// An object in the App's namespace.
    pub(crate) fn named(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        let namespace = Some(self.namespace.clone());
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() }
    }

    /// The App, or what is called like it.
    fn own(&self, kind: &str) -> ObjectKey {
        self.named("pinnace.dev/v1alpha1", kind, &self.namespace)
    }

    /// The image of a version, as manifests name it.
    pub(crate) async fn image(&self, orders: &Orders) -> String {
        self.inside.orders_image(orders).await.unwrap().reference()
    }

    /// What people write.
    pub(crate) async fn write_app(&self, spec: Value) {
        let metadata = json!({"name": self.namespace});
        self.make(json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": metadata, "spec": spec}))
            .await;
    }

    /// Writes any object of the App's namespace.
    pub(crate) async fn make(&self, mut object: Value) {
        object["metadata"]["namespace"] = json!(self.namespace);
        self.client.set_up(&[object]).await.unwrap();
    }

    /// The App is deleted, and what goes with it is waited for.
    pub(crate) async fn delete_app(&self) {
        let database = self.get(&self.own("PostgresDatabase")).await;
        let uid = self.deleted(&self.own("App")).await;
        self.client.wait_until_gone(&self.own("App"), &uid, LIMIT).await.unwrap();
        let uid = database["metadata"]["uid"].as_str().unwrap();
        self.client.wait_until_gone(&self.own("PostgresDatabase"), uid, LIMIT).await.unwrap();
    }

    pub(crate) async fn annotate(&self, annotation: &str, value: &str) {
        self.client.annotate(&self.own("App"), annotation, Some(value)).await.unwrap();
    }

    pub(crate) async fn database(&self) -> Value {
        self.get(&self.own("PostgresDatabase")).await
    }

    pub(crate) async fn get(&self, key: &ObjectKey) -> Value {
        self.client.get(key).await.unwrap().unwrap_or_else(|| panic!("{key} is not there"))
    }

    pub(crate) async fn list(&self, api_version: &str, kind: &str) -> Vec<Value> {
        self.client.list(&KindKey::new(api_version, kind), &self.namespace).await.unwrap()
    }

    /// Waits for a phase of what was written last, and gives the status.
    pub(crate) async fn phase(&self, phase: &str) -> Value {
        let is_so = |live: &Value| {
            live["status"]["observedGeneration"] == live["metadata"]["generation"] && live["status"]["phase"] == phase
        };
        self.until_app(phase, is_so).await["status"].clone()
    }

    /// Waits until the App is so, and gives it.
    pub(crate) async fn until_app(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        self.until(&self.own("App"), what, is_so).await
    }

    /// Waits until an object is there and is so, and gives it.
    pub(crate) async fn until(&self, key: &ObjectKey, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let live = self.client.get(key).await.unwrap();
                if let Some(live) = live.as_ref().filter(|live| is_so(live)) {
                    return live.clone();
                }
                self.client.news_of(key, live.as_ref()).await.unwrap();
            }
        };
        if let Ok(live) = tokio::time::timeout(LIMIT, waiting).await {
            return live;
        }
        panic!("{key}: not {what}: {:#}", self.client.get(key).await.unwrap().unwrap_or_default()["status"])
    }

    /// The last lines of what the status says is not well.
    pub(crate) async fn lines(&self, status: &Value) -> String {
        let of = |name: &str| status["logs"][name].as_str().unwrap_or_default();
        let previous = status["logs"]["previous"] == true;
        self.client.logs(&self.namespace, of("pod"), of("container"), previous, 20).await.unwrap()
    }

    /// The texts of a Secret.
    pub(crate) async fn secret(&self, name: &str) -> impl Fn(&str) -> String + use<> {
        let secret = self.get(&self.named("v1", "Secret", name)).await;
        move |key| {
            let text = secret["data"][key].as_str().unwrap_or_default();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
        }
    }

    /// A connection to the database with the App's own login.
    pub(crate) async fn login(&self) -> PgConnection {
        let secret = self.secret(&format!("{}-postgres", self.namespace)).await;
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.ways[0].port());
        let options = options.username(&secret("username")).password(&secret("password")).database(&secret("name"));
        PgConnection::connect_with(&options).await.unwrap()
    }

    /// How many orders the page counts.
    pub(crate) async fn orders(&self) -> u64 {
        counted(&self.site.until("/", |text| counted(text).is_some()).await).unwrap()
    }

    /// The names of a process's pods.
    pub(crate) async fn pods_of(&self, process: &str) -> Vec<String> {
        let pods = self.list("v1", "Pod").await;
        let of_it = pods.iter().filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/component"] == process);
        of_it.map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Somebody deletes an object of the API `v1`. Its uid is given.
    pub(crate) async fn delete(&self, kind: &str, name: &str) -> String {
        self.deleted(&self.named("v1", kind, name)).await
    }

    /// The namespace is deleted with all that is in it, and is made again empty.
    pub(crate) async fn lose_namespace(&self) {
        let key = ObjectKey { namespace: None, ..self.named("v1", "Namespace", &self.namespace) };
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

/// As `pinnace operator rbac` gives them for the whole cluster.
async fn with_the_rights_of_an_operator(client: &ClusterClient, cluster: &DevCluster, folder: &Path) -> ClusterClient {
    client.set_up(&operator::rights(OWN, None)).await.unwrap();
    let token = client.token_of(operator::ACCOUNT, Duration::from_hours(1)).await.unwrap();
    let kubeconfig = kubeconfig_for(Some(cluster.kubeconfig()), "devcluster", &token).unwrap();
    let path = folder.join("kubeconfig");
    std::fs::write(&path, kubeconfig.expose()).unwrap();
    ClusterClient::connect(Some(&path), "devcluster").await.unwrap()
}

/// How many orders a page counts.
pub(crate) fn counted(text: &str) -> Option<u64> {
    serde_json::from_str::<Value>(text).ok()?["orders"].as_u64()
}

/// A condition of an object of ours.
pub(crate) fn condition(status: &Value, kind: &str) -> Value {
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|one| one["type"] == kind).cloned().unwrap_or_default()
}

/// What the App says of itself.
pub(crate) fn message(status: &Value) -> String {
    condition(status, "Ready")["message"].as_str().unwrap_or_default().to_owned()
}
