//! PersistentVolumeClaim: Current when it has its volume in the size asked for, or when it gets one only once somebody
//! uses it.

use serde_json::Value;

use crate::read::{condition, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    match text(object, "/status/phase") {
        Some("Bound") => return bound(subject),
        Some("Lost") => {
            return subject.failed(Cause::Lost, format!("the storage behind {name} is gone"), "phase Lost");
        }
        _ => {}
    }
    let event = subject
        .children
        .newest_event(object, &["WaitForFirstConsumer", "ProvisioningFailed", "FailedBinding", "ExternalProvisioning"]);
    match event.map(|event| (text(event, "/reason"), text(event, "/message").unwrap_or_default())) {
        // Its user's own verdict waits for it; without a user it has nothing to be.
        Some((Some("WaitForFirstConsumer"), _)) => Verdict::Current,
        Some((_, message)) => {
            subject.in_progress(format!("{name} waits for storage: {}", words::short(message)), message)
        }
        None => subject.in_progress(format!("{name} waits for storage"), "phase Pending"),
    }
}

/// It has its volume, which may have to grow or change. What waits for a pod to use it (`FileSystemResizePending`) is done as
/// far as the claim goes.
fn bound(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    if let Some(word) = growing(object).filter(|word| word.ends_with("Infeasible")) {
        let sentence = format!("the storage {name} can't grow to the size asked for");
        return subject.failed(Cause::Stalled, sentence, format!("allocatedResourceStatuses.storage: {word}"));
    }
    const CHANGES: &[&str] =
        &["ControllerResizeError", "NodeResizeError", "ModifyVolumeError", "Resizing", "ModifyingVolume"];
    let under_way = CHANGES.iter().find_map(|kind| {
        let found = condition(object, kind).filter(|found| found.is_true())?;
        Some((*kind, found))
    });
    let Some((kind, found)) = under_way else { return Verdict::Current };
    let what = if kind.starts_with("Modify") { "changing" } else { "growing" };
    let told = words::short(found.message);
    let told = if told.is_empty() { told } else { format!(": {told}") };
    subject.in_progress(format!("the storage {name} is {what}{told}"), format!("{kind}: {}", found.message))
}

fn growing(object: &Value) -> Option<&str> {
    text(object, "/status/allocatedResourceStatuses/storage")
}
