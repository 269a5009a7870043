//! A cluster with a real node, an operator with exactly its rights, and a database of two instances that commit together.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use cluster::setup::kubeconfig_for;
use cluster::{ClusterClient, KindKey, ObjectKey};
use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use operator::{Operator, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::DevCluster;
use testkit::devcluster::Options;
use testkit::real_node::{Forward, Inside, RealNode, Recipe, skipped};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take on a machine that has much else to do.
const LIMIT: Duration = Duration::from_mins(3);
pub(crate) const OWN: &str = "pinnace-system";
pub(crate) const SERVER: &str = "shop-postgres";

pub(crate) struct Place {
    pub(crate) inside: Inside,
    pub(crate) namespace: String,
    /// The way to the writing Service.
    pub(crate) write: Forward,
    client: ClusterClient,
    raw: kube::Client,
    operator: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
    _cluster: DevCluster,
}

/// What Patroni says of the instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) primary: String,
    pub(crate) other: String,
}

impl Place {
    /// None where there can be no real node; why is said.
    pub(crate) async fn new() -> Option<Self> {
        if skipped().await.unwrap() {
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let real_node = Some(RealNode { traefik: false });
        let devcluster = DevCluster::start(Options { nodes: 0, real_node, ..Options::default() }).await.unwrap();
        let inside = devcluster.inside().unwrap().clone();
        let patroni = inside.server_image(Recipe::Patroni).await.unwrap().reference();
        let own = || cluster::Settings { own_namespace: OWN.to_owned(), ..cluster::Settings::default() };
        let client = ClusterClient::connect_with(Some(devcluster.kubeconfig()), "devcluster", own()).await.unwrap();
        // The processes of this test are found by it, among those of others on the same machine.
        let namespace = format!("shop-{}", std::process::id());
        for name in [OWN, &namespace] {
            client.make_namespace(name).await.unwrap();
        }
        client.set_up(&operator::crds()).await.unwrap();
        client.set_up(&operator::rights(OWN, Some(&namespace))).await.unwrap();
        let write = inside.forward(&format!("{SERVER}.{namespace}:5432")).await.unwrap();
        let mut settings = Settings { namespace: Some(namespace.clone()), ..Settings::default() };
        settings.images.patroni = patroni;
        let at = ("127.0.0.1".to_owned(), write.port());
        settings.reached_at.insert(format!("{SERVER}.{namespace}.svc:5432"), at);

        let token = client.token_of(operator::ACCOUNT, Duration::from_hours(1)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = kubeconfig_for(Some(devcluster.kubeconfig()), "devcluster", &token).unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, file.expose()).unwrap();
        let narrow = ClusterClient::connect_with(Some(&path), "devcluster", own()).await.unwrap();
        let raw = Kubeconfig::read_from(devcluster.kubeconfig()).unwrap();
        let raw = kube::Config::from_custom_kubeconfig(raw, &KubeConfigOptions::default()).await.unwrap();
        let raw = kube::Client::try_from(raw).unwrap();
        for kind in operator::KINDS {
            let kind = KindKey::new("pinnace.dev/v1alpha1", kind.kind);
            until("its definitions are served", async || client.kind(&kind).await.ok().map(drop)).await;
        }
        let (stop, stopped) = watch::channel(false);
        let operator = tokio::spawn(Operator::begin(narrow, settings).await.unwrap().run(stopped));
        Some(Self {
            inside,
            namespace,
            write,
            client,
            raw,
            operator,
            _stop: stop,
            _folder: folder,
            _cluster: devcluster,
        })
    }

    pub(crate) async fn write_database(&self, spec: Value) {
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": "shop", "namespace": self.namespace}, "spec": spec});
        self.client.create(&database).await.unwrap();
    }

    pub(crate) async fn write_app(&self, name: &str, spec: Value) {
        let app = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App",
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec});
        self.client.create(&app).await.unwrap();
    }

    /// The object, and not its data.
    pub(crate) async fn delete_database(&self) {
        let key = self.key("pinnace.dev/v1alpha1", "PostgresDatabase", "shop");
        let live = self.get(&key).await.unwrap();
        self.client.delete(&key, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    }

    pub(crate) fn key(&self, api_version: &str, kind: &str, name: &str) -> ObjectKey {
        let namespace = Some(self.namespace.clone());
        ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() }
    }

    pub(crate) async fn get(&self, key: &ObjectKey) -> Option<Value> {
        // The API server may be busy: what is looked at again and again is looked at once more.
        self.client.get(key).await.ok().flatten()
    }

    pub(crate) async fn pod(&self, name: &str) -> Option<Value> {
        self.get(&self.key("v1", "Pod", name)).await
    }

    pub(crate) async fn address(&self, pod: &str) -> Option<IpAddr> {
        self.pod(pod).await?["status"]["podIP"].as_str()?.parse().ok()
    }

    /// The texts of a Secret.
    pub(crate) async fn secret(&self, namespace: &str, name: &str) -> impl Fn(&str) -> String + use<> {
        use base64::Engine as _;
        let key = ObjectKey { namespace: Some(namespace.to_owned()), ..self.key("v1", "Secret", name) };
        let secret = self.get(&key).await.unwrap_or_else(|| panic!("{key} is not there"));
        move |name| {
            let text = secret["data"][name].as_str().unwrap_or_default();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
        }
    }

    /// Waits until the database says that it is so.
    pub(crate) async fn until_ready(&self) {
        let key = self.key("pinnace.dev/v1alpha1", "PostgresDatabase", "shop");
        until("the database is ready", async || {
            let live = self.get(&key).await?;
            let conditions = live["status"]["conditions"].as_array()?.clone();
            conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True").then_some(())
        })
        .await;
    }

    /// What changes when somebody writes what the server is made of.
    pub(crate) async fn written(&self) -> Vec<String> {
        let rights = "rbac.authorization.k8s.io/v1";
        let mut written = Vec::new();
        for (version, kind, name, field) in [
            ("v1", "ConfigMap", "shop-postgres-server", "resourceVersion"),
            ("v1", "Secret", "shop-postgres-server", "resourceVersion"),
            ("v1", "Secret", "shop-postgres", "resourceVersion"),
            ("v1", "Service", SERVER, "resourceVersion"),
            ("v1", "ServiceAccount", SERVER, "resourceVersion"),
            (rights, "Role", SERVER, "resourceVersion"),
            (rights, "RoleBinding", SERVER, "resourceVersion"),
            // The others have a status, which changes by itself.
            ("apps/v1", "StatefulSet", SERVER, "generation"),
        ] {
            let live = self.get(&self.key(version, kind, name)).await.unwrap_or_else(|| panic!("no {kind} {name}"));
            written.push(format!("{kind} {name}: {}", live["metadata"][field]));
        }
        written
    }

    /// What Patroni agreed on: who commits, and who commits with it.
    pub(crate) async fn sync(&self) -> (String, String) {
        let key = self.key("v1", "Endpoints", &format!("{SERVER}-sync"));
        let live = self.get(&key).await.unwrap_or_default();
        let of = |name: &str| live["metadata"]["annotations"][name].as_str().unwrap_or_default().to_owned();
        (of("leader"), of("sync_standby"))
    }

    /// Waits until both instances are there, one of them primary and the other as far as it.
    pub(crate) async fn until_whole(&self) -> Roles {
        until("both instances are whole", async || {
            let (primary, other) = self.sync().await;
            let roles = Roles { primary, other };
            self.are(&roles).await.then_some(roles)
        })
        .await
    }

    /// The same where nobody commits together.
    pub(crate) async fn until_both_are_there(&self) -> Roles {
        let (one, other) = (format!("{SERVER}-0"), format!("{SERVER}-1"));
        let roles = |primary: &String, other: &String| Roles { primary: primary.clone(), other: other.clone() };
        until("both instances are there", async || {
            for roles in [roles(&one, &other), roles(&other, &one)] {
                if self.are(&roles).await {
                    return Some(roles);
                }
            }
            None
        })
        .await
    }

    /// Whether both take connections and are what this says.
    async fn are(&self, roles: &Roles) -> bool {
        for (pod, wanted) in [(&roles.primary, ["master", "primary"]), (&roles.other, ["replica", "sync_standby"])] {
            let live = self.pod(pod).await.unwrap_or_default();
            let role = live["metadata"]["labels"]["pinnace.dev/role"].as_str().unwrap_or_default();
            let mut conditions = live["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.any(|one| one["type"] == "Ready" && one["status"] == "True");
            if !ready || !wanted.contains(&role) {
                return false;
            }
        }
        true
    }

    /// As the loss of a machine does: nothing is told to the pod.
    pub(crate) async fn delete_at_once(&self, resource: &str, name: &str) {
        let path = format!("/api/v1/namespaces/{}/{resource}/{name}?gracePeriodSeconds=0", self.namespace);
        let request = Request::builder().method(Method::DELETE).uri(path).body(Vec::new()).unwrap();
        self.raw.request::<Value>(request).await.unwrap();
    }

    /// The address and the port that the API server's Service leads pods to.
    pub(crate) async fn api_server(&self) -> (String, String) {
        let kind = KindKey::new("discovery.k8s.io/v1", "EndpointSlice");
        let slices = self.client.list(&kind, "default").await.unwrap();
        let of_api = |slice: &&Value| slice["metadata"]["labels"]["kubernetes.io/service-name"] == "kubernetes";
        let slice = slices.iter().find(of_api).unwrap();
        (slice["endpoints"][0]["addresses"][0].as_str().unwrap().to_owned(), slice["ports"][0]["port"].to_string())
    }

    /// What a pod says.
    pub(crate) async fn log(&self, pod: &str) -> String {
        let path = format!("/api/v1/namespaces/{}/pods/{pod}/log?tailLines=60", self.namespace);
        let request = Request::builder().uri(path).body(Vec::new()).unwrap();
        self.raw.request_text(request).await.unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.operator.abort();
    }
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it did not come to it that {what}")
}
