//! How an App stands: what its status says, before it is written down.

use health::{Failure, LogSource, Verdict};

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
    Broken { message: String, logs: Option<LogSource>, migrated: bool, advice: String },
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
            Some(Verdict::Failed(failure)) => Self::Broken {
                message: failure.sentence.clone(),
                logs: failure.logs_of.clone(),
                migrated,
                advice: advice(failure),
            },
            Some(verdict) => Self::Deploying {
                message: verdict.sentence().to_owned(),
                logs: super::facts::logs(verdict).cloned(),
                migrated,
            },
        }
    }
}

/// What people do about it: where more is to be read, and how it goes on.
fn advice(failure: &Failure) -> String {
    let see = if let Some(LogSource { namespace, pod, container, previous }) = &failure.logs_of {
        let previous = if *previous { " --previous" } else { "" };
        format!("kubectl logs -n {namespace} {pod} -c {container}{previous}")
    } else {
        let of = &failure.object;
        let namespace = of.namespace.as_ref().map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
        format!("kubectl describe{namespace} {}/{}", of.kind.to_lowercase(), of.name)
    };
    format!("See `{see}`; push another version")
}

#[cfg(test)]
mod tests {
    use health::{Cause, ObjectKey};
    use serde_json::json;

    use super::*;

    fn advised(logs_of: Option<LogSource>) -> String {
        let metadata = json!({"name": "shop-web", "namespace": "shop"});
        let object = ObjectKey::of(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}));
        let failure = Failure { logs_of, ..Failure::new(&object, Cause::DeadlineExceeded, "shop-web stops again", "") };
        let serving = Serving { image: String::new(), version: String::new(), once: Vec::new(), note: None };
        match Standing::of_verdicts(std::iter::once(&Verdict::Failed(failure)), true, serving) {
            Standing::Broken { advice, .. } => advice,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_does_not_come_up_says_where_to_read_more_and_what_to_do() {
        let lines = |previous| {
            Some(LogSource {
                namespace: "shop".to_owned(),
                pod: "shop-web-1".to_owned(),
                container: "web".to_owned(),
                previous,
            })
        };
        let push = "; push another version";
        assert_eq!(advised(lines(true)), format!("See `kubectl logs -n shop shop-web-1 -c web --previous`{push}"));
        assert_eq!(advised(lines(false)), format!("See `kubectl logs -n shop shop-web-1 -c web`{push}"));
        assert_eq!(advised(None), format!("See `kubectl describe -n shop deployment/shop-web`{push}"));
    }
}
