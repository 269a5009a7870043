//! APIService: Current when what serves these kinds answers.

use crate::read::{Condition, condition};
use crate::rules::Subject;
use crate::verdict::Verdict;
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let name = &subject.key.name;
    match condition(subject.object, "Available") {
        Some(available) if available.is_true() => Verdict::Current,
        Some(away) => waits(subject, away),
        None => subject.in_progress(format!("the cluster is taking up {name}"), "no condition Available yet"),
    }
}

fn waits(subject: &Subject<'_>, away: Condition<'_>) -> Verdict {
    let sentence = format!("what serves {} does not answer yet: {}", subject.key.name, words::short(away.told()));
    subject.in_progress(sentence, format!("Available is {}: {}: {}", away.status, away.reason, away.message))
}
