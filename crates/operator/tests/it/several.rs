//! Several operators over the same objects.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::ObjectKey;
use operator::Settings;
use serde_json::{Value, json};
use testkit::DevCluster;
use testkit::devcluster::Options;

use super::field::{Field, image};
use super::server::Server;

fn spec(tag: &str) -> Value {
    json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}, "migrations": {"command": ["migrate"]}})
}

fn lease(field: &Field) -> ObjectKey {
    let name = format!("pinnace-operator-{}", field.server.namespace);
    let namespace = Some(field.client.own_namespace().to_owned());
    ObjectKey { namespace, ..field.key("coordination.k8s.io/v1", "Lease", &name) }
}

async fn holder(field: &Field) -> Value {
    field.get(&lease(field)).await.unwrap()["spec"]["holderIdentity"].clone()
}

/// The uids of the Jobs that there are.
async fn jobs(field: &Field) -> BTreeSet<String> {
    let jobs = field.list("batch/v1", "Job").await;
    assert!(jobs.iter().all(|job| job["status"]["succeeded"] == 1), "{jobs:#?}");
    jobs.iter().map(|job| job["metadata"]["uid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_operators_one_acts_and_another_takes_over_while_a_migration_runs() {
    let mut field = Field::looked_after().await;
    field.write_app("shop", spec("1.0-slow-ready")).await;
    let waiting = Settings { identity: "second".to_owned(), lease: Duration::from_secs(2), ..field.settings.clone() };
    let (second, stop) = field.another(waiting).await;
    field.until(&field.app("shop"), "migrating", |app| app["status"]["phase"] == "Migrating").await;
    assert_eq!(holder(&field).await, "test");
    let job = ObjectKey::of(&field.list("batch/v1", "Job").await.remove(0));
    let began = field.get(&job).await.unwrap()["metadata"]["uid"].clone();
    field.kill().await;
    let status = field.phase("shop", "Ready").await;
    assert_eq!(status["migrations"].as_array().map(Vec::len), Some(1), "{status:#}");
    assert_eq!(field.get(&job).await.unwrap()["metadata"]["uid"], began, "the one that ran went on");
    assert_eq!(jobs(&field).await.len(), 1);
    assert_eq!(holder(&field).await, "second");
    stop.send(true).unwrap();
    second.await.unwrap();
    assert_eq!(holder(&field).await, "", "it was let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_that_act_at_once_migrate_each_version_once_and_come_to_rest() {
    // One for the cluster and one for a namespace of it know nothing of each other: that is set up wrongly, and still harms nobody.
    let cluster = DevCluster::start(Options::default()).await.unwrap();
    let mut field = Field::of(Server::of(cluster).await).await;
    field.client.set_up(&operator::rights(&field.server.own_namespace(), None)).await.unwrap();
    let all = Settings { namespace: None, identity: "all".to_owned(), ..field.settings.clone() };
    let (other, _stop) = field.another(all).await;
    field.begin().await;
    let mut seen = BTreeSet::new();
    for (at, tag) in ["1.0", "2.0-slow-ready", "1.0", "3.0"].into_iter().enumerate() {
        field.write_app("shop", spec(tag)).await;
        field.phase("shop", "Ready").await;
        seen.extend(jobs(&field).await);
        assert_eq!(seen.len(), [1, 2, 2, 3][at], "a migration for each version, none begun again");
    }
    let rests = field.get(&field.app("shop")).await.unwrap()["metadata"]["resourceVersion"].clone();
    field.write_app("beside", spec("1.0")).await;
    field.phase("beside", "Ready").await;
    assert_eq!(field.get(&field.app("shop")).await.unwrap()["metadata"]["resourceVersion"], rests, "neither writes");
    other.abort();
}
