//! CustomResourceDefinition: Current when the API server serves its kind.

use crate::read::{Condition, condition};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    if let Some(names) = condition(object, "NamesAccepted").filter(|names| names.is_false()) {
        let sentence = format!("the names of {name} are taken: {}", words::short(names.message));
        return subject.failed(Cause::NamesNotAccepted, sentence, format!("{}: {}", names.reason, names.message));
    }
    if condition(object, "Established").is_some_and(Condition::is_true) {
        return Verdict::Current;
    }
    subject.in_progress(format!("the cluster is taking up {name}"), "Established is not True yet")
}
