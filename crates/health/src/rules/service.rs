//! Service: Current, but one that asks for an address from outside has to have it.

use crate::read::{list, text};
use crate::rules::Subject;
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    if text(object, "/spec/type") != Some("LoadBalancer") || !list(object, "/status/loadBalancer/ingress").is_empty() {
        return Verdict::Current;
    }
    let sentence = format!("{} has no address from outside yet", subject.key.name);
    subject.in_progress(sentence, "status.loadBalancer.ingress is empty")
}
