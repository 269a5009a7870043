//! Service: Current, but one that asks for an address from outside has to have it.

use serde_json::Value;

use crate::read::{list, text};
use crate::rules::Subject;
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if is_current_at_once(object) || !list(object, "/status/loadBalancer/ingress").is_empty() {
        return Verdict::Current;
    }
    let sentence = format!("{} has no address from outside yet", subject.key.name);
    subject.in_progress(sentence, "status.loadBalancer.ingress is empty")
}

/// Whether nothing is awaited.
pub(crate) fn is_current_at_once(service: &Value) -> bool {
    text(service, "/spec/type") != Some("LoadBalancer")
}
