//! DaemonSet: one pod a machine, judged by the pods of the newest revision.

use crate::pods::{self, Restarting};
use crate::read::{count, int, text};
use crate::revision;
use crate::rules::Subject;
use crate::rules::workload::{self, Counts};
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if int(object, "/status/observedGeneration").is_none() || int(object, "/status/desiredNumberScheduled").is_none() {
        return subject.unseen("no observedGeneration or desiredNumberScheduled yet");
    }
    let newest = revision::newest_of_daemon_set(object, subject.children);
    let evidence = pods::evidence(subject.children, &subject.key, newest, Restarting::IsAFault);
    let desired = count(object, "/status/desiredNumberScheduled");
    // Nobody replaces these pods by itself: that the old ones run is what was asked for.
    let on_delete = text(object, "/spec/updateStrategy/type") == Some("OnDelete");
    let updated = if on_delete { "/status/currentNumberScheduled" } else { "/status/updatedNumberScheduled" };
    let counts = Counts {
        desired,
        updated: count(object, updated),
        ready: count(object, "/status/numberAvailable"),
        surplus: count(object, "/status/numberMisscheduled"),
    };
    if evidence.failed.is_none() && !counts.complete() {
        let since = revision::newest_since(object, subject.children);
        if let Some(refused) = workload::refused_by_event(subject, since) {
            return refused;
        }
    }
    workload::verdict(subject, counts, evidence)
}
