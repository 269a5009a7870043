use std::collections::BTreeMap;

use cluster::{Change, Target};
use serde_json::{Value, json};

use super::common::{Place, config_map, deployment};

#[tokio::test]
async fn a_dry_run_writes_nothing_and_says_what_would_change() {
    let place = Place::new("dry").await;
    place.apply(&place.target(), &[config_map("same", "1"), config_map("other", "1")]).await;
    let objects = [config_map("same", "1"), config_map("other", "2"), config_map("new", "1")];
    let dry = place.client.dry_run(&place.target(), &objects, &BTreeMap::new()).await.unwrap();
    let changes: Vec<Change> = dry.checked.iter().map(|c| c.change).collect();
    assert_eq!(changes, [Change::Nothing, Change::Change, Change::Create]);
    assert_eq!(place.live(&config_map("other", "")).await["data"]["key"], "1");
    let new = place.key(&config_map("new", "")).await;
    assert_eq!(place.client.get(&new).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_without_our_mark_is_refused_before_the_first_write() {
    let place = Place::new("unmarked").await;
    place.create(&config_map("theirs", "1")).await;
    let dry =
        async |target: &Target, object: Value| place.client.dry_run(target, &[object], &BTreeMap::new()).await.unwrap();
    let refused = dry(&place.target(), config_map("theirs", "2")).await.refused;
    assert!(refused[0].message.contains("pinnace.dev/adopt"), "{refused:?}");
    let error = place
        .client
        .apply_one(&place.target(), &config_map("theirs", "2"), Some(&place.live(&config_map("theirs", "")).await))
        .await;
    assert!(error.is_err(), "applying refuses by itself");
    let mut adopting = config_map("theirs", "2");
    adopting["metadata"]["annotations"] = json!({"pinnace.dev/adopt": "true"});
    assert!(dry(&place.target(), adopting.clone()).await.refused.is_empty());
    place.apply(&place.target(), &[adopting]).await;

    let other = Target::new("shop/staging".parse().unwrap(), &place.namespace);
    let refused = dry(&Target { adopt: true, ..other }, config_map("theirs", "3")).await.refused;
    assert!(refused[0].message.contains("shop.prod"), "{refused:?}");
}

#[tokio::test]
async fn an_object_that_lost_its_mark_is_still_ours_when_the_inventory_knows_it() {
    let place = Place::new("unlabelled").await;
    let object = config_map("a", "1");
    let uid = place.apply(&place.target(), std::slice::from_ref(&object)).await[0].uid.clone();
    place.edit(&object, "kubectl-edit", json!({"metadata": {"labels": null}})).await;
    let target = Target { known_uids: [uid].into(), ..place.target() };
    place.apply(&target, std::slice::from_ref(&object)).await;
    assert_eq!(place.live(&object).await["metadata"]["labels"]["pinnace.dev/instance"], "shop.prod");
}

#[tokio::test]
async fn fields_that_can_not_change_are_refused_in_words() {
    let place = Place::new("immutable").await;
    let job = |image: &str| {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}, "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "migrate", "image": image, "env": [{"name": "A", "value": "hunter2"}]}]}}}})
    };
    place.apply(&place.target(), &[job("shop:1"), deployment("shop:1")]).await;
    let mut selector = deployment("shop:1");
    selector["spec"]["selector"]["matchLabels"] = json!({"app": "other"});
    selector["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let objects = [job("shop:2"), selector];
    let refused = place.client.dry_run(&place.target(), &objects, &BTreeMap::new()).await.unwrap().refused;
    assert!(
        refused[0].message.starts_with("spec.template: field is immutable; what can't change in place"),
        "{refused:?}"
    );
    assert!(refused[1].message.starts_with("spec.selector: field is immutable; "), "{refused:?}");
}

#[tokio::test]
async fn typos_and_wrong_places_are_refused_all_at_once() {
    let place = Place::new("typos").await;
    let mut typo = deployment("shop:1");
    typo["spec"]["template"]["spec"]["containers"][0]["imag"] = json!("x");
    let mut elsewhere = config_map("x", "1");
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}});
    let mut bad_name = config_map("x", "1");
    bad_name["metadata"]["name"] = json!("../x");
    let unknown = json!({"apiVersion": "example.org/v1", "kind": "Nothing", "metadata": {"name": "x"}});
    let objects = [typo, elsewhere, role, bad_name, unknown, config_map("good", "1"), config_map("good", "2")];
    let dry = place.client.dry_run(&place.target(), &objects, &BTreeMap::new()).await.unwrap();
    let messages: Vec<&str> = dry.refused.iter().map(|r| r.message.as_str()).collect();
    for words in [
        ".imag: field not declared in schema",
        "namespace other than",
        "whole cluster",
        "metadata.name",
        "no kind `Nothing`",
        "twice",
    ] {
        assert!(messages.iter().any(|m| m.contains(words)), "{words}: {messages:#?}");
    }
    assert_eq!(messages.len(), 6, "{messages:#?}");
}

#[tokio::test]
async fn what_needs_a_crd_of_the_same_set_is_unchecked_and_goes_once_that_stands() {
    let place = Place::new("crd").await;
    let group = format!("{}.example.org", place.namespace);
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("things.{group}")}, "spec": {"group": group, "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
            {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let thing =
        json!({"apiVersion": format!("{group}/v1"), "kind": "Thing", "metadata": {"name": "one"}, "spec": {"a": 1}});
    let target = Target { cluster_scoped: true, ..place.target() };
    let dry = place.client.dry_run(&target, &[thing.clone(), crd.clone()], &BTreeMap::new()).await.unwrap();
    assert_eq!(dry.refused, []);
    assert_eq!(dry.unchecked[0].why, "its CRD is in the same set");

    place.client.apply_one(&target, &crd, None).await.unwrap();
    place.client.wait_until_established(&[&crd], std::time::Duration::from_secs(20)).await.unwrap();
    let again = place.client.dry_run(&target, std::slice::from_ref(&thing), &BTreeMap::new()).await.unwrap();
    assert_eq!(again.checked.len(), 1, "{again:?}");
    place.apply(&target, &[thing]).await;
    place.delete(&crd).await;
}

#[tokio::test]
async fn what_needs_a_namespace_of_the_same_set_is_unchecked() {
    let place = Place::new("newns").await;
    let name = format!("{}-new", place.namespace);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let mut inside = config_map("a", "1");
    inside["metadata"]["namespace"] = json!(name);
    let target = Target { cluster_scoped: true, namespaces: vec![name], ..place.target() };
    let dry = place.client.dry_run(&target, &[namespace, inside], &BTreeMap::new()).await.unwrap();
    assert_eq!((dry.checked.len(), dry.unchecked.len(), dry.refused.len()), (1, 1, 0), "{dry:?}");
}

#[tokio::test]
async fn a_full_quota_is_refused_before_the_first_write_where_the_cluster_checks_it() {
    let place = Place::new("quota").await;
    place
        .create(&json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tiny"},
        "spec": {"hard": {"services": "0"}}}))
        .await;
    let service =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}});
    // The API server learns of a new quota a moment after it was made.
    let asking = async {
        loop {
            let dry = place.client.dry_run(&place.target(), std::slice::from_ref(&service), &BTreeMap::new()).await;
            if let Some(refused) = dry.unwrap().refused.pop() {
                return refused.message;
            }
        }
    };
    let message = tokio::time::timeout(std::time::Duration::from_secs(20), asking).await.unwrap();
    assert!(message.starts_with("quota exceeded: tiny"), "{message}");
}
