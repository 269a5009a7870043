//! The test cluster does what tests rely on: pods fail on command as real ones do, and nothing outlives its user.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Config};
use serde_json::json;
use testkit::DevCluster;
use testkit::devcluster::Options;

type Condition = fn(&Pod) -> bool;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn pods_fail_as_their_image_says() {
    let cluster = DevCluster::shared().await.unwrap();
    let client = client(&cluster).await;
    let namespace = namespace(&client).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let kinds: [(&str, Condition); 9] = [
        ("healthy", |pod| is_ready(pod)),
        ("image-missing", |pod| waits(pod, "ErrImagePull", "manifest unknown: not found")),
        ("image-missing-still", |pod| waits(pod, "ImagePullBackOff", "Back-off pulling image")),
        ("registry-refusing", |pod| waits(pod, "ErrImagePull", "503 Service Unavailable")),
        ("registry-recovers", |pod| is_ready(pod)),
        ("config-key-missing", |pod| waits(pod, "CreateContainerConfigError", "couldn't find key DB_URL in ConfigMap")),
        ("crash-once", |pod| is_ready(pod) && app(pod).is_some_and(|app| app.restart_count == 1)),
        ("slow-ready", |pod| is_ready(pod)),
        ("out-of-memory", |pod| {
            waits(pod, "CrashLoopBackOff", "back-off") && last_end(pod) == Some((137, "OOMKilled".to_owned()))
        }),
    ];
    for (kind, _) in kinds {
        create(&pods, kind, "Always").await;
    }
    for (kind, condition) in kinds {
        until(&pods, kind, condition).await;
    }
    end(client, &namespace).await;
}

#[tokio::test]
async fn restarts_are_counted_one_by_one_and_the_previous_logs_are_kept() {
    let cluster = DevCluster::shared().await.unwrap();
    let client = client(&cluster).await;
    let namespace = namespace(&client).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    create(&pods, "ready-then-crash", "Always").await;
    create(&pods, "crash-loop", "Always").await;

    until(&pods, "ready-then-crash", is_ready).await;
    for count in 1..=2 {
        until(&pods, "crash-loop", |pod| {
            waits(pod, "CrashLoopBackOff", "back-off") && app(pod).is_some_and(|app| app.restart_count == count)
        })
        .await;
    }
    until(&pods, "ready-then-crash", |pod| !is_ready(pod) && last_end(pod) == Some((1, "Error".to_owned()))).await;

    let previous = LogParams { previous: true, tail_lines: Some(1), ..LogParams::default() };
    let last_line = pods.logs("crash-loop", &previous).await.unwrap();
    assert_eq!(last_line, "KeyError: 'STRIPE_KEY'\n");
    end(client, &namespace).await;
}

#[tokio::test]
async fn a_job_s_pod_ends_well_or_fails() {
    let cluster = DevCluster::shared().await.unwrap();
    let client = client(&cluster).await;
    let namespace = namespace(&client).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    create(&pods, "migrate", "Never").await;
    create(&pods, "job-fails", "Never").await;

    until(&pods, "migrate", |pod| phase(pod) == "Succeeded").await;
    until(&pods, "job-fails", |pod| phase(pod) == "Failed").await;
    end(client, &namespace).await;
}

#[tokio::test]
async fn a_claim_gets_a_volume_when_its_pod_is_placed_and_loses_it_with_itself() {
    let cluster = DevCluster::shared().await.unwrap();
    let client = client(&cluster).await;
    let namespace = namespace(&client).await;
    let (pods, claims) =
        (Api::<Pod>::namespaced(client.clone(), &namespace), Api::namespaced(client.clone(), &namespace));
    let claim: PersistentVolumeClaim = serde_json::from_value(json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }))
    .unwrap();
    claims.create(&PostParams::default(), &claim).await.unwrap();
    let pod = json!({
        "metadata": {"name": "server"},
        "spec": {
            "containers": [{"name": "app", "image": "registry.example/server", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    });
    pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    until(&pods, "server", is_ready).await;

    let volume = claims.get("data").await.unwrap().spec.unwrap().volume_name.unwrap();
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    assert_eq!(volumes.get(&volume).await.unwrap().spec.unwrap().storage_class_name.as_deref(), Some("local"));
    let folder = cluster.kubeconfig().parent().unwrap().join("volumes").join(&volume);
    assert!(folder.is_dir());

    pods.delete("server", &DeleteParams::default()).await.unwrap();
    claims.delete("data", &DeleteParams::default()).await.unwrap();
    let gone = await_condition(volumes, &volume, |volume: Option<&PersistentVolume>| volume.is_none());
    tokio::time::timeout(SOON, gone).await.unwrap().unwrap();
    assert!(!folder.exists());
    end(client, &namespace).await;
}

#[tokio::test]
async fn a_cluster_of_one_s_own_runs_beside_the_shared_one_and_is_gone_when_dropped() {
    let shared = DevCluster::shared().await.unwrap();
    let again = DevCluster::shared().await.unwrap();
    assert_eq!(shared.server(), again.server());

    let own = DevCluster::start(Options { nodes: 1, audit: true, ..Options::default() }).await.unwrap();
    assert_ne!(own.server(), shared.server());
    let client = client(&own).await;
    let nodes = Api::<Node>::all(client.clone()).list(&kube::api::ListParams::default()).await.unwrap();
    assert_eq!(nodes.items.len(), 1);
    let requests = std::fs::read_to_string(own.audit_log().unwrap()).unwrap();
    assert!(requests.contains("/api/v1/nodes"), "{requests}");
    let folder = own.kubeconfig().parent().unwrap().to_path_buf();
    own.stop();
    assert!(!folder.exists());
    assert!(client.apiserver_version().await.is_err());
}

#[tokio::test]
async fn one_kubeconfig_names_several_clusters() {
    let cluster = DevCluster::shared().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    testkit::devcluster::write_kubeconfig(&path, &[("staging", &cluster), ("prod", &cluster)]).unwrap();

    let config = Kubeconfig::read_from(&path).unwrap();
    let names: BTreeSet<_> = config.contexts.iter().map(|context| context.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["prod", "staging"]));
    let options = KubeConfigOptions { context: Some("prod".to_owned()), ..KubeConfigOptions::default() };
    let client = Client::try_from(Config::from_custom_kubeconfig(config, &options).await.unwrap()).unwrap();
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.36.3");
}

async fn client(cluster: &DevCluster) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn namespace(client: &Client) -> String {
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"generateName": "devcluster-"}})).unwrap();
    let made = Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let name = made.metadata.name.unwrap();
    // A pod is refused until its namespace has got its service account.
    let accounts = Api::<k8s_openapi::api::core::v1::ServiceAccount>::namespaced(client.clone(), &name);
    let exists = |account: Option<&k8s_openapi::api::core::v1::ServiceAccount>| account.is_some();
    tokio::time::timeout(SOON, await_condition(accounts, "default", exists)).await.unwrap().unwrap();
    name
}

async fn end(client: Client, namespace: &str) {
    Api::<Namespace>::all(client).delete(namespace, &DeleteParams::default()).await.unwrap();
}

async fn create(pods: &Api<Pod>, kind: &str, restart_policy: &str) {
    let image = format!("registry.example/acme/shop:1.0-{kind}@sha256:{}", "a".repeat(64));
    let pod = json!({
        "metadata": {"name": kind},
        "spec": {"restartPolicy": restart_policy, "containers": [{"name": "app", "image": image}]},
    });
    pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
}

async fn until(pods: &Api<Pod>, name: &str, condition: impl Fn(&Pod) -> bool) {
    let seen = await_condition(pods.clone(), name, |pod: Option<&Pod>| pod.is_some_and(&condition));
    let in_time = tokio::time::timeout(SOON, seen).await.is_ok();
    assert!(in_time, "{name} is {:#?}", pods.get(name).await.unwrap().status);
}

fn app(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn waits(pod: &Pod, reason: &str, message: &str) -> bool {
    let waiting = app(pod).and_then(|app| app.state.as_ref()?.waiting.as_ref());
    waiting.is_some_and(|waiting| {
        waiting.reason.as_deref() == Some(reason) && waiting.message.as_ref().is_some_and(|text| text.contains(message))
    })
}

fn last_end(pod: &Pod) -> Option<(i32, String)> {
    let ended = app(pod)?.last_state.as_ref()?.terminated.as_ref()?;
    Some((ended.exit_code, ended.reason.clone()?))
}
