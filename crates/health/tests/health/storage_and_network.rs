use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{event, failure, progress, verdict, with};

fn object(api_version: &str, kind: &str, rest: Value) -> Value {
    with(
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop", "uid": "u"}}),
        rest,
    )
}

#[test]
fn a_claim_is_current_with_its_volume_or_when_nobody_needs_it_yet() {
    let claim = |phase: &str| object("v1", "PersistentVolumeClaim", json!({"status": {"phase": phase}}));
    assert_eq!(verdict(&claim("Bound"), &[]), Verdict::Current);
    assert_eq!(failure(&claim("Lost"), &[]).cause, Cause::Lost);
    assert_eq!(progress(&claim("Pending"), &[]).sentence, "a waits for storage");
    let waits = event(
        "u",
        "WaitForFirstConsumer",
        "waiting for first consumer to be created before binding",
        "2026-01-01T00:00:00Z",
    );
    let fails = event("u", "ProvisioningFailed", "no such pool", "2026-01-01T00:00:01Z");
    assert_eq!(verdict(&claim("Pending"), std::slice::from_ref(&waits)), Verdict::Current);
    assert_eq!(progress(&claim("Pending"), &[waits, fails]).sentence, "a waits for storage: no such pool");
}

#[test]
fn a_service_is_current_unless_it_asks_for_an_address_from_outside() {
    assert_eq!(verdict(&object("v1", "Service", json!({"spec": {"type": "ClusterIP"}})), &[]), Verdict::Current);
    let outside = |status: Value| object("v1", "Service", json!({"spec": {"type": "LoadBalancer"}, "status": status}));
    assert_eq!(progress(&outside(json!({"loadBalancer": {}})), &[]).sentence, "a has no address from outside yet");
    assert_eq!(verdict(&outside(json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})), &[]), Verdict::Current);
}

#[test]
fn an_ingress_without_an_address_is_current() {
    let ingress = object("networking.k8s.io/v1", "Ingress", json!({"status": {"loadBalancer": {}}}));
    assert_eq!(verdict(&ingress, &[]), Verdict::Current);
}

#[test]
fn a_definition_is_current_when_its_kind_is_served() {
    let definition = |conditions: Value| {
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({"status": {"conditions": conditions}}))
    };
    assert_eq!(
        verdict(
            &definition(
                json!([{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}])
            ),
            &[]
        ),
        Verdict::Current
    );
    assert!(
        !verdict(&definition(json!([{"type": "Established", "status": "False", "reason": "Installing"}])), &[])
            .is_current()
    );
    assert!(!verdict(&object("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({})), &[]).is_current());
    let taken = definition(
        json!([{"type": "NamesAccepted", "status": "False", "reason": "PluralConflict", "message": "\"widgets\" is already in use"}]),
    );
    let failure = failure(&taken, &[]);
    assert_eq!(
        (failure.cause, failure.sentence.as_str()),
        (Cause::NamesNotAccepted, "the names of a are taken: \"widgets\" is already in use")
    );
}

#[test]
fn a_replica_set_by_itself_is_judged_by_its_counts() {
    let set = |available: u64| {
        object(
            "apps/v1",
            "ReplicaSet",
            json!({"spec": {"replicas": 2},
        "status": {"observedGeneration": 1, "replicas": 2, "availableReplicas": available}}),
        )
    };
    assert_eq!(verdict(&set(2), &[]), Verdict::Current);
    assert_eq!(progress(&set(1), &[]).sentence, "a: 1 of 2 are ready");
    let refused = with(
        set(0),
        json!({"status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "denied"}]}}),
    );
    assert_eq!(failure(&refused, &[]).cause, Cause::QuotaOrAdmission);
}

#[test]
fn a_timetable_is_current_and_a_namespace_until_it_goes() {
    assert_eq!(verdict(&object("batch/v1", "CronJob", json!({})), &[]), Verdict::Current);
    assert_eq!(verdict(&object("v1", "Namespace", json!({"status": {"phase": "Active"}})), &[]), Verdict::Current);
    assert_eq!(
        verdict(&object("v1", "Namespace", json!({"status": {"phase": "Terminating"}})), &[]),
        Verdict::Terminating
    );
}

#[test]
fn only_what_nothing_but_its_writer_can_change_needs_no_second_look() {
    let rests = |object: &Value| health::rests_on_status(object, &health::CustomRules::default());
    assert!(!rests(&object("networking.k8s.io/v1", "Ingress", json!({}))));
    assert!(!rests(&object("v1", "Service", json!({"spec": {"type": "ClusterIP"}}))));
    assert!(rests(&object("v1", "Service", json!({"spec": {"type": "LoadBalancer"}}))));
    let failed = json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}});
    assert!(rests(&object("v1", "Service", failed)));
    assert!(rests(&object("apps/v1", "Deployment", json!({}))));
    assert!(rests(&object("acme.example/v1", "Ingress", json!({}))));
}
