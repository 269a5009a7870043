//! The Jobs of an App: of what they are, whether they ended, and which of them count.

use cluster::Snapshot;
use health::{Children, CustomRules, ObjectKey as HealthKey, Progress, Verdict, judge_object};
use serde_json::Value;

use super::super::build::{JOB_OF_MIGRATION, JOB_OF_SEED, JOB_OF_SUPERUSER, JOB_THAT_RUNS_ONCE, Objects};
use crate::objects::{condition, is_deleted, name_of, uid_of};

/// Set on the Job of a migration that failed once the App is another version: the version that it was of may be tried again.
pub(crate) const SUPERSEDED_ANNOTATION: &str = "pinnace.dev/superseded";

/// What a container waits for that is about to start.
const STARTING: &[&str] = &["ContainerCreating", "PodInitializing"];

/// How a Job does, as it was read, by what is seen of its pods.
pub(crate) fn judge_job(job: &Value, snapshot: &Snapshot) -> Verdict {
    let children = Children::new(snapshot.children.iter().chain(&snapshot.events).map(AsRef::as_ref));
    match judge_object(job, &children, &CustomRules::default()) {
        // That is as it should be for who suspended it, and has done nothing of what it is for.
        Verdict::Current if !ended_as(job, "Complete") => {
            let sentence = format!("{} is held back: its spec.suspend says so", name_of(job));
            Verdict::InProgress(Progress::new(&HealthKey::of(job), sentence, "suspended"))
        }
        verdict => verdict,
    }
}

/// Whether a Job that has not ended can't begin as it is: it is suspended, or its pods are refused, or wait for an image, a setting or a machine. It would
/// begin once they are there, however late that is.
pub(crate) fn can_not_begin(job: &Value, snapshot: &Snapshot) -> bool {
    let is_on_its_way =
        ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"].iter().any(|end| ended_as(job, end));
    let pods: Vec<&Value> = pods_of(job, snapshot).collect();
    let is_at_work = job["status"]["ready"].as_u64() > Some(0) || pods.iter().any(|pod| is_at_work(job, pod));
    if is_on_its_way || is_at_work {
        return false;
    }
    let is_suspended = job["spec"]["suspend"] == true && pods.is_empty();
    is_suspended || matches!(judge_job(job, snapshot), Verdict::Failed(_)) || pods.into_iter().any(is_held_up)
}

fn pods_of<'a>(job: &'a Value, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a Value> {
    let is_of = |pod: &Value| {
        let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|owner| owner["uid"] == uid_of(job))
    };
    let children = snapshot.children.iter().map(AsRef::as_ref);
    children.filter(move |child: &&Value| child["kind"] == "Pod" && is_of(child))
}

/// Whether a container that the Job itself asks for runs, or has done all that it was to do. What others put beside it does not count.
fn is_at_work(job: &Value, pod: &Value) -> bool {
    let asked = job.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let is_asked = |status: &Value| asked.into_iter().flatten().any(|one| one["name"] == status["name"]);
    let begun = |status: &Value| {
        status.pointer("/state/running").is_some_and(Value::is_object)
            || status.pointer("/state/terminated/exitCode").is_some_and(|code| *code == 0)
    };
    statuses(pod, "containerStatuses").any(|status| is_asked(status) && begun(status))
}

/// Whether it waits for something else than its start.
fn is_held_up(pod: &Value) -> bool {
    let mut containers = statuses(pod, "initContainerStatuses").chain(statuses(pod, "containerStatuses"));
    let waits = |status: &Value| {
        let reason = status.pointer("/state/waiting/reason").and_then(Value::as_str);
        reason.is_some_and(|reason| !STARTING.contains(&reason))
    };
    condition(pod, "PodScheduled").is_some_and(|one| one["status"] == "False") || containers.any(waits)
}

fn statuses<'a>(pod: &'a Value, of: &str) -> impl Iterator<Item = &'a Value> {
    pod["status"][of].as_array().into_iter().flatten()
}

/// Whether it failed, and the App was another version since.
pub(crate) fn is_superseded(job: &Value) -> bool {
    job["metadata"]["annotations"][SUPERSEDED_ANNOTATION] == "true"
}

/// The migrations of versions that the App is no more.
pub(crate) fn left_behind<'a>(snapshot: &'a Snapshot, objects: &Objects) -> Vec<&'a Value> {
    let current = objects.migration.as_ref().map(name_of);
    jobs(snapshot).filter(|job| is_migration(job) && Some(name_of(job)) != current).collect()
}

/// The migration of another version that has not ended: what it does.
pub(crate) fn other_migration(snapshot: &Snapshot, name: Option<&str>) -> Option<String> {
    let others = jobs(snapshot).filter(|job| is_migration(job)).filter(|job| Some(name_of(job)) != name);
    let mut running = others.filter(|job| !has_ended(job));
    running.next().map(in_words)
}

/// A Job or pod that is waited for.
pub(crate) fn in_words(object: &Value) -> String {
    let kind = if object["kind"] == "Pod" { "pod" } else { "Job" };
    let does = if is_deleted(object) { "is deleted" } else { "runs" };
    format!("the {kind} {}, which {does}", name_of(object))
}

pub(crate) fn is_migration(object: &Value) -> bool {
    is_part(object, JOB_OF_MIGRATION)
}

/// Whether a Job gives a new database what it begins with: it has nothing to do where there were data before.
pub(crate) fn is_of_new_data(job: &Value) -> bool {
    [JOB_OF_SEED, JOB_OF_SUPERUSER].iter().any(|part| is_part(job, part))
}

/// Whether a Job is one of those that run once in the life of an App.
pub(crate) fn runs_once(job: &Value) -> bool {
    let part = job["metadata"]["labels"]["app.kubernetes.io/component"].as_str();
    part.is_some_and(|part| part.starts_with(JOB_THAT_RUNS_ONCE))
}

pub(crate) fn is_part(object: &Value, part: &str) -> bool {
    object["metadata"]["labels"]["app.kubernetes.io/component"] == part
}

/// Whether a Job has come to an end, good or bad.
pub(crate) fn has_ended(job: &Value) -> bool {
    ended_as(job, "Complete") || ended_as(job, "Failed")
}

pub(crate) fn ended_as(job: &Value, end: &str) -> bool {
    condition(job, end).is_some_and(|one| one["status"] == "True")
}

pub(crate) fn jobs(snapshot: &Snapshot) -> impl Iterator<Item = &Value> {
    snapshot.children.iter().map(AsRef::as_ref).filter(|child: &&Value| child["kind"] == "Job")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn job() -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "m", "namespace": "n", "uid": "j"},
            "spec": {"backoffLimit": 0, "template": {"spec": {"containers": [{"name": "migrate", "image": "shop:2"}]}}},
            "status": {"startTime": "2026-11-27T00:00:00Z", "active": 1}})
    }

    fn with(pods: &[Value]) -> Snapshot {
        let pod = |(at, status): (usize, &Value)| {
            Arc::new(
                json!({"apiVersion": "v1", "kind": "Pod", "status": status, "metadata": {"name": format!("m-{at}"), "namespace": "n",
                "uid": format!("p{at}"), "ownerReferences": [{"uid": "j", "controller": true}]},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "shop:2"}]}}),
            )
        };
        let mut snapshot = Snapshot::default();
        snapshot.children = pods.iter().enumerate().map(pod).collect();
        snapshot
    }

    fn container(name: &str, state: &Value) -> Value {
        json!({"containerStatuses": [{"name": name, "state": state}]})
    }

    #[test]
    fn what_waits_for_an_image_a_setting_or_a_machine_can_not_begin() {
        for reason in ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"] {
            let waits = container("migrate", &json!({"waiting": {"reason": reason, "message": "not there"}}));
            assert!(can_not_begin(&job(), &with(&[waits])), "{reason}");
        }
        let nowhere = json!({"conditions": [{"type": "PodScheduled", "status": "False"}]});
        assert!(can_not_begin(&job(), &with(&[nowhere])));
    }

    #[test]
    fn what_starts_runs_or_is_done_is_no_such_thing() {
        assert!(!can_not_begin(&job(), &with(&[])), "its pod is not made yet");
        for state in [
            json!({"waiting": {"reason": "ContainerCreating"}}),
            json!({"running": {"startedAt": "2026-11-27T00:00:00Z"}}),
            json!({"terminated": {"exitCode": 0}}),
        ] {
            assert!(!can_not_begin(&job(), &with(&[container("migrate", &state)])), "{state}");
        }
        let waits = container("migrate", &json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}));
        let beside = container("proxy", &json!({"running": {}}));
        let runs = container("migrate", &json!({"running": {}}));
        assert!(can_not_begin(&job(), &with(&[waits.clone(), beside])), "a proxy beside it is not it");
        assert!(!can_not_begin(&job(), &with(&[waits.clone(), runs])), "a second pod of it runs");
        let mut ends = job();
        ends["status"]["conditions"] = json!([{"type": "FailureTarget", "status": "True"}]);
        assert!(!can_not_begin(&ends, &with(&[waits])), "it ends by itself");
    }

    #[test]
    fn a_job_that_somebody_suspended_has_not_done_what_it_is_for() {
        let mut suspended = job();
        suspended["spec"]["suspend"] = json!(true);
        assert!(matches!(judge_job(&suspended, &with(&[])), Verdict::InProgress(_)));
        assert!(can_not_begin(&suspended, &with(&[])));
        suspended["status"]["conditions"] = json!([{"type": "Complete", "status": "True"}]);
        assert_eq!(judge_job(&suspended, &with(&[])), Verdict::Current);
    }
}
