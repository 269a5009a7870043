use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{event, failure, pod, progress, verdict, waiting, with};

fn job(status: Value) -> Value {
    with(
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "migrate", "namespace": "shop", "uid": "j", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"backoffLimit": 2, "completions": 1},
            "status": {"startTime": "2026-01-01T00:00:01Z", "active": 1},
        }),
        json!({"status": status}),
    )
}

fn worker(name: &str, container: Value) -> Value {
    with(pod(name, "j", container), json!({"spec": {"restartPolicy": "Never"}}))
}

fn ended(code: i64, reason: &str, at: &str) -> Value {
    json!({"state": {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at}}})
}

#[test]
fn only_a_complete_job_is_current() {
    let complete = job(json!({"active": null, "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}));
    assert_eq!(verdict(&complete, &[]), Verdict::Current);
    assert_eq!(progress(&job(json!({"ready": 1})), &[]).sentence, "migrate is at work");
    assert_eq!(
        progress(&job(json!({"startTime": null, "active": null})), &[]).sentence,
        "the cluster has not taken up migrate yet"
    );
}

#[test]
fn a_suspended_job_is_what_was_asked_for() {
    let suspended = with(job(json!({"active": null, "startTime": null})), json!({"spec": {"suspend": true}}));
    assert_eq!(verdict(&suspended, &[]), Verdict::Current);
}

#[test]
fn a_failed_try_with_more_to_come_is_no_failure() {
    let children = [worker("a", ended(1, "Error", "1"))];
    let waits = progress(&job(json!({"failed": 1})), &children);
    assert_eq!((waits.sentence.as_str(), waits.ready), ("migrate is at work: try 2 of 3", Some((0, 1))));
}

#[test]
fn a_failed_job_gives_the_exit_code_and_lines_of_its_last_try() {
    let children = [
        worker("a", ended(2, "Error", "2026-01-01T00:00:01Z")),
        worker("b", ended(3, "Error", "2026-01-01T00:00:09Z")),
    ];
    for kind in ["Failed", "FailureTarget"] {
        let failed = job(json!({"active": null, "failed": 3, "conditions": [{"type": kind, "status": "True",
            "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]}));
        let failure = failure(&failed, &children);
        assert_eq!(failure.sentence, "migrate ended badly (tried 3 times): exit code 3");
        assert_eq!((failure.cause, failure.exit_code), (Cause::JobFailed, Some(3)));
        assert_eq!(failure.logs_of.unwrap().pod, "b");
    }
}

#[test]
fn why_a_job_failed_is_told() {
    let failed = |reason: &str| job(json!({"conditions": [{"type": "Failed", "status": "True", "reason": reason}]}));
    assert_eq!(failure(&failed("DeadlineExceeded"), &[]).sentence, "migrate took longer than its settings allow");
    assert_eq!(failure(&failed("BackoffLimitExceeded"), &[]).sentence, "migrate ended badly");
    let oom = failure(&failed("BackoffLimitExceeded"), &[worker("a", ended(137, "OOMKilled", "1"))]);
    assert_eq!(oom.cause, Cause::OutOfMemory);
}

#[test]
fn a_pod_whose_time_was_over_is_told_however_it_ended_and_keeps_its_lines() {
    let failed = job(json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}));
    for code in [0, 1, 143] {
        let mut late = worker("a", ended(code, "Completed", "1"));
        late["status"]["phase"] = json!("Failed");
        late["status"]["reason"] = json!("DeadlineExceeded");
        let failure = failure(&failed, &[late]);
        assert_eq!(failure.sentence, "migrate took longer than its settings allow", "{code}");
        assert_eq!(failure.logs_of.unwrap().pod, "a");
    }
    let mut never_began = worker("a", waiting("ContainerCreating", ""));
    never_began["status"]["reason"] = json!("DeadlineExceeded");
    assert_eq!(failure(&failed, &[never_began]).sentence, "migrate took longer than its settings allow");
}

#[test]
fn a_job_that_cannot_start_fails_at_once_and_one_that_restarts_does_not() {
    let missing = [worker("a", waiting("ErrImagePull", "manifest unknown"))];
    assert_eq!(failure(&job(json!({})), &missing).cause, Cause::ImageMissing);
    let restarts = with(
        pod(
            "a",
            "j",
            json!({"restartCount": 4, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}}),
        ),
        json!({"spec": {"restartPolicy": "OnFailure"}}),
    );
    assert!(!verdict(&job(json!({})), &[restarts]).is_failed());
}

#[test]
fn a_job_whose_pods_are_forbidden_fails_at_once() {
    let none = job(json!({"active": null}));
    let event = event(
        "j",
        "FailedCreate",
        "Error creating: pods \"migrate-x\" is forbidden: violates PodSecurity",
        "2026-01-01T00:00:05Z",
    );
    assert_eq!(failure(&none, &[event]).cause, Cause::QuotaOrAdmission);
}
