//! ResourceQuota: Current when the limits that hold are those that were asked for.

use serde_json::Value;

use crate::rules::Subject;
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let part = |pointer: &str| subject.object.pointer(pointer).and_then(Value::as_object);
    let Some(holds) = part("/status/hard") else { return subject.unseen("no status.hard yet") };
    let wanted = part("/spec/hard");
    // The same amount may be written in two ways; the controller copies them as they are.
    if wanted.is_none_or(|wanted| wanted.iter().all(|(what, limit)| holds.get(what) == Some(limit))) {
        return Verdict::Current;
    }
    let sentence = format!("the limits of {} do not hold yet", subject.key.name);
    subject.in_progress(sentence, "status.hard differs from spec.hard")
}
