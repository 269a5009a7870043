use serde_json::json;

use super::*;

fn live(spec: Value, manager: &str, fields: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec, "metadata": {"name": "web", "resourceVersion": "9",
        "managedFields": [{"manager": manager, "operation": "Update", "time": "2026-01-01T14:02:00Z", "fieldsV1": fields}]}})
}

fn containers(image: &str) -> Value {
    json!({"template": {"spec": {"containers": [{"name": "web", "image": image}]}}})
}

#[test]
fn a_changed_field_names_its_manager_and_time() {
    let fields =
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}}}}}});
    let live = live(containers("shop:2"), "kubectl-edit", fields);
    let desired = json!({"spec": containers("shop:1")});
    let mut after = live.clone();
    after["spec"] = containers("shop:1");
    after["metadata"]["resourceVersion"] = json!("10");
    let drifts = compare(&desired, &live, &after, false);
    assert_eq!(drifts.len(), 1);
    let (_, drift) = &drifts[0];
    assert_eq!(drift.path, "spec.template.spec.containers[web].image");
    assert_eq!((&drift.live, &drift.desired), (&Some(json!("shop:2")), &Some(json!("shop:1"))));
    assert_eq!((drift.manager.as_deref(), drift.by), (Some("kubectl-edit"), ManagerKind::Person));
    assert_eq!(drift.at.as_deref(), Some("2026-01-01T14:02:00Z"));
}

#[test]
fn a_field_that_a_person_added_counts_though_the_apply_would_keep_it() {
    let live = live(json!({"paused": true}), "kubectl-edit", json!({"f:spec": {"f:paused": {}}}));
    let drifts = compare(&json!({"spec": {}}), &live, &live, false);
    assert_eq!(drifts[0].1.path, "spec.paused");
    assert_eq!(drifts[0].1.desired, None);
}

#[test]
fn a_restart_by_hand_is_no_drift() {
    let spec = json!({"template": {"metadata": {"annotations": {RESTARTED_AT: "now"}}}});
    let fields =
        json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {(format!("f:{RESTARTED_AT}")): {}}}}}});
    let live = live(spec, "kubectl-rollout", fields);
    assert_eq!(compare(&json!({"spec": {}}), &live, &live, false), []);
}

#[test]
fn what_controllers_of_kubernetes_set_is_no_drift() {
    let live = live(json!({"replicas": 5}), "kube-controller-manager", json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!(compare(&json!({"spec": {}}), &live, &live, false), []);
}

#[test]
fn a_secrets_values_are_never_shown() {
    let secret =
        |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"password": value}, "metadata": {}});
    let drifts = compare(&secret("YQ=="), &secret("aHVudGVyMg=="), &secret("YQ=="), true);
    assert_eq!(drifts[0].1.path, "data.password");
    assert!(!format!("{drifts:?}").contains("aHVudGVyMg"), "{drifts:?}");
    let copied =
        json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "aHVudGVyMg=="}}});
    let drifts = compare(&secret("YQ=="), &copied, &secret("YQ=="), true);
    assert!(!format!("{drifts:?}").contains("aHVudGVyMg"), "{drifts:?}");
}
