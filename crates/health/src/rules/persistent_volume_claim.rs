//! PersistentVolumeClaim: Current when it has its volume, or when it gets one only once somebody uses it.

use crate::read::text;
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    match text(object, "/status/phase") {
        Some("Bound") => return Verdict::Current,
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
