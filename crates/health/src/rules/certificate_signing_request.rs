//! CertificateSigningRequest: Current when its certificate was issued. Denied is final; so is a signer's failure.

use crate::read::{condition, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    for (kind, what) in [("Denied", "was denied"), ("Failed", "could not be signed")] {
        if let Some(refused) = condition(object, kind).filter(|refused| refused.is_true()) {
            let sentence = format!("the certificate asked for by {name} {what}: {}", words::short(refused.told()));
            let technical = format!("{kind}: {}: {}", refused.reason, refused.message);
            return subject.failed(Cause::Stalled, sentence, technical);
        }
    }
    if text(object, "/status/certificate").is_some_and(|certificate| !certificate.is_empty()) {
        return Verdict::Current;
    }
    if condition(object, "Approved").is_some_and(crate::read::Condition::is_true) {
        return subject.in_progress(format!("{name} waits for its certificate"), "approved, not signed yet");
    }
    subject.in_progress(format!("{name} waits for somebody to approve it"), "neither Approved nor Denied")
}
