//! What the tests of the real node share: one cluster, a namespace each, and words for what is done in it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Namespace, Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Config};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::DevCluster;
use testkit::devcluster::Options;
use testkit::real_node::{Inside, RealNode, skipped};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// Images are pulled and databases made meanwhile, on two cores that others use too.
const SOON: Duration = Duration::from_mins(2);

/// The cluster of all tests here. It ends when this process does.
pub(crate) async fn node() -> Option<&'static DevCluster> {
    static CLUSTER: OnceCell<Option<DevCluster>> = OnceCell::const_new();
    let start = || async {
        if skipped().await.unwrap() {
            return None;
        }
        let real_node = Some(RealNode { traefik: true });
        Some(DevCluster::start(Options { nodes: 0, real_node, ..Options::default() }).await.unwrap())
    };
    CLUSTER.get_or_init(start).await.as_ref()
}

/// A namespace of one test.
pub(crate) struct Scene {
    pub(crate) inside: Inside,
    pub(crate) namespace: String,
    client: Client,
}

impl Scene {
    pub(crate) async fn new(cluster: &DevCluster) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let namespace = json!({"metadata": {"generateName": "real-"}});
        let namespace: Namespace = serde_json::from_value(namespace).unwrap();
        let made = Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
        let namespace = made.metadata.name.unwrap();
        let accounts = Api::<ServiceAccount>::namespaced(client.clone(), &namespace);
        let exists = |account: Option<&ServiceAccount>| account.is_some();
        tokio::time::timeout(SOON, await_condition(accounts, "default", exists)).await.unwrap().unwrap();
        Self { inside: cluster.inside().unwrap().clone(), namespace, client }
    }

    /// A pod of the web app in the role that it is called by, with its Service.
    pub(crate) async fn process(&self, role: &str, image: &str, env: Value) {
        let probe = (role != "worker" && role != "scheduler")
            .then(|| json!({"httpGet": {"path": "/readyz", "port": 8000}, "periodSeconds": 1}));
        let env = if env.is_array() { env } else { json!([]) };
        self.create::<Pod>(json!({
            "metadata": {"name": role, "labels": {"app": role}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [
                {"name": "app", "image": image, "args": [role], "env": env, "readinessProbe": probe},
            ]},
        }))
        .await;
        self.service(role, 8000).await;
    }

    /// A pod that runs to its end, which is waited for and must be good.
    pub(crate) async fn once(&self, name: &str, image: &str, role: &str, env: Value) {
        self.create::<Pod>(json!({
            "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": image, "args": [role], "env": env}]},
        }))
        .await;
        self.until(name, |pod| matches!(phase(pod), "Succeeded" | "Failed")).await;
        assert_eq!(phase(&self.pods().get(name).await.unwrap()), "Succeeded", "{}", self.log(name).await);
    }

    /// A server with a volume at /data, as a StatefulSet, with its Service.
    pub(crate) async fn server(&self, name: &str, image: &str, port: u16, env: Value) {
        self.create::<StatefulSet>(json!({
            "metadata": {"name": name},
            "spec": {
                "serviceName": name,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"terminationGracePeriodSeconds": 5, "containers": [{
                        "name": "server", "image": image, "env": env,
                        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }]},
                },
                "volumeClaimTemplates": [{
                    "metadata": {"name": "data"},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                }],
            },
        }))
        .await;
        self.service(name, port).await;
    }

    pub(crate) async fn ingress(&self, host: &str, paths: &[(&str, &str)]) {
        let path = |(path, service): &(&str, &str)| {
            json!({"path": path, "pathType": "Prefix",
                   "backend": {"service": {"name": service, "port": {"number": 8000}}}})
        };
        let paths: Vec<_> = paths.iter().map(path).collect();
        self.create::<Ingress>(json!({
            "metadata": {"name": "app"},
            "spec": {"ingressClassName": "traefik", "rules": [{"host": host, "http": {"paths": paths}}]},
        }))
        .await;
    }

    async fn service(&self, name: &str, port: u16) {
        self.create::<Service>(json!({
            "metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
        }))
        .await;
    }

    pub(crate) async fn until_ready(&self, name: &str) {
        self.until(name, is_ready).await;
    }

    pub(crate) async fn until_waiting(&self, name: &str, reason: &str) {
        let waits = |pod: &Pod| {
            let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.clone()).unwrap_or_default();
            let reasons = statuses.into_iter().filter_map(|status| status.state?.waiting?.reason);
            reasons.into_iter().any(|found| found == reason)
        };
        self.until(name, waits).await;
    }

    /// Deletes a pod of a StatefulSet and waits for the one in its place.
    pub(crate) async fn made_again(&self, name: &str) {
        let before = self.pods().get(name).await.unwrap().metadata.uid;
        self.pods().delete(name, &DeleteParams::default()).await.unwrap();
        self.until(name, |pod| pod.metadata.uid != before && is_ready(pod)).await;
    }

    pub(crate) async fn until(&self, name: &str, condition: impl Fn(&Pod) -> bool) {
        let seen = await_condition(self.pods(), name, |pod: Option<&Pod>| pod.is_some_and(&condition));
        let in_time = tokio::time::timeout(SOON, seen).await.is_ok_and(|seen| seen.is_ok());
        let status = self.pods().get(name).await.map(|pod| pod.status);
        assert!(in_time, "{name} is {status:#?}; its log: {}", self.log(name).await);
    }

    pub(crate) async fn address(&self, name: &str) -> IpAddr {
        self.pods().get(name).await.unwrap().status.unwrap().pod_ip.unwrap().parse().unwrap()
    }

    pub(crate) async fn log(&self, name: &str) -> String {
        self.pods().logs(name, &LogParams::default()).await.unwrap_or_else(|error| error.to_string())
    }

    /// Asks a Service for a page again and again until it is as wanted: kube-proxy learns of a pod a moment after it is Ready.
    pub(crate) async fn until_page(&self, address: &str, path: &str, wanted: impl Fn(&str) -> bool) -> String {
        let asking = async {
            loop {
                if let Ok(page) = get(&self.inside, address, path).await
                    && wanted(&page)
                {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(SOON, asking).await.unwrap()
    }

    /// The rules of the network learn of a pod that is ready a moment later.
    pub(crate) async fn until_reached(&self, address: &str) {
        let asking = async {
            while self.inside.connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(SOON, asking).await.unwrap();
    }

    /// Traefik learns of an Ingress by its watch, a moment later.
    pub(crate) async fn until_routed(&self, http: &str, host: &str, path: &str) {
        let asking = async {
            while !matches!(ask(http, host, path).await, Ok((200, _))) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(SOON, asking).await.unwrap();
    }

    pub(crate) async fn end(self) {
        Api::<Namespace>::all(self.client).delete(&self.namespace, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) fn sets(&self) -> Api<StatefulSet> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn create<K>(&self, object: Value)
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned + serde::Serialize,
        K: std::fmt::Debug,
        K::DynamicType: Default,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
    }
}

/// The body of a page of a Service, through the cluster's proxy.
async fn get(inside: &Inside, address: &str, path: &str) -> io::Result<String> {
    let way = inside.forward(address).await?;
    let (status, body) = ask(&way.address(), address, path).await?;
    if status == 200 { Ok(body) } else { Err(io::Error::other(format!("{status}: {body}"))) }
}

/// One request of HTTP/1.1 for a host, to an address: its status and body.
pub(crate) async fn ask(address: &str, host: &str, path: &str) -> io::Result<(u16, String)> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status.ok_or_else(|| io::Error::other("no answer"))?, body.to_owned()))
    };
    tokio::time::timeout(Duration::from_secs(10), asking).await?
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
