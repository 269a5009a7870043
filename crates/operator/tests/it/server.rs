//! A real API server that knows our kinds, and a namespace of one's own in it.

use std::sync::atomic::{AtomicU32, Ordering};

use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use operator::{KINDS, Kind};
use serde_json::{Value, json};
use testkit::DevCluster;

static NAMESPACES: AtomicU32 = AtomicU32::new(0);

/// The server, and a namespace for one test.
pub(crate) struct Server {
    client: kube::Client,
    pub(crate) namespace: String,
    pub(crate) cluster: DevCluster,
}

impl Server {
    /// Has our CRDs applied as `kubectl apply --server-side` does, and waits until they are served.
    pub(crate) async fn new() -> Self {
        Self::of(DevCluster::shared().await.unwrap()).await
    }

    /// The same of a cluster of one's own.
    pub(crate) async fn of(cluster: DevCluster) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        let number = NAMESPACES.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("kinds-{}-{number}", std::process::id());
        let server = Self { client: kube::Client::try_from(config).unwrap(), namespace, cluster };
        server.define(&operator::crds()).await;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": server.namespace}});
        server.ask(Method::POST, "/api/v1/namespaces", "application/json", "", &namespace).await.unwrap();
        server
    }

    /// Has these definitions applied, and waits until they are served.
    pub(crate) async fn define(&self, crds: &[Value]) {
        for crd in crds {
            self.apply(&crd_path(crd), crd, "").await.unwrap();
        }
        for crd in crds {
            self.wait_until_served(crd).await;
        }
    }

    async fn wait_until_served(&self, crd: &Value) {
        let path = crd_path(crd);
        for _ in 0..2000 {
            let live = self.get(&path).await.unwrap();
            let established = live["status"]["conditions"].as_array().into_iter().flatten();
            let mut established = established.filter(|one| one["type"] == "Established" && one["status"] == "True");
            let plural = crd["spec"]["names"]["plural"].as_str().unwrap();
            let listed = self.get(&format!("/apis/pinnace.dev/v1alpha1/{plural}")).await;
            if established.next().is_some() && listed.is_ok() {
                return;
            }
        }
        panic!("{path} is not served");
    }

    /// Creates an object, as strictly as `kubectl` does. The answer is the stored object, or what the server says against it.
    pub(crate) async fn create(&self, object: &Value) -> Result<Value, String> {
        let path = self.collection(object);
        self.ask(Method::POST, &format!("{path}?fieldValidation=Strict"), "application/json", "", object).await
    }

    /// Where the operator of this namespace keeps what is its own.
    pub(crate) fn own_namespace(&self) -> String {
        format!("{}-system", self.namespace)
    }

    /// What `kubectl apply --server-side` does.
    pub(crate) async fn write(&self, object: &Value) -> Result<Value, String> {
        let name = object["metadata"]["name"].as_str().unwrap();
        self.apply(&format!("{}/{name}", self.collection(object)), object, "&fieldValidation=Strict").await
    }

    /// What `kubectl edit` does.
    pub(crate) async fn edit(&self, object: &Value, patch: &Value) -> Result<Value, String> {
        self.change(object, patch, "?fieldManager=kubectl-edit").await
    }

    /// What an autoscaler does.
    pub(crate) async fn scale(&self, object: &Value, replicas: u32) -> Result<Value, String> {
        let patch = json!({"spec": {"replicas": replicas}});
        self.change(object, &patch, "/scale?fieldManager=kube-controller-manager").await
    }

    async fn change(&self, object: &Value, patch: &Value, how: &str) -> Result<Value, String> {
        let name = object["metadata"]["name"].as_str().unwrap();
        let path = format!("{}/{name}{how}", self.collection(object));
        self.ask(Method::PATCH, &path, "application/merge-patch+json", "", patch).await
    }

    /// Replaces an object.
    pub(crate) async fn replace(&self, object: &Value) -> Result<Value, String> {
        let name = object["metadata"]["name"].as_str().unwrap();
        let path = format!("{}/{name}", self.collection(object));
        self.ask(Method::PUT, &path, "application/json", "", object).await
    }

    /// Says what the server would make of an object, by a dry run of a server-side apply.
    pub(crate) async fn dry_run(&self, object: &Value) -> Result<Value, String> {
        let name = object["metadata"]["name"].as_str().unwrap();
        self.apply(&format!("{}/{name}", self.collection(object)), object, "&dryRun=All&fieldValidation=Strict").await
    }

    /// The objects of a kind as `kubectl get` shows them: the heads of the columns, and the cells of each object.
    pub(crate) async fn table(&self, kind: &Kind) -> (Vec<String>, Vec<Vec<String>>) {
        let path = format!("/apis/pinnace.dev/v1alpha1/namespaces/{}/{}", self.namespace, kind.plural);
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let table = self.ask(Method::GET, &path, "application/json", accept, &Value::Null).await.unwrap();
        let texts = |values: &Value, field: Option<&str>| -> Vec<String> {
            let cell = |value: &Value| match field.map_or(value, |field| &value[field]) {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            values.as_array().unwrap().iter().map(cell).collect()
        };
        let rows = table["rows"].as_array().unwrap().iter().map(|row| texts(&row["cells"], None)).collect();
        (texts(&table["columnDefinitions"], Some("name")), rows)
    }

    /// Writes a status.
    pub(crate) async fn write_status(&self, object: &Value, status: &Value) -> Result<Value, String> {
        let name = object["metadata"]["name"].as_str().unwrap();
        let path = format!("{}/{name}/status", self.collection(object));
        let patch = json!({"status": status});
        self.ask(Method::PATCH, &path, "application/merge-patch+json", "", &patch).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, String> {
        self.ask(Method::GET, path, "application/json", "", &Value::Null).await
    }

    async fn apply(&self, path: &str, object: &Value, query: &str) -> Result<Value, String> {
        let path = format!("{path}?fieldManager=test&force=true{query}");
        self.ask(Method::PATCH, &path, "application/apply-patch+yaml", "", object).await
    }

    async fn ask(&self, method: Method, path: &str, form: &str, accept: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let accept = if accept.is_empty() { "application/json" } else { accept };
        let request = Request::builder().method(method).uri(path).header("content-type", form).header("accept", accept);
        match self.client.request::<Value>(request.body(body).unwrap()).await {
            Ok(value) => Ok(value),
            Err(kube::Error::Api(status)) => Err(status.message.clone()),
            Err(other) => panic!("{path}: {other}"),
        }
    }

    fn collection(&self, object: &Value) -> String {
        let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let ours = KINDS.iter().find(|ours| ours.kind == kind && version.starts_with("pinnace.dev/"));
        let plural = ours.map_or_else(|| plural(kind), |ours| ours.plural.to_owned());
        let root = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
        format!("{root}/namespaces/{}/{plural}", self.namespace)
    }
}

fn plural(kind: &str) -> String {
    let end = if kind.ends_with('s') { "es" } else { "s" };
    format!("{}{end}", kind.to_lowercase())
}

fn crd_path(crd: &Value) -> String {
    let name = crd["metadata"]["name"].as_str().unwrap();
    format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
}
