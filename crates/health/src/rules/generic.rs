//! Every kind without a rule: by its conditions. A custom resource that nobody has looked at yet is not Current.

use serde_json::Value;

use crate::read::{Condition, condition};
use crate::rules::Subject;
use crate::verdict::Verdict;
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    if is_built_in(&subject.key.group) {
        // What is only stored, or whose status says nothing about having been taken up.
        return Verdict::Current;
    }
    let status = subject.object.get("status").and_then(Value::as_object).filter(|status| !status.is_empty());
    if status.is_none() {
        return if subject.has_status == Some(false) { Verdict::Current } else { subject.unseen("no status yet") };
    }
    // Who says both is not in step as long as the newest spec was not carried out, however ready the old one is.
    if let Some(found) = condition(subject.object, "Synced").filter(|found| !found.is_true()) {
        return waits(subject, "Synced", found);
    }
    for kind in ["Ready", "Available"] {
        if let Some(found) = condition(subject.object, kind) {
            return if found.is_older_than(subject.object) {
                subject.unseen(&format!("condition {kind} is about an older generation"))
            } else if found.is_true() {
                Verdict::Current
            } else {
                waits(subject, kind, found)
            };
        }
    }
    Verdict::Current
}

fn waits(subject: &Subject<'_>, kind: &str, found: Condition<'_>) -> Verdict {
    let told = words::short(found.told());
    let sentence = if told.is_empty() {
        format!("{} is not ready yet", subject.key.name)
    } else {
        format!("{} is not ready yet: {told}", subject.key.name)
    };
    subject.in_progress(sentence, format!("{kind} is {}: {}: {}", found.status, found.reason, found.message))
}

/// Whether a group is Kubernetes' own. Others end in `k8s.io` too, so all are named.
fn is_built_in(group: &str) -> bool {
    matches!(
        group,
        "" | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "apps"
            | "authentication.k8s.io"
            | "authorization.k8s.io"
            | "autoscaling"
            | "batch"
            | "certificates.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io"
            | "events.k8s.io"
            | "extensions"
            | "flowcontrol.apiserver.k8s.io"
            | "networking.k8s.io"
            | "node.k8s.io"
            | "policy"
            | "rbac.authorization.k8s.io"
            | "resource.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
            | "storagemigration.k8s.io"
    )
}
