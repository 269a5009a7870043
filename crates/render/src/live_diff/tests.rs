use serde_json::json;

use super::*;

fn paths(desired: Value, live: Value) -> Vec<String> {
    live_diff(&desired, &live, &MaskKey::from_bytes([1; 32])).into_iter().map(|change| change.path).collect()
}

#[test]
fn only_declared_fields_count() {
    let desired = json!({"apiVersion": "apps/v1", "spec": {"replicas": 2, "template": {"spec": {"containers": [
        {"name": "web", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}],
         "resources": {"requests": {"cpu": "1000m", "memory": "1Gi"}}}]}}}});
    let live = json!({"apiVersion": "apps/v1beta1", "metadata": {"uid": "x"}, "spec": {"replicas": 2, "paused": true,
        "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [
            {"name": "injected", "image": "z"},
            {"name": "web", "image": "a:1", "imagePullPolicy": "Always",
             "env": [{"name": "A", "value": "1"}, {"name": "EMPTY"}, {"name": "B", "value": "2"}],
             "resources": {"requests": {"cpu": 1, "memory": "1024Mi"}}}]}}}});
    assert_eq!(paths(desired, live), Vec::<String>::new());
}

#[test]
fn a_field_changed_by_hand_is_named() {
    let desired = json!({"spec": {"replicas": 2, "args": ["a", "b"], "containers": [{"name": "web", "image": "a:1"}]}});
    let live = json!({"spec": {"replicas": 3, "args": ["a"], "containers": [{"name": "web", "image": "a:2"}]}});
    assert_eq!(paths(desired, live), ["spec.replicas", "spec.args", "spec.containers[web].image"]);
}

#[test]
fn a_declared_item_that_is_gone_is_named() {
    let desired = json!({"spec": {"containers": [{"name": "web", "image": "a:1"}, {"name": "log", "image": "b"}]}});
    let live = json!({"spec": {"containers": [{"name": "web", "image": "a:1"}]}});
    assert_eq!(paths(desired, live), ["spec.containers[log]"]);
}

#[test]
fn a_secret_changed_by_hand_is_seen_and_not_shown() {
    let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"password": value}});
    let found = live_diff(&secret("aHVudGVyMg=="), &secret("aHVudGVyMw=="), &MaskKey::from_bytes([1; 32]));
    assert_eq!(found.len(), 1);
    assert!(found[0].from.as_ref().unwrap().starts_with("•••• "));
    assert!(!format!("{found:?}").contains("aHVudGV"));
}
