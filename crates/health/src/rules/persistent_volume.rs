//! PersistentVolume: Current when it can be, or is, used. What became of it after its claim went is nobody's news here.

use crate::read::text;
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    match text(object, "/status/phase") {
        Some("Available" | "Bound" | "Released") => Verdict::Current,
        Some("Failed") => {
            let message = text(object, "/status/message").unwrap_or_default();
            let sentence = format!("the storage {name} could not be given back: {}", words::short(message));
            subject.failed(Cause::Lost, sentence, format!("phase Failed: {message}"))
        }
        Some(phase) => subject.in_progress(format!("the storage {name} is not there yet"), format!("phase {phase}")),
        None => subject.unseen("no phase yet"),
    }
}
