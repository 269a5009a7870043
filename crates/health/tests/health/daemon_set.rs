use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{crashing, failure, owner, pod, progress, verdict, with};

fn set(over: Value) -> Value {
    with(
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": {"name": "agent", "namespace": "shop", "uid": "ds", "generation": 2},
            "spec": {"updateStrategy": {"type": "RollingUpdate"}},
            "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
                "updatedNumberScheduled": 3, "numberAvailable": 3, "numberReady": 3, "numberMisscheduled": 0},
        }),
        over,
    )
}

fn agent(name: &str, labels: Value, container: Value) -> Value {
    with(pod(name, "ds", container), json!({"metadata": {"labels": labels}}))
}

fn revision(name: &str, number: u64) -> Value {
    json!({"kind": "ControllerRevision", "revision": number, "metadata": {"name": name,
        "labels": {"controller-revision-hash": name}, "ownerReferences": owner("DaemonSet", "ds")}})
}

#[test]
fn one_on_each_machine_is_current() {
    assert_eq!(verdict(&set(json!({})), &[]), Verdict::Current);
    let no_machine = set(
        json!({"status": {"desiredNumberScheduled": 0, "currentNumberScheduled": 0, "updatedNumberScheduled": null, "numberAvailable": null}}),
    );
    assert_eq!(verdict(&no_machine, &[]), Verdict::Current);
}

#[test]
fn machines_not_yet_updated_are_waited_for() {
    let object = set(json!({"status": {"updatedNumberScheduled": 1}}));
    assert_eq!(progress(&object, &[]).sentence, "agent: 1 of 3 of the new version started");
    assert_eq!(progress(&set(json!({"status": {"numberAvailable": 2}})), &[]).ready, Some((2, 3)));
    assert!(!verdict(&set(json!({"metadata": {"generation": 3}})), &[]).is_current());
    assert!(!verdict(&set(json!({"status": {"desiredNumberScheduled": null}})), &[]).is_current());
}

#[test]
fn on_delete_waits_for_nobody_to_replace_pods() {
    let object =
        set(json!({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"updatedNumberScheduled": 0}}));
    assert_eq!(verdict(&object, &[]), Verdict::Current);
}

#[test]
fn only_the_newest_revision_is_judged() {
    let object = set(json!({"status": {"updatedNumberScheduled": 1, "numberAvailable": 2}}));
    let hash = |hash: &str| json!({"controller-revision-hash": hash});
    let old = [revision("a", 1), revision("b", 2), agent("x", hash("a"), crashing(4, 1, "Error"))];
    assert!(!verdict(&object, &old).is_failed());
    let new = [revision("a", 1), revision("b", 2), agent("x", hash("b"), crashing(4, 1, "Error"))];
    assert_eq!(failure(&object, &new).cause, Cause::CrashLoop);
}

#[test]
fn without_revisions_the_template_generation_tells_the_newest() {
    let object = set(
        json!({"metadata": {"annotations": {"deprecated.daemonset.template.generation": "2"}}, "status": {"numberAvailable": 2}}),
    );
    let of = |generation: &str| [agent("x", json!({"pod-template-generation": generation}), crashing(2, 1, "Error"))];
    assert!(!verdict(&object, &of("1")).is_failed());
    assert!(verdict(&object, &of("2")).is_failed());
}
