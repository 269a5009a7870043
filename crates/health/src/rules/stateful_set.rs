//! StatefulSet: judged by the pods of its update revision; a partition keeps the others as they are.

use serde_json::Value;

use crate::pods::{self, Restarting};
use crate::read::{count, int, text};
use crate::revision;
use crate::rules::Subject;
use crate::rules::workload::{self, Counts};
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if int(object, "/status/observedGeneration").is_none() {
        return subject.unseen("no observedGeneration yet");
    }
    let newest = revision::newest_of_stateful_set(object, subject.children);
    let evidence = pods::evidence(subject.children, &subject.key, newest, Restarting::IsAFault);
    let counts = counts(object);
    if evidence.failed.is_none() && !counts.complete() {
        let since = revision::newest_since(object, subject.children);
        if let Some(refused) = workload::refused_by_event(subject, since) {
            return refused;
        }
    }
    workload::verdict(subject, counts, evidence)
}

fn counts(object: &Value) -> Counts {
    let desired = int(object, "/spec/replicas").map_or(1, |_| count(object, "/spec/replicas"));
    let all = count(object, "/status/replicas");
    let available = object.pointer("/status/availableReplicas").map(|_| count(object, "/status/availableReplicas"));
    let ready = count(object, "/status/readyReplicas").min(available.unwrap_or(u64::MAX));
    let surplus = all.saturating_sub(desired);
    // Nobody replaces these pods by itself: that the old ones run is what was asked for.
    let on_delete = text(object, "/spec/updateStrategy/type") == Some("OnDelete");
    let kept = count(object, "/spec/updateStrategy/rollingUpdate/partition").min(desired);
    let updated = if on_delete { all } else { (updated(object) + kept).min(all) };
    Counts { desired, updated, ready, surplus }
}

fn updated(object: &Value) -> u64 {
    let same = text(object, "/status/currentRevision").is_some()
        && text(object, "/status/currentRevision") == text(object, "/status/updateRevision");
    let updated = count(object, "/status/updatedReplicas");
    if same { updated.max(count(object, "/status/currentReplicas")) } else { updated }
}
