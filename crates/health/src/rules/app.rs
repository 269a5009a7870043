//! Our own App: its conditions say it all ([`super::generic`]), and its phases that take long have deadlines of their own.

use crate::read::text;
use crate::rules::{Subject, generic};
use crate::verdict::Verdict;

/// What is done before any process of a version starts. A database that is made, a backup and a migration may take long.
const LONG: &[&str] = &["Initializing", "BackingUp", "Migrating"];

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    match generic::judge(subject) {
        Verdict::InProgress(mut progress) => {
            progress.timed = text(subject.object, "/status/phase").is_some_and(|phase| LONG.contains(&phase));
            progress.logs_of = subject.lines();
            Verdict::InProgress(progress)
        }
        other => other,
    }
}
