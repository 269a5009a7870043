use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{crashing, event, failure, owner, pod, progress, ready, verdict, with};

/// A StatefulSet of three, at rest on revision `new`.
fn set(over: Value) -> Value {
    with(
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": "shop", "uid": "s", "generation": 2},
            "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}},
            "status": {"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                "updatedReplicas": 3, "currentReplicas": 3, "currentRevision": "new", "updateRevision": "new"},
        }),
        over,
    )
}

fn member(name: &str, revision: &str, container: Value) -> Value {
    let labels = json!({"controller-revision-hash": revision});
    with(pod(name, "s", container), json!({"metadata": {"labels": labels}}))
}

fn revision(name: &str, number: u64, at: &str) -> Value {
    json!({"kind": "ControllerRevision", "revision": number, "metadata": {"name": name, "uid": name, "creationTimestamp": at,
        "labels": {"controller-revision-hash": name}, "ownerReferences": owner("StatefulSet", "s")}})
}

fn rolling() -> Value {
    set(
        json!({"status": {"currentRevision": "old", "currentReplicas": 2, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2}}),
    )
}

#[test]
fn all_on_the_new_revision_and_ready_is_current() {
    assert_eq!(verdict(&set(json!({})), &[]), Verdict::Current);
}

#[test]
fn members_of_the_old_revision_are_waited_for() {
    assert_eq!(progress(&rolling(), &[]).sentence, "db: 1 of 3 of the new version started");
    let all_ready = with(rolling(), json!({"status": {"readyReplicas": 3, "availableReplicas": 3}}));
    assert_eq!(progress(&all_ready, &[]).ready, Some((3, 3)));
}

#[test]
fn a_member_of_the_new_revision_that_crashes_fails_it() {
    let children = [member("db-2", "new", crashing(2, 1, "Error")), member("db-1", "old", ready())];
    assert_eq!(failure(&rolling(), &children).cause, Cause::CrashLoop);
    let children = [member("db-2", "old", crashing(2, 1, "Error"))];
    assert!(!verdict(&rolling(), &children).is_failed());
}

#[test]
fn a_partition_keeps_the_others_as_they_are() {
    let partition = |partition: u64| {
        with(
            rolling(),
            json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": partition}}},
        "status": {"readyReplicas": 3, "availableReplicas": 3}}),
        )
    };
    assert_eq!(verdict(&partition(2), &[]), Verdict::Current);
    assert_eq!(verdict(&partition(7), &[]), Verdict::Current);
    assert!(!verdict(&partition(1), &[]).is_current());
}

#[test]
fn on_delete_waits_for_nobody_to_replace_pods() {
    let on_delete = |ready: u64| {
        with(
            rolling(),
            json!({"spec": {"updateStrategy": {"type": "OnDelete"}},
        "status": {"readyReplicas": ready, "availableReplicas": ready}}),
        )
    };
    assert_eq!(verdict(&on_delete(3), &[]), Verdict::Current);
    assert_eq!(progress(&on_delete(2), &[]).sentence, "db: 2 of 3 are ready");
}

#[test]
fn none_wanted_and_none_there_is_current() {
    let none = set(
        json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "readyReplicas": null, "availableReplicas": 0, "updatedReplicas": null, "currentReplicas": null}}),
    );
    assert_eq!(verdict(&none, &[]), Verdict::Current);
    let leaving = set(json!({"spec": {"replicas": 1}}));
    assert_eq!(progress(&leaving, &[]).sentence, "db: 2 still to stop");
}

#[test]
fn a_generation_not_yet_seen_is_no_evidence() {
    for over in [json!({"metadata": {"generation": 3}}), json!({"status": null})] {
        assert_eq!(progress(&set(over), &[]).sentence, "the cluster has not taken up db yet");
    }
}

#[test]
fn a_member_that_may_not_be_made_fails_it_unless_that_was_before() {
    let full = "create Pod db-2 in StatefulSet db failed error: pods \"db-2\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3";
    let children = |at: &str| {
        [
            revision("old", 1, "2026-01-01T00:00:00Z"),
            revision("new", 2, "2026-01-02T00:00:00Z"),
            event("s", "FailedCreate", full, at),
        ]
    };
    assert_eq!(failure(&rolling(), &children("2026-01-02T00:00:05Z")).sentence, "the namespace is full: 3 of 3 pods");
    assert!(!verdict(&rolling(), &children("2026-01-01T23:00:00Z")).is_failed());
    let mut healed = children("2026-01-02T00:00:05Z").to_vec();
    healed.push(event("s", "SuccessfulCreate", "create Pod db-2 successful", "2026-01-02T00:00:06Z"));
    assert!(!verdict(&rolling(), &healed).is_failed());
}
