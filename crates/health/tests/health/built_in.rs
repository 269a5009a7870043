//! The kinds that have a status and no pods, each in every state that a cluster shows it in.

use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{failure, progress, verdict, with};

/// What a case has to come to.
enum Is {
    Current,
    /// With a sentence that begins so.
    InProgress(&'static str),
    /// With this cause and a sentence that begins so.
    Failed(Cause, &'static str),
}

use Is::{Current, Failed, InProgress};

/// Every case, and besides for each kind: going is Terminating, and a status from before the spec is no evidence.
fn hold(api_version: &str, kind: &str, cases: &[(Value, Is)]) {
    let bare = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "uid": "u", "generation": 2}});
    for (over, expected) in cases {
        let object = with(bare.clone(), over.clone());
        match expected {
            Current => assert_eq!(verdict(&object, &[]), Verdict::Current, "{kind} {over}"),
            InProgress(begin) => {
                let sentence = progress(&object, &[]).sentence;
                assert!(sentence.starts_with(begin), "{kind} {over}: {sentence}");
            }
            Failed(cause, begin) => {
                let failure = failure(&object, &[]);
                assert!(failure.cause == *cause && failure.sentence.starts_with(begin), "{kind} {over}: {failure:?}");
            }
        }
        let going = with(object.clone(), json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
        assert_eq!(verdict(&going, &[]), Verdict::Terminating, "{kind} {over}");
        let before = with(object, json!({"status": {"observedGeneration": 1}}));
        assert_eq!(progress(&before, &[]).sentence, "the cluster has not taken up a yet", "{kind} {over}");
    }
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

fn conditions(conditions: &[Value]) -> Value {
    json!({"status": {"conditions": conditions}})
}

#[test]
fn an_api_service_is_current_when_what_serves_it_answers() {
    let away = condition("Available", "False", "MissingEndpoints", "no endpoints for metrics-server");
    hold(
        "apiregistration.k8s.io/v1",
        "APIService",
        &[
            (conditions(&[condition("Available", "True", "Passed", "")]), Current),
            (conditions(&[away]), InProgress("what serves a does not answer yet: no endpoints for metrics-server")),
            (conditions(&[condition("Available", "Unknown", "", "")]), InProgress("what serves a does not answer yet")),
            (json!({}), InProgress("the cluster is taking up a")),
        ],
    );
}

#[test]
fn a_certificate_request_is_current_when_it_is_issued_and_fails_when_it_is_denied() {
    let approved = condition("Approved", "True", "Ours", "");
    hold(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        &[
            (json!({}), InProgress("a waits for somebody to approve it")),
            (conditions(std::slice::from_ref(&approved)), InProgress("a waits for its certificate")),
            (with(conditions(&[approved]), json!({"status": {"certificate": "LS0t"}})), Current),
            (
                conditions(&[condition("Denied", "True", "Policy", "name not allowed")]),
                Failed(Cause::Stalled, "the certificate asked for by a was denied: name not allowed"),
            ),
            (
                conditions(&[condition("Failed", "True", "SignerValidationFailure", "")]),
                Failed(Cause::Stalled, "the certificate asked for by a could not be signed: SignerValidationFailure"),
            ),
        ],
    );
}

#[test]
fn an_autoscaler_is_current_when_it_can_read_the_load() {
    let able = condition("AbleToScale", "True", "ReadyForNewScale", "");
    let active =
        |status, reason, message| conditions(&[able.clone(), condition("ScalingActive", status, reason, message)]);
    hold(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &[
            (active("True", "ValidMetricFound", ""), Current),
            (active("False", "ScalingDisabled", "replicas is 0"), Current),
            (
                active("False", "FailedGetResourceMetric", "no metrics"),
                InProgress("a can't read the load yet: no metrics"),
            ),
            (
                active("False", "InvalidSelector", "no such label"),
                Failed(Cause::Stalled, "a can never scale: no such label"),
            ),
            (
                conditions(&[condition("AbleToScale", "False", "FailedGetScale", "deployments \"web\" not found")]),
                InProgress("a can't scale yet: deployments \"web\" not found"),
            ),
            (conditions(std::slice::from_ref(&able)), InProgress("the cluster has not taken up a yet")),
            (json!({}), InProgress("the cluster has not taken up a yet")),
        ],
    );
    hold("autoscaling/v1", "HorizontalPodAutoscaler", &[(json!({"status": {"currentReplicas": 2}}), Current)]);
}

#[test]
fn a_disruption_budget_is_current_once_it_was_taken_up() {
    let taken_up = |over: Value| with(json!({"status": {"observedGeneration": 2}}), over);
    let failed = condition("DisruptionAllowed", "False", "SyncFailed", "found no controllers for pod");
    hold(
        "policy/v1",
        "PodDisruptionBudget",
        &[
            (json!({}), InProgress("the cluster has not taken up a yet")),
            (taken_up(json!({})), Current),
            (taken_up(conditions(&[condition("DisruptionAllowed", "False", "InsufficientPods", "")])), Current),
            (taken_up(conditions(&[condition("DisruptionAllowed", "True", "SufficientPods", "")])), Current),
            (taken_up(conditions(&[failed])), InProgress("a protects nothing yet: found no controllers for pod")),
        ],
    );
}

#[test]
fn a_quota_is_current_when_its_limits_hold() {
    let hard = |spec: Value, status: Value| json!({"spec": {"hard": spec}, "status": {"hard": status}});
    hold(
        "v1",
        "ResourceQuota",
        &[
            (json!({"spec": {"hard": {"pods": "10"}}}), InProgress("the cluster has not taken up a yet")),
            (hard(json!({"pods": "10"}), json!({"pods": "5"})), InProgress("the limits of a do not hold yet")),
            (hard(json!({"pods": "10"}), json!({"pods": "10"})), Current),
        ],
    );
}

#[test]
fn a_volume_is_current_when_it_can_be_used() {
    let phase = |phase: &str| json!({"status": {"phase": phase, "message": "disk is busy"}});
    hold(
        "v1",
        "PersistentVolume",
        &[
            (phase("Available"), Current),
            (phase("Bound"), Current),
            (phase("Released"), Current),
            (phase("Pending"), InProgress("the storage a is not there yet")),
            (phase("Failed"), Failed(Cause::Lost, "the storage a could not be given back: disk is busy")),
            (json!({}), InProgress("the cluster has not taken up a yet")),
        ],
    );
}

#[test]
fn a_claim_that_grows_is_waited_for_until_only_a_pod_is_missing() {
    let bound = |over: Value| with(json!({"status": {"phase": "Bound"}}), over);
    hold(
        "v1",
        "PersistentVolumeClaim",
        &[
            (bound(conditions(&[condition("Resizing", "True", "", "")])), InProgress("the storage a is growing")),
            (
                bound(conditions(&[condition("ControllerResizeError", "True", "", "no space left")])),
                InProgress("the storage a is growing: no space left"),
            ),
            (
                bound(conditions(&[condition("ModifyVolumeError", "True", "", "")])),
                InProgress("the storage a is changing"),
            ),
            (bound(conditions(&[condition("FileSystemResizePending", "True", "", "")])), Current),
            (
                bound(json!({"status": {"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}}})),
                Failed(Cause::Stalled, "the storage a can't grow to the size asked for"),
            ),
        ],
    );
}

#[test]
fn a_gateway_is_current_when_it_is_taken_up_and_reachable() {
    let accepted = condition("Accepted", "True", "Accepted", "");
    let programmed = condition("Programmed", "True", "Programmed", "");
    let about_older = with(programmed.clone(), json!({"observedGeneration": 1}));
    let no_certificate = condition("ResolvedRefs", "False", "InvalidCertificateRef", "secret tls not found");
    let listener = json!({"status": {"listeners": [{"name": "https", "conditions": [no_certificate]}]}});
    hold(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        &[
            (json!({}), InProgress("the cluster has not taken up a yet")),
            (
                conditions(&[condition("Accepted", "Unknown", "Pending", "")]),
                InProgress("a is not taken up yet: Pending"),
            ),
            (conditions(std::slice::from_ref(&accepted)), InProgress("the cluster has not taken up a yet")),
            (conditions(&[accepted.clone(), about_older]), InProgress("the cluster has not taken up a yet")),
            (conditions(&[accepted.clone(), programmed.clone()]), Current),
            (
                conditions(&[accepted.clone(), condition("Programmed", "False", "AddressNotAssigned", "no address")]),
                InProgress("a is not reachable yet: no address"),
            ),
            (
                with(conditions(&[accepted, programmed]), listener),
                InProgress("`https` of a can't be served yet: secret tls not found"),
            ),
            (
                conditions(&[condition("Accepted", "False", "UnsupportedAddress", "no such type")]),
                Failed(Cause::Stalled, "a is refused: no such type"),
            ),
        ],
    );
    hold(
        "gateway.networking.k8s.io/v1",
        "GatewayClass",
        &[
            (
                conditions(&[condition("Accepted", "Unknown", "Pending", "Waiting for controller")]),
                InProgress("a is not"),
            ),
            (conditions(&[condition("Accepted", "True", "Accepted", "")]), Current),
        ],
    );
}

#[test]
fn a_route_is_current_when_every_gateway_it_names_serves_it() {
    let spec = json!({"spec": {"parentRefs": [{"name": "outside", "sectionName": "https"}, {"name": "inside"}]}});
    let parent = |name: &str, conditions: &[Value]| json!({"parentRef": {"name": name}, "conditions": conditions});
    let parents = |parents: &[Value]| with(spec.clone(), json!({"status": {"parents": parents}}));
    let good = [condition("Accepted", "True", "Accepted", ""), condition("ResolvedRefs", "True", "ResolvedRefs", "")];
    let bad = |kind: &str, reason: &str| {
        let others = [
            parent("outside", &good),
            parent("inside", &[condition("Accepted", "True", "", ""), condition(kind, "False", reason, "why")]),
        ];
        let only = [parent("outside", &good), parent("inside", &[condition(kind, "False", reason, "why")])];
        parents(if kind == "Accepted" { &only } else { &others })
    };
    let other_listener = json!({"parentRef": {"name": "outside", "sectionName": "http"}, "conditions": good});
    for (api_version, kind) in
        [("v1", "HTTPRoute"), ("v1", "GRPCRoute"), ("v1alpha2", "TCPRoute"), ("v1alpha2", "UDPRoute")]
    {
        hold(
            &format!("gateway.networking.k8s.io/{api_version}"),
            kind,
            &[
                (spec.clone(), InProgress("a is not taken up by the gateway `outside` yet")),
                (parents(&[parent("outside", &good)]), InProgress("a is not taken up by the gateway `inside` yet")),
                (
                    parents(&[other_listener.clone(), parent("inside", &good)]),
                    InProgress("a is not taken up by the gateway `out"),
                ),
                (parents(&[parent("outside", &good), parent("inside", &good)]), Current),
                (bad("ResolvedRefs", "BackendNotFound"), InProgress("the gateway `inside` does not serve a yet: why")),
                (bad("Accepted", "NoMatchingParent"), InProgress("the gateway `inside` does not serve a yet: why")),
                (bad("Accepted", "UnsupportedValue"), Failed(Cause::Stalled, "the gateway `inside` refuses a: why")),
                (bad("ResolvedRefs", "InvalidKind"), Failed(Cause::Stalled, "the gateway `inside` refuses a: why")),
            ],
        );
    }
}

#[test]
fn a_replication_controller_is_judged_as_a_replica_set_is() {
    let counts = |available: u64| json!({"spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 2, "availableReplicas": available}});
    let refused = with(counts(0), conditions(&[condition("ReplicaFailure", "True", "FailedCreate", "forbidden")]));
    hold(
        "v1",
        "ReplicationController",
        &[
            (counts(2), Current),
            (counts(1), InProgress("a: 1 of 2 are ready")),
            (refused, Failed(Cause::QuotaOrAdmission, "the cluster refuses to start a: forbidden")),
            (json!({}), InProgress("the cluster has not taken up a yet")),
        ],
    );
}
