//! The faults that other tools see late or never, each with what is to be seen of it, and how soon.
//!
//! | fault | told | on a cluster (`crates/control/tests/it`) |
//! |---|---|---|
//! | image not found | Failed at once | `failures::an_image_that_is_gone_is_named` |
//! | registry in trouble | waited for, told | `failures::a_registry_that_refuses_is_waited_for_until_the_deadline` |
//! | crash loop | Failed at the second restart | `failures::a_crash_loop_shows_the_last_lines` |
//! | crash loop while preparing | Failed at the second restart | here |
//! | missing key, ConfigMap or Secret | refused before the first write, else Failed at once | `references`, `failures::a_missing_key_is_named` |
//! | no room | waited for, told; longer when a machine is being added | here |
//! | quota or admission | Failed at once | `failures::a_quota_that_lets_no_pod_in_is_named_at_once` |
//! | never ready | Failed at the deadline, with what the probe says | `failures::what_never_becomes_ready_fails_at_its_deadline_and_says_what_was_waited_for` |
//! | old pod ill | not looked at | `failures` (each of them comes back from such pods) |
//! | custom resource without a status | waited for | here |
//! | running Job | waited for | here |

use std::time::Duration;

use health::{Cause, Decision, Progress, Verdict, Watch};
use serde_json::{Value, json};

use crate::fixtures::{
    crashing, deployment, event, failure, pod, progress, ready, replica_set, verdict, waiting, with,
};

/// A Deployment on its way from version 1, whose pods serve, to version 2, whose one pod is in this state.
fn rolling(new_pod: Value) -> (Value, Vec<Value>) {
    let web = deployment(json!({"status": {"replicas": 3, "updatedReplicas": 1}}));
    let children =
        vec![replica_set(1, 2, 2), replica_set(2, 1, 0), pod("old", "rs1", ready()), pod("new", "rs2", new_pod)];
    (web, children)
}

fn fails(new_pod: Value, cause: Cause, sentence: &str) {
    let (web, children) = rolling(new_pod);
    let failure = failure(&web, &children);
    assert_eq!((failure.cause, failure.sentence.as_str()), (cause, sentence));
}

fn waits(new_pod: Value) -> Progress {
    let (web, children) = rolling(new_pod);
    progress(&web, &children)
}

#[test]
fn an_image_that_is_not_there_fails_at_once() {
    let gone = waiting("ErrImagePull", "rpc error: code = NotFound desc = registry.example/shop:2: not found");
    fails(gone, Cause::ImageMissing, "cannot download the image of web: not found (`registry.example/shop:2`)");
}

#[test]
fn a_registry_in_trouble_is_waited_for_and_told() {
    for message in ["unexpected status code 503 Service Unavailable", "toomanyrequests: rate limit exceeded"] {
        let told = waits(waiting("ErrImagePull", message)).sentence;
        assert!(told.contains("the registry is in trouble; trying again"), "{told}");
    }
}

#[test]
fn a_crash_loop_fails_at_the_second_restart_and_not_before() {
    fails(crashing(2, 1, "Error"), Cause::CrashLoop, "web starts and stops again (3 times): exit code 1");
    assert_eq!(waits(crashing(1, 1, "Error")).sentence, "web starts and stops again (2 times): exit code 1");
}

#[test]
fn a_crash_loop_of_what_prepares_a_pod_fails_as_soon() {
    let (web, mut children) = rolling(waiting("PodInitializing", ""));
    let prepares = with(crashing(2, 1, "Error"), json!({"name": "migrate", "image": "shop:2"}));
    let over =
        json!({"spec": {"initContainers": [{"name": "migrate"}]}, "status": {"initContainerStatuses": [prepares]}});
    let new = children.pop().unwrap();
    children.push(with(new, over));
    let failure = failure(&web, &children);
    assert_eq!(failure.cause, Cause::CrashLoop);
    assert_eq!(failure.sentence, "`migrate`, which prepares web, starts and stops again (3 times): exit code 1");
}

#[test]
fn a_missing_secret_config_map_or_key_fails_at_once_and_is_named() {
    for (message, told) in [
        ("couldn't find key DB_URL in Secret shop/db", "the secret `db` has no key `DB_URL`"),
        ("couldn't find key DB_URL in ConfigMap shop/db", "the config map `db` has no key `DB_URL`"),
        ("secret \"db\" not found", "the secret `db` does not exist"),
        ("configmap \"db\" not found", "the config map `db` does not exist"),
    ] {
        let (web, children) = rolling(waiting("CreateContainerConfigError", message));
        let failure = failure(&web, &children);
        assert!(failure.cause == Cause::ConfigMissing && failure.sentence.contains(told), "{failure:?}");
    }
}

#[test]
fn no_room_is_told_at_once_and_an_added_machine_is_worth_more_patience() {
    let (web, mut children) = rolling(json!({}));
    let over = json!({"status": {"phase": "Pending", "containerStatuses": null, "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]}});
    let new = children.pop().unwrap();
    children.push(with(new, over));
    let told = progress(&web, &children);
    assert!(told.sentence.starts_with("no room on any machine for web") && !told.patience, "{told:?}");
    children.push(event("uid-new", "TriggeredScaleUp", "pod triggered scale-up", "2026-01-01T00:00:00Z"));
    let told = progress(&web, &children);
    assert!(told.sentence.ends_with("a machine is being added") && told.patience, "{told:?}");
}

#[test]
fn a_quota_or_an_admission_rule_that_forbids_pods_fails_at_once() {
    for (message, told) in [
        (
            "exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10",
            "the namespace is full: 10 of 10 pods",
        ),
        (
            "pods \"web\" is forbidden: violates PodSecurity",
            "the cluster refuses to start web: pods \"web\" is forbidden",
        ),
    ] {
        let refused = json!({"status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": message}]}});
        let web = deployment(json!({"status": {"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0}}));
        let failure = failure(&web, &[with(replica_set(2, 2, 0), refused)]);
        assert!(failure.cause == Cause::QuotaOrAdmission && failure.sentence.starts_with(told), "{failure:?}");
    }
}

#[test]
fn what_is_never_ready_fails_at_the_deadline_with_what_the_probe_says() {
    let (web, mut children) = rolling(json!({"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}));
    children.push(event("uid-new", "Unhealthy", "Readiness probe failed: HTTP status 500", "2026-01-01T00:00:09Z"));
    let told = verdict(&web, &children);
    let mut watch = Watch::new(Duration::from_mins(1), Duration::ZERO);
    assert_eq!(watch.observe(&told, Duration::from_secs(59)), Decision::Wait);
    let Decision::Failed(failure) = watch.observe(&told, Duration::from_secs(1)) else { panic!() };
    assert_eq!(failure.cause, Cause::DeadlineExceeded);
    assert_eq!(
        failure.sentence,
        "not ready after 1 m: web runs but is not ready: Readiness probe failed: HTTP status 500"
    );
}

#[test]
fn an_old_pod_that_is_ill_is_not_looked_at() {
    let children = [
        replica_set(1, 0, 0),
        replica_set(2, 2, 2),
        pod("old", "rs1", crashing(9, 1, "Error")),
        pod("new", "rs2", ready()),
    ];
    assert_eq!(verdict(&deployment(json!({})), &children), Verdict::Current);
}

#[test]
fn a_custom_resource_without_a_status_and_a_running_job_are_waited_for() {
    let widget = json!({"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "a"}});
    assert_eq!(progress(&widget, &[]).sentence, "the cluster has not taken up a yet");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "uid": "j"},
        "status": {"startTime": "2026-01-01T00:00:00Z", "active": 1, "ready": 1}});
    assert_eq!(progress(&job, &[]).sentence, "migrate is at work");
}
