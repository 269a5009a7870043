use std::collections::{BTreeMap, BTreeSet};

use cluster::inventory::Inventory;
use cluster::rbac::{Use, rbac_objects};
use cluster::{ClusterClient, ClusterError, Imprint, Kind, KindKey, ObjectKey, Target};
use k8s_openapi::api::core::v1::ServiceAccount;
use serde_json::{Value, json};

use super::common::{Place, config_map, deployment, secret};
use super::watch::until;

/// Gives our service account the rights that are printed for these kinds, and connects as it.
async fn with_printed_rights(place: &Place, kinds: &[(&str, &str)]) -> ClusterClient {
    with_rights_for(place, use_of(place, kinds)).await
}

fn use_of(place: &Place, kinds: &[(&str, &str)]) -> Use {
    let kinds = kinds.iter().map(|(version, kind)| Kind::presumed(&KindKey::new(version, kind))).collect();
    let (whole, reads, awaits) = (Vec::new(), Vec::new(), Vec::new());
    Use { namespace: place.namespace.clone(), kinds, watch_secrets: false, whole, reads, awaits, shows: Vec::new() }
}

async fn with_rights_for(place: &Place, used: Use) -> ClusterClient {
    place.client.set_up(&rbac_objects(&place.own, &[used])).await.unwrap();
    let token = place.client.account_token(std::time::Duration::from_hours(1)).await.unwrap();
    place.with_token(&token).await
}

#[tokio::test]
async fn the_printed_rights_suffice_for_the_whole_life_of_a_pin() {
    let place = Place::new("rbac").await;
    let used = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("v1", "ConfigMap"), ("v1", "Secret")];
    let client = with_printed_rights(&place, &used).await;
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "db", "image": "db:1"}]}}}});
    let objects = [deployment("shop:1"), set, config_map("a", "1"), secret("hunter2")];

    let autoscaled = client.autoscaled(&place.namespace).await.unwrap();
    let target = Target { autoscaled, ..place.target() };
    let dry = client.dry_run(&target, &objects, &BTreeMap::new()).await.unwrap();
    assert_eq!(dry.checked.len(), 4, "{dry:?}");
    let mut inventory = Inventory::empty(target.instance.clone());
    let stored = client.write_inventory(&inventory, None).await.unwrap();
    let kinds: Vec<KindKey> = objects.iter().map(|o| ObjectKey::of(o).kind).collect();
    let watcher = client.watch(&place.namespace, &kinds);
    let mut applied = Vec::new();
    for object in &objects {
        applied.push(client.apply_one(&target, object, None).await.unwrap());
    }
    let keys: Vec<ObjectKey> = applied.iter().map(|a| a.key.clone()).collect();
    inventory.add_candidate_objects(&keys, None);
    client.write_inventory(&inventory, Some(&stored.resource_version)).await.unwrap();
    client.read_inventory(&target.instance).await.unwrap().unwrap();
    until(&watcher, &keys, |s| {
        s.covers(&applied)
            && matches!(
                s.judge(&applied, &s.baseline(), &health::CustomRules::default()).verdict,
                health::Verdict::Current
            )
    })
    .await;

    place.edit(&objects[0], "kubectl-edit", json!({"spec": {"paused": true}})).await;
    let live = place.live(&objects[0]).await;
    assert!(client.drift(&target, &objects[0], Some(&live)).await.unwrap().is_some());
    client.take_back(&keys[0], &live).await.unwrap();
    assert_eq!(client.delete_not_ready_pods(&keys[1], "none").await.unwrap(), Some(vec![]));
    let plan = client.plan_prune(&target, &inventory, &BTreeSet::new(), true).await.unwrap();
    assert_eq!(client.prune(&plan).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let place = Place::new("forbidden").await;
    let client = with_printed_rights(&place, &[("v1", "ConfigMap")]).await;
    let error = client.dry_run(&place.target(), &[deployment("shop:1")], &BTreeMap::new()).await.unwrap_err();
    let ClusterError::Forbidden { verb, resource, namespace, .. } = &error else { panic!("{error}") };
    assert_eq!((verb.as_str(), resource.as_str()), ("patch", "deployments.apps"));
    assert_eq!(namespace.as_ref(), Some(&place.namespace));
    assert!(error.to_string().contains("pinnace rbac"), "{error}");
}

#[tokio::test]
async fn credentials_that_are_not_valid_are_told_from_missing_rights() {
    let place = Place::new("expired").await;
    place.client.set_up(&rbac_objects(&place.own, &[])).await.unwrap();
    let token = place.client.account_token(std::time::Duration::from_mins(10)).await.unwrap();
    let accounts = kube::Api::<ServiceAccount>::namespaced(place.person.clone(), &place.own);
    accounts.delete("pinnace", &kube::api::DeleteParams::default()).await.unwrap();
    let error = place.with_token(&token).await.check().await.unwrap_err();
    assert!(matches!(error, ClusterError::Unauthorized { .. }), "{error}");
}

#[tokio::test]
async fn a_namespace_that_setup_did_not_make_is_not_deleted() {
    let place = Place::new("clean").await;
    let made = format!("{}-made", place.namespace);
    assert!(place.client.make_namespace(&made).await.unwrap());
    assert!(!place.client.make_namespace(&made).await.unwrap(), "it is there");
    assert!(place.client.delete_namespace(&made).await.unwrap());
    let error = place.client.delete_namespace(&place.namespace).await.unwrap_err();
    assert!(matches!(error, ClusterError::NotOurs { .. }), "{error}");
    assert!(!place.client.delete_namespace("no-such-namespace").await.unwrap());
}

#[tokio::test]
async fn a_watcher_without_rights_is_blind_and_says_which_are_missing() {
    let place = Place::new("blind").await;
    let client = with_printed_rights(&place, &[("v1", "ConfigMap")]).await;
    let watcher = client.watch(&place.namespace, &[KindKey::new("apps/v1", "Deployment")]);
    let keys = [place.key(&deployment("")).await];
    let blind = until(&watcher, &keys, |s| !s.trouble.is_empty()).await;
    assert!(!blind.healthy_stream);
    assert!(matches!(&blind.trouble[0], ClusterError::Forbidden { resource, .. } if resource == "deployments.apps"));
}

#[tokio::test]
async fn a_kind_that_may_not_be_watched_is_seen_once_the_right_is_there() {
    let place = Place::new("later").await;
    let client = with_printed_rights(&place, &[("v1", "ConfigMap")]).await;
    place.client.apply_one(&place.target(), &deployment("shop:1"), None).await.unwrap();
    let kind = KindKey::new("apps/v1", "Deployment");
    let watcher = client.watch(&place.namespace, &[]);
    watcher.follow_beside(std::slice::from_ref(&kind));
    let keys = [place.key(&deployment("")).await];
    until(&watcher, &keys, |snapshot| matches!(snapshot.trouble.first(), Some(ClusterError::Forbidden { .. }))).await;
    let used = use_of(&place, &[("v1", "ConfigMap"), ("apps/v1", "Deployment")]);
    place.client.set_up(&rbac_objects(&place.own, &[used])).await.unwrap();
    until(&watcher, &keys, |_| matches!(watcher.imprints(&keys).as_deref(), Some([Some(_)]))).await;
}

#[tokio::test]
async fn our_rights_do_not_let_us_list_secrets() {
    let place = Place::new("nolist").await;
    let client = with_printed_rights(&place, &[("v1", "Secret")]).await;
    let error = client.list(&KindKey::new("v1", "Secret"), &place.namespace).await.unwrap_err();
    assert!(matches!(error, ClusterError::Forbidden { .. }), "{error}");
    let _: Option<Value> = client.get(&place.key(&secret("x")).await).await.unwrap();
}

#[tokio::test]
async fn missing_rights_are_told_before_they_are_needed() {
    let place = Place::new("missing").await;
    let client = with_printed_rights(&place, &[("v1", "ConfigMap")]).await;
    let uses = |kinds: &[(&str, &str)]| rbac_objects(&place.own, &[use_of(&place, kinds)]);
    assert_eq!(client.missing_rights(&uses(&[("v1", "ConfigMap")])).await.unwrap(), Vec::<String>::new());
    let missing = client.missing_rights(&uses(&[("v1", "ConfigMap"), ("batch/v1", "Job")])).await.unwrap();
    assert!(missing.contains(&format!("patch jobs.batch in {}", place.namespace)), "{missing:?}");
    assert!(missing.iter().all(|right| !right.contains("configmaps")), "{missing:?}");
}

#[tokio::test]
async fn watched_secrets_tell_what_changed_and_never_a_value() {
    let place = Place::new("sealed").await;
    let client = with_rights_for(&place, Use { watch_secrets: true, ..use_of(&place, &[("v1", "Secret")]) }).await;
    let applied = client.apply_one(&place.target(), &secret("hunter2"), None).await.unwrap();
    let keys = [applied.key.clone()];
    let watcher = client.watch(&place.namespace, &[]);
    watcher.follow_secrets();
    let imprint = async |is_so: &dyn Fn(Option<Imprint>) -> bool| {
        let mut changes = watcher.changes_of(&keys);
        let seen = async {
            loop {
                changes.mark_unchanged();
                if let Some(now) = watcher.imprints(&keys).filter(|now| is_so(now[0])) {
                    return now[0];
                }
                changes.changed().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(40), seen).await.unwrap()
    };
    assert_eq!(imprint(&|now| now.is_some()).await, Some(applied.imprint), "as the apply left it");
    place.edit(&secret(""), "kubectl-edit", json!({"stringData": {"password": "other", "more": "hunter3"}})).await;
    let edited = imprint(&|now| now != Some(applied.imprint)).await;
    place.edit(&secret(""), "kubectl-edit", json!({"stringData": {"password": "another"}})).await;
    imprint(&|now| now != edited).await;
    let kept = format!("{watcher:?}");
    for value in ["hunter2", "other", "hunter3", "aHVudGVy", "b3RoZXI"] {
        assert!(!kept.contains(value), "{value}: {kept}");
    }
    let uid = place.live(&secret("")).await["metadata"]["uid"].as_str().unwrap().to_owned();
    place.client.delete(&keys[0], &uid).await.unwrap();
    assert_eq!(imprint(&|now| now.is_none()).await, None);
}
