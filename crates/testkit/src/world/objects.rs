//! What is in a world's namespace, read and changed with the admin's rights, as a person with kubectl would.

use std::fmt::Debug;

use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota, Secret};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, TypeMeta};
use kube::{Client, Config, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{JobsMade, PATIENCE};
use crate::DevCluster;

/// The kinds of what Pinnace or the cluster writes in a world.
const LISTED: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Event"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("events.k8s.io/v1", "Event"),
];

/// A namespace of the test cluster, seen as its admin.
pub struct Objects {
    client: Client,
    namespace: String,
}

impl Objects {
    /// Makes Pinnace's own namespace, beside the instance's.
    pub(super) async fn connect(cluster: &DevCluster, namespace: &str) -> Self {
        let file = Kubeconfig::read_from(cluster.kubeconfig()).expect("the kubeconfig can be read");
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
        let client = Client::try_from(config.expect("the kubeconfig is whole")).expect("a client can be made");
        let objects = Self { client, namespace: namespace.to_owned() };
        objects.create(&format!("{namespace}-pinnace")).await;
        objects
    }

    /// Makes the instance's namespace.
    pub async fn create_namespace(&self) {
        self.create(&self.namespace).await;
    }

    /// Makes the instance's namespace with somebody else's ConfigMap in it before anybody can write there.
    pub async fn create_namespace_with_config_map(&self, name: &str, data: &Value) {
        self.create_namespace().await;
        self.create_config_map(name, data).await;
    }

    /// Makes the instance's namespace with objects in it that a tool deploys, before anybody else can write there.
    pub async fn create_namespace_with(&self, tool: &str, objects: &[Value]) {
        self.create_namespace().await;
        let params = PostParams { field_manager: Some(tool.to_owned()), ..PostParams::default() };
        for object in objects {
            let object: DynamicObject = serde_json::from_value(object.clone()).expect("a valid object");
            let types = object.types.clone().unwrap_or_default();
            let kind = ApiResource::from_gvk(&GroupVersionKind::try_from(&types).expect("a valid kind"));
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &kind);
            api.create(&params, &object).await.expect("it can be made");
        }
    }

    async fn create(&self, name: &str) {
        let made: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).expect("a valid namespace");
        let api: Api<Namespace> = Api::all(self.client.clone());
        api.create(&PostParams::default(), &made).await.expect("a namespace can be made");
    }

    /// The namespace's name.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The image of a Deployment's first container.
    pub async fn image(&self, deployment: &str) -> String {
        let live = self.deployment(deployment).await;
        live["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default().to_owned()
    }

    /// A Deployment as it is live.
    pub async fn deployment(&self, name: &str) -> Value {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        serde_json::to_value(api.get(name).await.expect("the deployment is there")).expect("it is JSON")
    }

    /// A Deployment as it is live; none when it is not there.
    pub async fn maybe_deployment(&self, name: &str) -> Option<Value> {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        let live = api.get_opt(name).await.expect("the cluster answers");
        live.map(|live| serde_json::to_value(live).expect("it is JSON"))
    }

    /// A Job as it is live; none when it is not there.
    pub async fn job(&self, name: &str) -> Option<Value> {
        let api: Api<Job> = Api::namespaced(self.client.clone(), &self.namespace);
        let live = api.get_opt(name).await.expect("the cluster answers");
        live.map(|live| serde_json::to_value(live).expect("it is JSON"))
    }

    /// Counts the Jobs of this name that are ever made, the one that is there included.
    pub async fn jobs_made(&self, name: &str) -> JobsMade {
        JobsMade::watch(Api::namespaced(self.client.clone(), &self.namespace), name).await
    }

    /// A person deletes a Job.
    pub async fn delete_job(&self, name: &str) {
        let api: Api<Job> = Api::namespaced(self.client.clone(), &self.namespace);
        api.delete(name, &DeleteParams::background()).await.expect("it was there");
    }

    /// A ConfigMap as it is live; none when it is not there.
    pub async fn config_map(&self, name: &str) -> Option<Value> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let live = api.get_opt(name).await.expect("the cluster answers");
        live.map(|live| serde_json::to_value(live).expect("it is JSON"))
    }

    /// A ClusterRole as it is live; none when it is not there.
    pub async fn cluster_role(&self, name: &str) -> Option<Value> {
        let api: Api<ClusterRole> = Api::all(self.client.clone());
        let live = api.get_opt(name).await.expect("the cluster answers");
        live.map(|live| serde_json::to_value(live).expect("it is JSON"))
    }

    /// A person edits a ClusterRole with a tool.
    pub async fn edit_cluster_role(&self, name: &str, tool: &str, patch: &Value) {
        let api: Api<ClusterRole> = Api::all(self.client.clone());
        let params = PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() };
        api.patch(name, &params, &Patch::Merge(patch)).await.expect("the edit is taken");
    }

    /// Somebody else makes a ConfigMap.
    pub async fn create_config_map(&self, name: &str, data: &Value) {
        let made = serde_json::from_value(json!({"metadata": {"name": name}, "data": data}));
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        api.create(&PostParams::default(), &made.expect("a valid ConfigMap")).await.expect("it can be made");
    }

    /// The images of the pods that are there, of the first container of each.
    pub async fn pod_images(&self) -> Vec<String> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let pods = api.list(&ListParams::default()).await.expect("the cluster answers");
        let image = |pod: Pod| pod.spec.and_then(|spec| spec.containers.into_iter().next()?.image);
        pods.into_iter().filter_map(image).collect()
    }

    /// Waits until a container has been restarted so often.
    pub async fn restarted(&self, times: i32) {
        self.until::<Pod>("a container is restarted so often", |pod| {
            let containers = pod.status.as_ref().and_then(|status| status.container_statuses.as_deref());
            containers.unwrap_or_default().iter().any(|container| container.restart_count >= times)
        })
        .await;
    }

    /// Waits until a Deployment is rolled out and ready.
    pub async fn ready(&self, deployment: &str) {
        self.until::<Deployment>("the deployment is ready", |live| {
            let wanted = live.spec.as_ref().and_then(|spec| spec.replicas);
            let status = live.status.clone().unwrap_or_default();
            live.metadata.name.as_deref() == Some(deployment)
                && status.observed_generation == live.metadata.generation
                && (status.updated_replicas, status.ready_replicas, status.replicas) == (wanted, wanted, wanted)
        })
        .await;
    }

    async fn until<K>(&self, what: &str, is_so: impl Fn(&K) -> bool)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let seen = api.watch(&WatchParams::default(), "0").await.expect("it can be watched");
        let waiting = seen.any(async |event| match event.expect("it can be watched") {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => is_so(&object),
            _ => false,
        });
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        assert_eq!(found, Ok(true), "waited in vain until {what}");
    }

    /// A person edits a Deployment with a tool.
    pub async fn edit_deployment(&self, name: &str, tool: &str, patch: &Value) {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() };
        api.patch(name, &params, &Patch::Merge(patch)).await.expect("the edit is taken");
    }

    /// A person edits a Deployment with a tool, as `kubectl edit` does: lists of named things are merged.
    pub async fn strategic_edit_deployment(&self, name: &str, tool: &str, patch: &Value) {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() };
        api.patch(name, &params, &Patch::Strategic(patch)).await.expect("the edit is taken");
    }

    /// A Secret's value, if it is there.
    pub async fn secret_value(&self, name: &str, key: &str) -> Option<String> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let live = api.get_opt(name).await.expect("the cluster answers")?;
        String::from_utf8(live.data?.remove(key)?.0).ok()
    }

    /// All that is written here and in Pinnace's own namespace, as text: events, metadata and managedFields included. Left out are
    /// the values that the instance's Secrets and ConfigMaps are there for.
    pub async fn beside_values(&self) -> String {
        let own = format!("{}-pinnace", self.namespace);
        let mut all = String::new();
        for (version, kind) in LISTED {
            let types = TypeMeta { api_version: (*version).to_owned(), kind: (*kind).to_owned() };
            let kind = ApiResource::from_gvk(&GroupVersionKind::try_from(&types).expect("a valid kind"));
            for namespace in [&self.namespace, &own] {
                let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &kind);
                for mut object in api.list(&ListParams::default()).await.expect("the cluster answers") {
                    let holds_values = matches!(kind.kind.as_str(), "Secret" | "ConfigMap");
                    if let Some(fields) = object.data.as_object_mut().filter(|_| holds_values && *namespace != own) {
                        fields.remove("data");
                    }
                    all.push_str(&serde_json::to_string(&object).expect("it is JSON"));
                }
            }
        }
        all
    }

    /// A person edits a Secret with a tool.
    pub async fn edit_secret(&self, name: &str, tool: &str, patch: &Value) {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() };
        api.patch(name, &params, &Patch::Merge(patch)).await.expect("the edit is taken");
    }

    /// A person deletes a ConfigMap.
    pub async fn delete_config_map(&self, name: &str) {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        api.delete(name, &DeleteParams::default()).await.expect("it was there");
    }

    /// Deletes the pods that run this version.
    pub async fn delete_pods_of(&self, version: &str) {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let of_version = format!(":{version}@");
        for pod in api.list(&ListParams::default()).await.expect("the cluster answers") {
            let image = pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone()).unwrap_or_default();
            if let Some(name) = pod.metadata.name.filter(|_| image.contains(&of_version)) {
                let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
                // One that is gone already is as good.
                let _ = api.delete(&name, &at_once).await;
            }
        }
    }

    /// From here on no pod more is let in.
    pub async fn let_no_pod_in(&self) {
        // With a scope, so that it is not seen before the first write.
        let quota =
            json!({"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}, "scopes": ["NotTerminating"]}});
        let api: Api<ResourceQuota> = Api::namespaced(self.client.clone(), &self.namespace);
        let quota = serde_json::from_value(quota).expect("a valid quota");
        api.create(&PostParams::default(), &quota).await.expect("a quota can be made");
    }

    /// A quota allows so many pods.
    pub async fn allow_pods(&self, most: u32) {
        let quota = json!({"metadata": {"name": "few-pods"}, "spec": {"hard": {"pods": most.to_string()}}});
        let api: Api<ResourceQuota> = Api::namespaced(self.client.clone(), &self.namespace);
        let quota = serde_json::from_value(quota).expect("a valid quota");
        api.create(&PostParams::default(), &quota).await.expect("a quota can be made");
    }

    /// Pods are let in again.
    pub async fn let_pods_in(&self) {
        let api: Api<ResourceQuota> = Api::namespaced(self.client.clone(), &self.namespace);
        api.delete("no-pods", &DeleteParams::default()).await.expect("it was there");
    }

    /// A person edits a ConfigMap with a tool.
    pub async fn edit_config_map(&self, name: &str, tool: &str, patch: &Value) {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = PatchParams { field_manager: Some(tool.to_owned()), ..PatchParams::default() };
        api.patch(name, &params, &Patch::Merge(patch)).await.expect("the edit is taken");
    }

    /// Deletes what Pinnace put into the namespace, and its inventories.
    pub async fn delete_all(&self) {
        let managed = ListParams::default().labels(cluster::INSTANCE_LABEL);
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &self.namespace);
        deployments.delete_collection(&DeleteParams::default(), &managed).await.expect("they can be deleted");
        for namespace in [self.namespace.clone(), format!("{}-pinnace", self.namespace)] {
            let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &namespace);
            let all = maps.list(&ListParams::default()).await.expect("the cluster answers");
            for name in all.into_iter().filter_map(|map| map.metadata.name).filter(|name| name != "kube-root-ca.crt") {
                maps.delete(&name, &DeleteParams::default()).await.expect("it was there");
            }
        }
    }

    /// Deletes the namespaces if a runtime is still there to do it; the shared cluster ends soon anyway.
    pub(super) fn delete_namespace_later(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (client, namespace) = (self.client.clone(), self.namespace.clone());
        runtime.spawn(async move {
            let api: Api<Namespace> = Api::all(client);
            for name in [namespace.clone(), format!("{namespace}-pinnace")] {
                // Nobody waits for it.
                let _ = api.delete(&name, &DeleteParams::default()).await;
            }
        });
    }
}

/// Puts definitions of custom resources into a cluster, and waits until it serves them.
pub(super) async fn define(cluster: &DevCluster, definitions: &[Value]) {
    if definitions.is_empty() {
        return;
    }
    let client = cluster::ClusterClient::connect(Some(cluster.kubeconfig()), "devcluster").await;
    let client = client.expect("the cluster can be reached");
    client.set_up(definitions).await.expect("definitions can be written");
    let all: Vec<&Value> = definitions.iter().collect();
    client.wait_until_established(&all, PATIENCE).await.expect("definitions are served");
}
