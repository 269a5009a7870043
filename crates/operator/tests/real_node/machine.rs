//! What somebody does to the machine that an App runs on.

use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use testkit::DevCluster;

use super::place::Place;

/// A client that asks once: what is refused for now is told.
pub(crate) async fn raw(cluster: &DevCluster) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    kube::Client::try_from(config).unwrap()
}

impl Place {
    /// A pod is taken away as when its machine is emptied: what the API server answers.
    pub(crate) async fn evict(&self, pod: &str) -> u16 {
        let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", self.namespace);
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
        let request = Request::builder().method(Method::POST).uri(path).header("Content-Type", "application/json");
        let request = request.body(eviction.to_string().into_bytes()).unwrap();
        match self.raw.request::<Value>(request).await {
            Ok(_) => 201,
            Err(kube::Error::Api(refusal)) => refusal.code,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the machine begins pods. Those that run go on.
    pub(crate) async fn begins_pods(&self, begins: bool) {
        let asking = |method, uri: String, body: String| {
            let request =
                Request::builder().method(method).uri(uri).header("Content-Type", "application/merge-patch+json");
            self.raw.request::<Value>(request.body(body.into_bytes()).unwrap())
        };
        let nodes = asking(Method::GET, "/api/v1/nodes".to_owned(), String::new()).await.unwrap();
        let name = nodes["items"][0]["metadata"]["name"].as_str().unwrap();
        let patch = json!({"spec": {"unschedulable": !begins}}).to_string();
        asking(Method::PATCH, format!("/api/v1/nodes/{name}"), patch).await.unwrap();
    }
}
