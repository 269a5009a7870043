use super::*;

fn live(entries: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "managedFields": entries}})
}

fn entry(manager: &str, operation: &str, subresource: &str, fields: Value) -> Value {
    let mut entry = json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": "2026-01-01T14:02:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields});
    if !subresource.is_empty() {
        entry["subresource"] = json!(subresource);
    }
    entry
}

fn restart() -> Value {
    json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}})
}

#[test]
fn what_a_person_added_becomes_ours() {
    let live = live(json!([
        entry("pinnace", "Apply", "", json!({"f:spec": {"f:replicas": {}}})),
        entry("kubectl-edit", "Update", "", json!({"f:spec": {"f:paused": {}}})),
        entry("kube-controller-manager", "Update", "status", json!({"f:status": {"f:replicas": {}}})),
    ]));
    let plan = plan(&live);
    assert_eq!(plan.taken[0].manager, "kubectl-edit");
    assert_eq!(plan.taken[0].fields, ["spec.paused"]);
    let entries = plan.managed_fields.unwrap();
    let managers: Vec<&str> = entries.as_array().unwrap().iter().map(|e| e["manager"].as_str().unwrap()).collect();
    assert_eq!(managers, ["kube-controller-manager", "pinnace"]);
    assert_eq!(entries[1]["fieldsV1"], json!({"f:spec": {"f:replicas": {}, "f:paused": {}}}));
}

#[test]
fn a_restart_by_hand_stays_theirs_and_alone_moves_nothing() {
    let only_restart = live(json!([entry("kubectl-rollout", "Update", "", restart())]));
    assert!(plan(&only_restart).managed_fields.is_none());
    let mut both = restart();
    both["f:spec"]["f:paused"] = json!({});
    let plan = plan(&live(json!([entry("kubectl", "Update", "", both)])));
    let entries = plan.managed_fields.unwrap();
    assert_eq!(entries[0]["manager"], "kubectl");
    assert!(entries[0]["fieldsV1"].to_string().contains("restartedAt"));
    assert_eq!(entries[1]["fieldsV1"], json!({"f:spec": {"f:paused": {}}}));
}

#[test]
fn scaling_by_hand_is_an_edit() {
    let plan = plan(&live(json!([entry("kubectl", "Update", "scale", json!({"f:spec": {"f:replicas": {}}}))])));
    assert_eq!(plan.taken[0].fields, ["spec.replicas"]);
}

#[test]
fn unknown_managers_are_reported_and_left_alone() {
    let live = live(json!([entry("istiod", "Update", "", json!({"f:metadata": {"f:labels": {"f:mesh": {}}}}))]));
    assert!(plan(&live).managed_fields.is_none());
    assert_eq!(foreign(&live)[0].fields, ["metadata.labels.mesh"]);
}
