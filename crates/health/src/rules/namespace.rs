//! Namespace: there unless it is going.

use crate::read::text;
use crate::rules::Subject;
use crate::verdict::Verdict;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    match text(subject.object, "/status/phase") {
        Some("Terminating") => Verdict::Terminating,
        _ => Verdict::Current,
    }
}
