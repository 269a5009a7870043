use serde_json::json;

use super::*;
use crate::apply::Outcome;
use crate::watch::store::Store;
use crate::watch::stream::Followed;

fn object(kind: &str, name: &str, version: u64, owner: Option<&str>) -> Value {
    let api_version = if matches!(kind, "Pod" | "Event") { "v1" } else { "apps/v1" };
    let owners: Vec<Value> = owner.iter().map(|uid| json!({"uid": uid})).collect();
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop",
        "uid": format!("uid-{name}"), "resourceVersion": version.to_string(), "ownerReferences": owners}})
}

fn kind_of(object: &Value) -> KindKey {
    ObjectKey::of(object).kind
}

fn store(objects: &[Value], version: &str) -> Store {
    let store = Store::new();
    for kind in ["Deployment", "ReplicaSet"] {
        let interest = if kind == "Deployment" { Interest::Marked } else { Interest::Always };
        store.add_stream(&Followed { kind: KindKey::new("apps/v1", kind), interest });
    }
    store.add_stream(&Followed { kind: KindKey::new("v1", "Pod"), interest: Interest::Always });
    store.add_stream(&Followed { kind: KindKey::new("v1", "ConfigMap"), interest: Interest::Marked });
    for kind in ["Deployment", "ReplicaSet", "Pod"] {
        let of_kind: Vec<Value> = objects.iter().filter(|o| o["kind"] == kind).cloned().collect();
        let key = KindKey::new(if kind == "Pod" { "v1" } else { "apps/v1" }, kind);
        store.replace(&key, of_kind, version);
    }
    store
}

fn applied(object: &Value, version: u64) -> Applied {
    Applied {
        key: ObjectKey::of(object),
        outcome: Outcome::Changed,
        uid: uid(object).to_owned(),
        resource_version: version.to_string(),
        generation: 1,
        has_status: None,
        left_out: None,
        imprint: crate::Imprint::of(object),
    }
}

#[test]
fn children_are_found_through_every_owner_and_strangers_are_not() {
    let web = object("Deployment", "web", 5, None);
    let objects = [
        web.clone(),
        object("ReplicaSet", "web-1", 6, Some("uid-web")),
        object("Pod", "web-1-a", 7, Some("uid-web-1")),
        object("Pod", "stranger", 7, None),
    ];
    let snapshot = store(&objects, "9").snapshot(&[ObjectKey::of(&web)]);
    let names: Vec<&str> = snapshot.children.iter().map(|c| meta(c, "name")).collect();
    assert_eq!(names, ["web-1", "web-1-a"]);
}

#[test]
fn a_snapshot_older_than_the_apply_is_no_evidence() {
    let web = object("Deployment", "web", 5, None);
    let store = store(std::slice::from_ref(&web), "5");
    let keys = [ObjectKey::of(&web)];
    assert!(store.snapshot(&keys).covers(&[applied(&web, 5)]));
    assert!(!store.snapshot(&keys).covers(&[applied(&web, 6)]));
    store.upsert(&kind_of(&web), object("Deployment", "web", 6, None));
    assert!(store.snapshot(&keys).covers(&[applied(&web, 6)]));
}

#[test]
fn an_object_that_was_deleted_after_the_apply_is_seen_as_gone() {
    let web = object("Deployment", "web", 6, None);
    let store = store(std::slice::from_ref(&web), "6");
    store.remove(&kind_of(&web), &object("Deployment", "web", 8, None));
    let snapshot = store.snapshot(&[ObjectKey::of(&web)]);
    assert!(snapshot.objects.is_empty() && snapshot.covers(&[applied(&web, 6)]));
}

#[test]
fn a_stream_that_is_down_makes_the_snapshot_blind() {
    let web = object("Deployment", "web", 5, None);
    let store = store(std::slice::from_ref(&web), "5");
    store.blind(&KindKey::new("v1", "Pod"), None);
    let snapshot = store.snapshot(&[ObjectKey::of(&web)]);
    assert!(!snapshot.healthy_stream && !snapshot.covers(&[applied(&web, 5)]));
}

#[test]
fn a_late_delete_does_not_remove_the_successor() {
    let web = object("Deployment", "web", 5, None);
    let store = store(std::slice::from_ref(&web), "5");
    let mut predecessor = object("Deployment", "web", 6, None);
    predecessor["metadata"]["uid"] = json!("uid-before");
    store.remove(&kind_of(&web), &predecessor);
    assert_eq!(store.snapshot(&[ObjectKey::of(&web)]).objects.len(), 1);
}

#[test]
fn watchers_are_woken_by_changes_and_not_by_bookmarks() {
    let web = object("Deployment", "web", 5, None);
    let store = store(std::slice::from_ref(&web), "5");
    let mut changes = store.changes();
    store.advance(&kind_of(&web), "7");
    assert!(!changes.has_changed().unwrap());
    assert_eq!(store.resource_version(&kind_of(&web)), "7");
    store.upsert(&kind_of(&web), object("Deployment", "web", 8, None));
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
}

#[test]
fn a_kind_that_others_asked_for_blinds_only_them() {
    let web = object("Deployment", "web", 5, None);
    let store = store(std::slice::from_ref(&web), "5");
    let settings = ObjectKey { kind: KindKey::new("v1", "ConfigMap"), ..ObjectKey::of(&web) };
    assert!(store.snapshot(&[ObjectKey::of(&web)]).healthy_stream);
    assert!(!store.snapshot(&[ObjectKey::of(&web), settings]).healthy_stream, "ConfigMaps were not listed yet");
}

#[test]
fn a_pod_that_moved_to_another_owner_leaves_the_first() {
    let (web, api) = (object("Deployment", "web", 5, None), object("Deployment", "api", 5, None));
    let pod = object("Pod", "p", 6, Some("uid-web"));
    let store = store(&[web.clone(), api.clone(), pod.clone()], "6");
    let children = |of: &Value| store.snapshot(&[ObjectKey::of(of)]).children.len();
    assert_eq!((children(&web), children(&api)), (1, 0));
    store.upsert(&kind_of(&pod), object("Pod", "p", 7, Some("uid-api")));
    assert_eq!((children(&web), children(&api)), (0, 1));
    store.remove(&kind_of(&pod), &object("Pod", "p", 8, Some("uid-api")));
    assert_eq!((children(&web), children(&api)), (0, 0));
}

#[test]
fn who_waits_is_woken_by_its_own_objects_and_what_they_own_and_by_no_others() {
    let (web, other) = (object("Deployment", "web", 5, None), object("Deployment", "other", 5, None));
    let store = store(&[web.clone(), other.clone(), object("ReplicaSet", "web-1", 6, Some("uid-web"))], "9");
    let mut changes = store.changes_of(&[ObjectKey::of(&web)]);
    store.upsert(&kind_of(&other), object("Deployment", "other", 10, None));
    assert!(!is_woken(&mut changes));
    store.upsert(&kind_of(&web), object("Deployment", "web", 11, None));
    assert!(is_woken(&mut changes));
    store.upsert(&KindKey::new("v1", "Pod"), object("Pod", "web-1-a", 12, Some("uid-web-1")));
    assert!(is_woken(&mut changes), "a pod of its replica set");
    store.remove(&kind_of(&web), &web);
    assert!(is_woken(&mut changes), "it is gone");
    store.blind(&KindKey::new("v1", "Pod"), None);
    assert!(is_woken(&mut changes), "nobody sees pods");
}

fn is_woken(changes: &mut crate::Changes) -> bool {
    // What is ready is ready now: nothing is waited for.
    let woken = futures::FutureExt::now_or_never(changes.changed()).is_some();
    changes.mark_unchanged();
    woken
}

#[test]
fn an_imprint_is_known_of_what_is_seen_only() {
    let web = object("Deployment", "web", 5, None);
    let (store, gone) = (store(std::slice::from_ref(&web), "5"), ObjectKey::of(&object("Deployment", "gone", 1, None)));
    let keys = [ObjectKey::of(&web), gone];
    assert_eq!(store.imprints(&keys), Some(vec![Some(crate::Imprint::of(&web)), None]));
    store.blind(&kind_of(&web), None);
    assert_eq!(store.imprints(&keys), None);
}
