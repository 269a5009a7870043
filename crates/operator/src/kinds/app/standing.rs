//! How an App stands: what its status says, before it is written down.

use health::{LogSource, Verdict};

use super::Problem;

/// How an App stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// It can't be seen now how it does: what was said last still holds.
    Unseen,
    /// It is deleted, and there until all that it owns is gone: what of that waits, and for what.
    Going(Vec<String>),
    /// Nothing is made, changed or deleted.
    Paused,
    /// It can't be made as it is written.
    Invalid(Vec<Problem>),
    /// The cluster, or what is there, does not allow it.
    Refused { reason: &'static str, message: String },
    /// What it needs is made or waited for.
    Initializing(Vec<String>),
    /// A backup is made.
    BackingUp(String),
    /// Its migration runs, or is about to.
    Migrating(String),
    /// Its migration failed.
    MigrationFailed { message: String, logs: Option<LogSource> },
    /// A command that runs once failed.
    CommandFailed { message: String, logs: Option<LogSource> },
    /// Its processes are started.
    Deploying { message: String, logs: Option<LogSource>, migrated: bool },
    /// They will not come up as they are.
    Broken { message: String, logs: Option<LogSource>, migrated: bool },
    /// It runs as it should.
    Ready(Serving),
}

/// What serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Serving {
    pub(crate) image: String,
    pub(crate) version: String,
    /// The Jobs that ran once.
    pub(crate) once: Vec<String>,
    /// What is to be known though it runs.
    pub(crate) note: Option<String>,
}

impl Standing {
    /// What the worst of these verdicts means, once all may run.
    pub(crate) fn of_verdicts<'a>(
        verdicts: impl Iterator<Item = &'a Verdict>,
        migrated: bool,
        serving: Serving,
    ) -> Self {
        let worst = verdicts.max_by_key(|verdict| verdict.badness());
        match worst {
            None | Some(Verdict::Current) => Self::Ready(serving),
            Some(verdict @ Verdict::Failed(_)) => Self::Broken {
                message: verdict.sentence().to_owned(),
                logs: super::facts::logs(verdict).cloned(),
                migrated,
            },
            Some(verdict) => Self::Deploying {
                message: verdict.sentence().to_owned(),
                logs: super::facts::logs(verdict).cloned(),
                migrated,
            },
        }
    }
}
