use health::{Applied, Cause, Children, CustomRules, ObjectKey, Observation, Observed, Verdict, judge};
use serde_json::{Value, json};

use crate::fixtures::{failure, progress, verdict, with};

fn widget(rest: Value) -> Value {
    with(json!({"apiVersion": "x.example/v1", "kind": "Widget", "metadata": {"name": "a", "generation": 2}}), rest)
}

fn conditions(conditions: Value) -> Value {
    widget(json!({"status": {"conditions": conditions}}))
}

#[test]
fn what_is_only_stored_is_current_at_once() {
    for (api_version, kind) in [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "ServiceAccount"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("v1", "Endpoints"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
        ("v1", "LimitRange"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("networking.k8s.io/v1", "IngressClass"),
    ] {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        assert_eq!(verdict(&object, &[]), Verdict::Current, "{kind}");
    }
}

#[test]
fn a_custom_resource_without_a_status_is_not_current() {
    for object in [widget(json!({})), widget(json!({"status": {}}))] {
        assert_eq!(progress(&object, &[]).sentence, "the cluster has not taken up a yet");
    }
    // Groups that only look like Kubernetes' own are custom too.
    let gateway = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "a"}});
    assert!(!verdict(&gateway, &[]).is_current());
}

#[test]
fn a_custom_resource_whose_kind_has_no_status_is_not_waited_for() {
    let object = widget(json!({}));
    let verdict = |has_status| {
        let children = Children::default();
        let observed = [Observed { key: ObjectKey::of(&object), live: Some(&object), applied: None, has_status }];
        judge(&Observation { objects: &observed, children: &children, custom: &CustomRules::default() }).verdict
    };
    assert_eq!(verdict(Some(false)), Verdict::Current);
    assert!(!verdict(Some(true)).is_current() && !verdict(None).is_current());
}

#[test]
fn conditions_are_read_in_the_order_of_kstatus() {
    let ready = json!({"type": "Ready", "status": "True"});
    assert_eq!(verdict(&conditions(json!([ready])), &[]), Verdict::Current);
    assert_eq!(verdict(&widget(json!({"status": {"phase": "Done"}})), &[]), Verdict::Current);
    let behind = with(conditions(json!([ready])), json!({"status": {"observedGeneration": 1}}));
    assert!(!verdict(&behind, &[]).is_current());
    let about_older = conditions(json!([{"type": "Ready", "status": "True", "observedGeneration": 1}]));
    assert!(!verdict(&about_older, &[]).is_current());
    let working = conditions(json!([ready, {"type": "Reconciling", "status": "True", "message": "making tables"}]));
    assert_eq!(progress(&working, &[]).sentence, "a is being worked on: making tables");
    let stalled = conditions(
        json!([ready, {"type": "Stalled", "status": "True", "reason": "BadSpec", "message": "no such class"}]),
    );
    let failure = failure(&stalled, &[]);
    assert_eq!((failure.cause, failure.sentence.as_str()), (Cause::Stalled, "a can't go on: no such class"));
}

#[test]
fn not_ready_is_never_a_failure_by_itself() {
    for status in ["False", "Unknown"] {
        let object =
            conditions(json!([{"type": "Ready", "status": status, "reason": "Failed", "message": "no such class"}]));
        assert_eq!(progress(&object, &[]).sentence, "a is not ready yet: no such class");
    }
}

#[test]
fn what_is_no_object_is_unknown() {
    for object in [json!({}), json!("text"), json!({"kind": "Pod"}), json!({"metadata": []})] {
        assert!(matches!(verdict(&object, &[]), Verdict::Unknown(_)), "{object}");
    }
    assert_eq!(Applied::of(&json!(null)), Applied::default());
}
