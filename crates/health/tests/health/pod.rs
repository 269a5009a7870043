use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{crashing, failure, pod, progress, ready, verdict, waiting, with};

fn bare(container: Value) -> Value {
    with(pod("web", "", container), json!({"metadata": {"ownerReferences": null}}))
}

fn task(phase: &str, container: Value) -> Value {
    with(bare(container), json!({"spec": {"restartPolicy": "Never"}, "status": {"phase": phase}}))
}

#[test]
fn a_pod_that_stays_is_current_when_ready() {
    assert_eq!(verdict(&bare(ready()), &[]), Verdict::Current);
    let once = with(ready(), json!({"restartCount": 1, "lastState": {"terminated": {"exitCode": 1}}}));
    assert_eq!(verdict(&bare(once), &[]), Verdict::Current);
    assert_eq!(progress(&bare(json!({"state": {"running": {}}})), &[]).sentence, "web runs but is not ready");
    assert!(!verdict(&with(bare(ready()), json!({"status": null})), &[]).is_current());
}

#[test]
fn a_task_is_current_when_it_ended_well() {
    assert_eq!(verdict(&task("Succeeded", json!({"state": {"terminated": {"exitCode": 0}}})), &[]), Verdict::Current);
    assert_eq!(progress(&task("Running", ready()), &[]).sentence, "web is at work");
    let failed = failure(&task("Failed", json!({"state": {"terminated": {"exitCode": 4, "reason": "Error"}}})), &[]);
    assert_eq!((failed.sentence.as_str(), failed.exit_code), ("web ended badly: exit code 4", Some(4)));
    assert!(!failed.logs_of.unwrap().previous);
}

#[test]
fn a_pod_that_cannot_run_fails() {
    assert_eq!(failure(&bare(crashing(2, 1, "Error")), &[]).cause, Cause::CrashLoop);
    assert_eq!(failure(&bare(waiting("InvalidImageName", "")), &[]).cause, Cause::ImageNameInvalid);
}

#[test]
fn a_pod_thrown_off_its_machine_is_not_replaced_by_anybody() {
    let evicted = with(task("Failed", json!({})), json!({"status": {"reason": "Evicted"}}));
    assert_eq!(failure(&evicted, &[]).sentence, "web ended badly: it was moved off its machine");
}
