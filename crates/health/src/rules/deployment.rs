//! Deployment: judged by the newest ReplicaSet and its pods.

use serde_json::Value;

use crate::children::ChildKind;
use crate::pods::{self, Restarting};
use crate::read::{condition, count, flag, int, is_deleted, text};
use crate::revision;
use crate::rules::Subject;
use crate::rules::workload::{self, Counts};
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if int(object, "/status/observedGeneration").is_none() {
        return subject.unseen("no observedGeneration yet");
    }
    let desired = int(object, "/spec/replicas").map_or(1, |_| count(object, "/spec/replicas"));
    let newest = revision::newest_replica_set(object, subject.children);
    let paused = flag(object, "/spec/paused");
    let Some(newest) = newest else {
        return match (desired, paused) {
            // Scaled to none before it ever ran: the controller may still make a set, but there is nothing to prove.
            (0, _) if count(object, "/status/replicas") == 0 => Verdict::Current,
            (_, true) => held(subject),
            _ => subject.unseen("its newest ReplicaSet is not seen yet"),
        };
    };
    let newest_pods = subject.children.owned(newest, ChildKind::Pod);
    let evidence = pods::evidence(subject.children, &subject.key, newest_pods, Restarting::IsAFault);
    if evidence.failed.is_none() {
        if let Some(refused) = condition(newest, "ReplicaFailure").filter(|refused| refused.is_true()) {
            return workload::refused(subject, refused.message, can_make_room(subject, newest, desired));
        }
        let progressing = condition(object, "Progressing");
        if let Some(slow) = progressing.filter(|progressing| progressing.reason == "ProgressDeadlineExceeded") {
            return workload::too_slow(subject, evidence, slow.message);
        }
    }
    let counts = counts(object, newest, desired);
    if paused && counts.updated < desired && evidence.failed.is_none() {
        return held(subject);
    }
    workload::verdict(subject, counts, evidence)
}

/// Ready and available are counted at the newest ReplicaSet: the Deployment's own numbers hold old pods too (#325 of
/// krane, #339 of ridecell). Where the set's numbers lag behind, the smaller one counts.
fn counts(object: &Value, newest: &Value, desired: u64) -> Counts {
    let all = count(object, "/status/replicas");
    let updated = count(object, "/status/updatedReplicas").min(count(newest, "/status/replicas"));
    let ready = count(newest, "/status/availableReplicas").min(count(object, "/status/availableReplicas"));
    Counts { desired, updated, ready, surplus: all.saturating_sub(desired.min(updated)) }
}

fn held(subject: &Subject<'_>) -> Verdict {
    let sentence = format!("{} is paused: the new version is not started until somebody resumes it", subject.key.name);
    subject.in_progress(sentence, "spec.paused is true")
}

/// Whether old pods may still go, so that a full namespace may get room: more of them are there than the rollout must
/// keep, or some are on their way out.
fn can_make_room(subject: &Subject<'_>, newest: &Value, desired: u64) -> bool {
    let object = subject.object;
    let mut old = subject
        .children
        .owned(object, ChildKind::ReplicaSet)
        .filter(|set| set["metadata"]["uid"] != newest["metadata"]["uid"]);
    let old_leaves = old.any(|set| {
        count(set, "/status/replicas") > count(set, "/spec/replicas")
            || subject.children.owned(set, ChildKind::Pod).any(is_deleted)
    });
    let has_old = count(object, "/status/replicas") > count(newest, "/status/replicas");
    let spare = count(object, "/status/availableReplicas") > desired.saturating_sub(may_be_away(object, desired));
    old_leaves || (has_old && (spare || text(object, "/spec/strategy/type") == Some("Recreate")))
}

/// How many pods a rollout may take away before new ones are ready.
fn may_be_away(object: &Value, desired: u64) -> u64 {
    let resolve = |pointer: &str, up: bool| match object.pointer(pointer) {
        Some(Value::String(share)) => {
            let share = share.trim_end_matches('%').parse::<u64>().unwrap_or(0).saturating_mul(desired);
            if up { share.div_ceil(100) } else { share / 100 }
        }
        Some(number) => number.as_u64().unwrap_or(0),
        None if up => desired.div_ceil(4),
        None => desired / 4,
    };
    let away = resolve("/spec/strategy/rollingUpdate/maxUnavailable", false);
    // Both can't be none: Kubernetes then takes one away.
    if away == 0 && resolve("/spec/strategy/rollingUpdate/maxSurge", true) == 0 { 1 } else { away }
}
