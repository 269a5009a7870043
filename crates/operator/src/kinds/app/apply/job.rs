//! A Job that is made once, and one of its name that is not this App's.

use cluster::KindKey;
use serde_json::{Value, json};

use super::LOOKS_AGAIN_AFTER;
use crate::crd::{OfKind as _, is_ours};
use crate::driver::{OperatorError, Work};
use crate::kinds::app::facts::{RUNS_IN_ANNOTATION, has_ended, in_words, is_migration, name_of};
use crate::kinds::app::reconcile::RETRY_ANNOTATION;
use crate::kinds::app::{App, AppSpec};

/// A Job that has the name, and is not this App's: why it is waited for.
pub(super) enum Foreign {
    /// It goes, with the App that it was of.
    Goes(String),
    /// It stays until somebody deletes it.
    Stays(String),
}

/// What becomes of a Job that is not this App's.
pub(super) fn of_another(work: &mut Work, live: &Value) -> Foreign {
    work.again_in = Some(LOOKS_AGAIN_AFTER);
    let name = name_of(live);
    if goes(live) {
        return Foreign::Goes(format!("waits until the Job {name} is gone, which is of an App before this one"));
    }
    Foreign::Stays(format!(
        "there is a Job {name} that is not this App's, so it can't be told whether it ran: look at it (kubectl logs job/{name} -n {}) and delete it, then it \
         runs",
        work.namespace()
    ))
}

/// Whether it goes by itself: it is being deleted, or its App is.
fn goes(job: &Value) -> bool {
    let is_app = |owner: &Value| is_ours(owner) && owner["kind"] == AppSpec::KIND.kind;
    let owners = job.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    job.pointer("/metadata/deletionTimestamp").is_some() || owners.into_iter().flatten().any(is_app)
}

/// The Job with what somebody said last to have it run again, and with the database that it runs in.
pub(super) fn marked(job: &Value, app: &App) -> Value {
    let mut job = job.clone();
    if let Some(ran_in) = app.status.as_ref().and_then(|status| status.database.as_ref()) {
        job["metadata"]["annotations"][RUNS_IN_ANNOTATION] = json!(ran_in.uid);
    }
    if let Some(retry) = app.metadata.annotations.get(RETRY_ANNOTATION) {
        job["metadata"]["annotations"][RETRY_ANNOTATION] = json!(retry);
    }
    job
}

/// What still runs of another migration, as the API server says: two at once would harm each other, and a watch may be late. The pods of a Job that was
/// deleted run on for a while; whose they were does not matter.
pub(super) async fn other_at_work(work: &Work, migration: &Value) -> Result<Option<String>, OperatorError> {
    const APP: &str = "app.kubernetes.io/name";
    let is_of_app = |object: &&Value| {
        is_migration(object) && object["metadata"]["labels"][APP] == migration["metadata"]["labels"][APP]
    };
    let jobs = work.client().list(&KindKey::new("batch/v1", "Job"), work.namespace()).await?;
    if let Some(job) = jobs.iter().filter(is_of_app).find(|job| !has_ended(job)) {
        return Ok(Some(in_words(job)));
    }
    let pods = work.client().list(&KindKey::new("v1", "Pod"), work.namespace()).await?;
    Ok(pods.iter().filter(is_of_app).find(|pod| !pod_has_ended(pod)).map(in_words))
}

/// Whether nothing of a pod runs any more, or will.
pub(super) fn pod_has_ended(pod: &Value) -> bool {
    ["Succeeded", "Failed"].iter().any(|phase| pod["status"]["phase"] == *phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_goes_by_itself_when_it_is_being_deleted_or_an_app_owns_it() {
        let owned =
            |api: &str, kind: &str| json!({"metadata": {"ownerReferences": [{"apiVersion": api, "kind": kind}]}});
        assert!(goes(&owned("pinnace.dev/v1alpha1", "App")));
        assert!(goes(&json!({"metadata": {"deletionTimestamp": "2026-11-27T00:00:00Z"}})));
        assert!(!goes(&owned("batch/v1", "CronJob")));
        assert!(!goes(&owned("other.example/v1", "App")));
        assert!(!goes(&json!({"metadata": {}})));
    }
}
