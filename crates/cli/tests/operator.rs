//! `pinnace operator` as people run it: a process of its own with what `pinnace operator rbac` prints, or within the server; and
//! `pinnace app retry`.
#![cfg(test)]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use cluster::{ClusterClient, KindKey, ObjectKey};
use serde_json::{Value, json};
use testkit::operated::Operated;
use testkit::shop::{CONTEXT, Plan};
use testkit::{DevCluster, Shop};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pinnace");
const PATIENCE: Duration = Duration::from_secs(90);

/// Its web process runs whatever becomes of its migration.
fn app(namespace: &str, tag: &str) -> Value {
    let digest = if tag.ends_with("job-fails") { "a" } else { "b" }.repeat(64);
    let image = |tag: &str| format!("registry.example/acme/shop:{tag}@sha256:{digest}");
    json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop", "namespace": namespace},
        "spec": {"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"], "image": image("9.9")}},
            "migrations": {"command": ["migrate"]}}})
}

async fn until(client: &ClusterClient, key: &ObjectKey, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let waiting = async {
        loop {
            let live = client.get(key).await.unwrap();
            if let Some(live) = live.as_ref().filter(|live| is_so(live)) {
                return live.clone();
            }
            client.news_of(key, live.as_ref()).await.unwrap();
        }
    };
    if let Ok(live) = tokio::time::timeout(PATIENCE, waiting).await {
        return live;
    }
    panic!("{key} did not become {what}: {:#}", client.get(key).await.unwrap().unwrap_or_default())
}

async fn phase(client: &ClusterClient, namespace: &str, phase: &str) -> Value {
    until(client, &Operated::app(namespace), phase, |live| live["status"]["phase"] == phase).await
}

/// Who holds the Lease of the operators.
async fn holder(client: &ClusterClient, own_namespace: &str) -> Value {
    let leases = client.list(&KindKey::new("coordination.k8s.io/v1", "Lease"), own_namespace).await.unwrap();
    let ours =
        leases.iter().find(|lease| lease["metadata"]["name"].as_str().is_some_and(|name| name.contains("operator")));
    ours.unwrap_or_else(|| panic!("{leases:#?}"))["spec"]["holderIdentity"].clone()
}

fn retry(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(["app", "retry"]).args(arguments).args(["--context", CONTEXT, "--kubeconfig"]).arg(kubeconfig);
    command.output().unwrap()
}

/// What it said on stderr, when it failed.
fn refused(done: &Output) -> String {
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{done:?}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_its_own_runs_with_the_rights_that_it_prints_and_retry_runs_what_failed_once_more() {
    let mut operated = Operated::start(Path::new(PROGRAM)).await.unwrap();
    operated.admin.make_namespace("shop").await.unwrap();
    operated.admin.set_up(&[app("shop", "1.0-job-fails")]).await.unwrap();
    let admin = &operated.admin;
    phase(admin, "shop", "Error").await;
    let kubeconfig = operated.cluster.kubeconfig().to_owned();
    let before = admin.list(&KindKey::new("batch/v1", "Job"), "shop").await.unwrap().remove(0);

    let done = retry(&kubeconfig, &["shop", "-n", "shop"]);
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(said, "what failed of shop runs once more: kubectl get apps.pinnace.dev shop -n shop -w\n");
    let is_another =
        |live: &Value| live["metadata"]["uid"] != before["metadata"]["uid"] && live["status"]["failed"] == 1;
    until(admin, &ObjectKey::of(&before), "run again", is_another).await;

    let said = refused(&retry(&kubeconfig, &["shp", "-n", "shop"]));
    assert!(said.contains("there is no App shp in the namespace shop"), "{said}");
    admin.set_up(&[app("shop", "2.0")]).await.unwrap();
    phase(admin, "shop", "Ready").await;
    let said = refused(&retry(&kubeconfig, &["shop", "-n", "shop"]));
    assert!(said.contains("no migration, backup or command of shop stands failed; its phase is Ready"), "{said}");

    assert!(holder(admin, "pinnace-system").await.as_str().is_some_and(|holder| !holder.is_empty()));
    operated.stop().await.unwrap();
    let left = holder(&operated.admin, "pinnace-system").await;
    assert!(left.as_str().is_none_or(str::is_empty), "another need not wait: {left}");
    assert!(!operated.log().contains("panicked"), "{}", operated.log());
}

/// The rights of an operator for the server's account.
fn rights_of_server(own_namespace: &str) -> Vec<Value> {
    let mut rights = operator::rights(own_namespace, None);
    rights.retain(|object| object["kind"] != "Namespace" && object["kind"] != "ServiceAccount");
    for object in &mut rights {
        if let Some(subjects) = object.get_mut("subjects") {
            *subjects = json!([{"kind": "ServiceAccount", "name": "pinnace", "namespace": own_namespace}]);
        }
    }
    rights
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_within_the_server_begins_when_it_may_and_lets_its_lease_go_with_it() {
    let cluster = DevCluster::start(testkit::devcluster::Options::default()).await.unwrap();
    let admin = ClusterClient::connect(Some(cluster.kubeconfig()), CONTEXT).await.unwrap();
    let crds = operator::crds();
    admin.set_up(&crds).await.unwrap();
    admin.wait_until_established(&crds.iter().collect::<Vec<_>>(), PATIENCE).await.unwrap();
    let more = ["--operator", CONTEXT].map(Into::into).to_vec();
    let mut shop = Shop::start(Plan { cluster: Some(cluster), more, ..Plan::of(PROGRAM) }).await.unwrap();
    let (namespace, own) = (shop.place.namespace.clone(), shop.place.own_namespace.clone());
    // The server serves without them; the operator is tried again.
    admin.set_up(&rights_of_server(&own)).await.unwrap();
    admin.set_up(&[app(&namespace, "2.0")]).await.unwrap();
    phase(&admin, &namespace, "Ready").await;
    assert!(holder(&admin, &own).await.as_str().is_some_and(|holder| !holder.is_empty()));
    shop.server.end().await.unwrap();
    let left = holder(&admin, &own).await;
    assert!(left.as_str().is_none_or(str::is_empty), "another need not wait: {left}");
}
