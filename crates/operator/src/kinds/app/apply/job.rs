//! A Job that is made once, and one of its name that is not this App's.

use cluster::KindKey;
use serde_json::{Value, json};

use super::LOOKS_AGAIN_AFTER;
use crate::driver::{OperatorError, Work};
use crate::kinds::app::App;
use crate::kinds::app::facts::{IRREVERSIBLE_ANNOTATION, RUNS_IN_ANNOTATION, has_ended, in_words, is_migration};
use crate::kinds::app::reconcile::RETRY_ANNOTATION;
use crate::objects::{is_deleted, name_of, uid_of};

/// A Job that has the name, and is not this App's: why it is waited for.
pub(super) enum Foreign {
    /// It goes, with the App that it was of.
    Goes(String),
    /// It stays until somebody deletes it.
    Stays(String),
}

/// What becomes of a Job that is not this App's. One of an App before this one goes as Kubernetes has it go with its owner, which may be late.
pub(super) async fn of_another(work: &mut Work, live: &Value) -> Result<Foreign, OperatorError> {
    work.looks_again_in(LOOKS_AGAIN_AFTER);
    let name = name_of(live);
    let is_left_behind = work.is_left_behind(live);
    if is_left_behind && !is_deleted(live) {
        work.client().delete_after_all_of_it(&work.beside("batch/v1", "Job", name), uid_of(live)).await?;
    }
    if is_left_behind || is_deleted(live) {
        let message = format!("waits until the Job {name} is gone, which is of an App before this one");
        return Ok(Foreign::Goes(message));
    }
    Ok(Foreign::Stays(format!(
        "there is a Job {name} that is not this App's, so it can't be told whether it ran: look at it (kubectl logs job/{name} -n {}) and delete it, then it \
         runs",
        work.namespace()
    )))
}

/// The Job with what somebody said last to have it run again, with the database that it runs in, and whether what it does can't be reversed.
pub(super) fn marked(job: &Value, app: &App) -> Value {
    let mut job = job.clone();
    if let Some(ran_in) = app.status.as_ref().and_then(|status| status.database.as_ref()) {
        job["metadata"]["annotations"][RUNS_IN_ANNOTATION] = json!(ran_in.uid);
    }
    let is_reversible = app.spec.migrations.as_ref().is_none_or(|migrations| migrations.reversible);
    if is_migration(&job) && !is_reversible {
        job["metadata"]["annotations"][IRREVERSIBLE_ANNOTATION] = json!("true");
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
