use cluster::{KindKey, update_revision};
use serde_json::{Value, json};

use super::common::{Place, deployment};
use super::watch::until;

fn stateful_set(image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {
        "replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": image}]}}}})
}

#[tokio::test]
async fn a_stateful_set_comes_back_once_the_pods_of_the_dropped_revision_are_deleted() {
    let place = Place::new("stuck").await;
    let target = place.target();
    let watcher = place.client.watch(&place.namespace, &[KindKey::new("apps/v1", "StatefulSet")]);
    let keys = [place.key(&stateful_set("")).await];
    let ready = |s: &cluster::Snapshot| {
        s.objects.values().any(|o| o["status"]["readyReplicas"] == 1 && o["status"]["updatedReplicas"] == 1)
    };
    place.apply(&target, &[stateful_set("db:1")]).await;
    until(&watcher, &keys, ready).await;
    place.apply(&target, &[stateful_set("db:image-missing")]).await;
    let broken = until(&watcher, &keys, |s| {
        s.children.iter().any(|c| c["kind"] == "Pod" && c["spec"]["containers"][0]["image"] == "db:image-missing")
    })
    .await;
    let dropped = update_revision(broken.objects.values().next().unwrap()).unwrap().to_owned();

    place.apply(&target, &[stateful_set("db:1")]).await;
    let back = |s: &cluster::Snapshot| s.objects.values().any(|o| update_revision(o).is_some_and(|r| r != dropped));
    until(&watcher, &keys, back).await;
    let deleted = place.client.delete_not_ready_pods(&keys[0], &dropped).await.unwrap().unwrap();
    assert_eq!(deleted[0].name, "db-0");
    until(&watcher, &keys, ready).await;
    let again = place.client.delete_not_ready_pods(&keys[0], &dropped).await.unwrap().unwrap();
    assert_eq!(again, []);
}

#[tokio::test]
async fn a_crashed_containers_last_words_can_be_read() {
    let place = Place::new("logs").await;
    let watcher = place.client.watch(&place.namespace, &[KindKey::new("apps/v1", "Deployment")]);
    place.apply(&place.target(), &[deployment("shop:crash-loop")]).await;
    let keys = [place.key(&deployment("")).await];
    let crashed = until(&watcher, &keys, |s| {
        s.children.iter().any(|c| c["status"]["containerStatuses"][0]["restartCount"].as_u64() >= Some(1))
    })
    .await;
    let pod =
        crashed.children.iter().find(|c| c["kind"] == "Pod").unwrap()["metadata"]["name"].as_str().unwrap().to_owned();
    let text = place.client.logs(&place.namespace, &pod, "web", true, 3).await.unwrap();
    assert!(!text.is_empty() && text.lines().count() <= 3, "{text:?}");
    let error = place.client.logs(&place.namespace, "no-such-pod", "web", true, 3).await.unwrap_err();
    assert!(matches!(error, cluster::ClusterError::NotFound { .. }), "{error}");
}
