//! Commands that run once.

use cluster::Created;
use serde_json::Value;

use super::is_owned_by;
use super::job::{self, Foreign};
use crate::driver::{OperatorError, Work};
use crate::kinds::app::App;
use crate::kinds::app::facts::{ended_as, name_of, uid_of};
use crate::kinds::app::reconcile::RETRY_ANNOTATION;

/// Whether a command that runs once is begun.
pub(super) enum Begun {
    Yes,
    /// The Job of this name failed before, and goes first.
    Again(String),
    /// What has its name is not this App's.
    Not(Foreign),
}

/// Makes the Job where it is not there. One that failed is deleted when another version may do better, or somebody wants it to run again:
/// then it is made in the next pass.
pub(super) async fn begin(work: &mut Work, app: &App, job: &Value) -> Result<Begun, OperatorError> {
    let key = work.beside("batch/v1", "Job", name_of(job));
    let job = job::marked(job, app);
    let live = match work.shared.watcher.seen(&key) {
        Some(live) => live,
        None => match work.make_once(&job).await? {
            Created::New(_) => return Ok(Begun::Yes),
            Created::There(live) => live,
        },
    };
    if !is_owned_by(&live, work.uid()) {
        return Ok(Begun::Not(job::of_another(work, &live)));
    }
    if !is_to_run_again(&live, &job) {
        return Ok(Begun::Yes);
    }
    if live.pointer("/metadata/deletionTimestamp").is_none() {
        work.client().delete(&key, uid_of(&live)).await?;
    }
    Ok(Begun::Again(key.name))
}

fn is_to_run_again(live: &Value, wanted: &Value) -> bool {
    let image = |job: &Value| job.pointer("/spec/template/spec/containers/0/image").cloned();
    let retry = |job: &Value| job["metadata"]["annotations"][RETRY_ANNOTATION].clone();
    let is_asked = retry(wanted).is_string() && retry(live) != retry(wanted);
    ended_as(live, "Failed") && (is_asked || image(live) != image(wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(image: &str, retry: Option<&str>, end: &str) -> Value {
        let mut job = json!({"metadata": {}, "status": {"conditions": [{"type": end, "status": "True"}]}});
        job["spec"]["template"]["spec"]["containers"] = json!([{"image": image}]);
        if let Some(retry) = retry {
            job["metadata"]["annotations"] = json!({RETRY_ANNOTATION: retry});
        }
        job
    }

    #[test]
    fn what_failed_runs_again_with_another_version_or_when_somebody_asks_and_what_succeeded_never() {
        let failed = job("shop:1", None, "Failed");
        assert!(!is_to_run_again(&failed, &job("shop:1", None, "")));
        assert!(is_to_run_again(&failed, &job("shop:2", None, "")));
        assert!(is_to_run_again(&failed, &job("shop:1", Some("1"), "")));
        assert!(!is_to_run_again(&job("shop:1", Some("1"), "Failed"), &job("shop:1", Some("1"), "")));
        assert!(!is_to_run_again(&job("shop:1", None, "Complete"), &job("shop:2", Some("1"), "")));
    }
}
