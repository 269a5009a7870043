//! ReplicaSet, where one is applied by itself. Its pods have no revisions: all of them count.

use crate::children::ChildKind;
use crate::pods::{self, Restarting};
use crate::read::{condition, count, int};
use crate::rules::Subject;
use crate::rules::workload::{self, Counts};
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if int(object, "/status/observedGeneration").is_none() {
        return subject.unseen("no observedGeneration yet");
    }
    let all = subject.children.owned(object, ChildKind::Pod);
    let evidence = pods::evidence(subject.children, &subject.key, all, Restarting::IsAFault);
    if evidence.failed.is_none()
        && let Some(refused) = condition(object, "ReplicaFailure").filter(|refused| refused.is_true())
    {
        return workload::refused(subject, refused.message, false);
    }
    let desired = int(object, "/spec/replicas").map_or(1, |_| count(object, "/spec/replicas"));
    let there = count(object, "/status/replicas");
    let counts = Counts {
        desired,
        updated: there,
        ready: count(object, "/status/availableReplicas"),
        surplus: there.saturating_sub(desired),
    };
    workload::verdict(subject, counts, evidence)
}
