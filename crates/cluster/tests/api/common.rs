//! A namespace of one's own in the shared cluster, and a person who edits things there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cluster::setup::{Confidential, kubeconfig_for};
use cluster::{Applied, ClusterClient, ObjectKey, Settings, Target};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use testkit::DevCluster;

/// A place for one test: two namespaces, the admin's client, and a person's.
pub(crate) struct Place {
    pub(crate) client: ClusterClient,
    pub(crate) person: kube::Client,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) namespace: String,
    pub(crate) own: String,
    _cluster: DevCluster,
}

impl Place {
    pub(crate) async fn new(name: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = DevCluster::shared().await.unwrap();
        let kubeconfig = cluster.kubeconfig().to_owned();
        let person = person(&kubeconfig).await;
        let mut bytes = [0_u8; 4];
        getrandom::fill(&mut bytes).unwrap();
        let unique = format!("{name}-{:08x}", u32::from_be_bytes(bytes));
        let own = format!("{unique}-own");
        for namespace in [&unique, &own] {
            let object = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
            Api::<Namespace>::all(person.clone()).create(&PostParams::default(), &object).await.unwrap();
        }
        let settings = Settings { own_namespace: own.clone(), ..Settings::default() };
        let client = ClusterClient::connect_with(Some(&kubeconfig), "devcluster", settings).await.unwrap();
        Self { client, person, kubeconfig, namespace: unique, own, _cluster: cluster }
    }

    pub(crate) fn settings(&self) -> Settings {
        let refused_for = Duration::from_millis(300);
        Settings { own_namespace: self.own.clone(), refused_for, ..Settings::default() }
    }

    pub(crate) fn target(&self) -> Target {
        Target::new("shop/prod".parse().unwrap(), &self.namespace)
    }

    /// Dry-runs and applies the set as `control` does.
    pub(crate) async fn apply(&self, target: &Target, objects: &[Value]) -> Vec<Applied> {
        let dry = self.client.dry_run(target, objects, &BTreeMap::new()).await.unwrap();
        assert_eq!(dry.refused, [], "refused");
        let mut applied = Vec::new();
        for object in cluster::waves(objects).into_iter().flatten() {
            let key = self.client.key_of(object, target.default_namespace()).await.unwrap();
            applied.push(self.client.apply_one(target, object, dry.live.get(&key).map(AsRef::as_ref)).await.unwrap());
        }
        applied
    }

    pub(crate) async fn live(&self, object: &Value) -> Value {
        let key = self.client.key_of(object, &self.namespace).await.unwrap();
        self.client.get(&key).await.unwrap().unwrap()
    }

    pub(crate) async fn key(&self, object: &Value) -> ObjectKey {
        self.client.key_of(object, &self.namespace).await.unwrap()
    }

    /// Somebody changes an object, with this tool.
    pub(crate) async fn edit(&self, object: &Value, tool: &str, change: Value) {
        self.api(object)
            .await
            .patch(
                object["metadata"]["name"].as_str().unwrap(),
                &PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() },
                &Patch::Merge(change),
            )
            .await
            .unwrap();
    }

    /// Somebody creates an object, without us.
    pub(crate) async fn create(&self, object: &Value) {
        let typed: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        self.api(object).await.create(&PostParams::default(), &typed).await.unwrap();
    }

    pub(crate) async fn delete(&self, object: &Value) {
        self.api(object)
            .await
            .delete(object["metadata"]["name"].as_str().unwrap(), &DeleteParams::default())
            .await
            .unwrap();
    }

    pub(crate) async fn api(&self, object: &Value) -> Api<DynamicObject> {
        let kind = self.client.kind(&ObjectKey::of(object).kind).await.unwrap();
        let resource = kube::api::ApiResource {
            group: kind.key.group.clone(),
            version: kind.key.version.clone(),
            api_version: kind.key.api_version(),
            kind: kind.key.kind.clone(),
            plural: kind.plural.clone(),
        };
        if kind.namespaced {
            Api::namespaced_with(self.person.clone(), &self.namespace, &resource)
        } else {
            Api::all_with(self.person.clone(), &resource)
        }
    }

    /// A client that has the rights of this token.
    pub(crate) async fn with_token(&self, token: &Confidential) -> ClusterClient {
        let text = kubeconfig_for(Some(&self.kubeconfig), "devcluster", token).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, text.expose()).unwrap();
        ClusterClient::connect_with(Some(&path), "devcluster", self.settings()).await.unwrap()
    }
}

pub(crate) async fn person(kubeconfig: &Path) -> kube::Client {
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

pub(crate) fn deployment(image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": image, "resources": {"requests": {"cpu": "1000m"}}}]}}}})
}

pub(crate) fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

pub(crate) fn secret(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": value}})
}
