//! Commands that run once.

use cluster::Created;
use serde_json::Value;

use super::is_owned_by;
use super::job::{self, Foreign};
use crate::driver::{OperatorError, Work};
use crate::kinds::app::App;
use crate::kinds::app::build::JOB_OF_SUPERUSER;
use crate::kinds::app::dereference::make_password;
use crate::kinds::app::facts::{Once, ended_as, has_ended, is_part};
use crate::kinds::app::reconcile::RETRY_ANNOTATION;
use crate::objects::{is_deleted, name_of, uid_of};

/// Whether a command that runs once is begun.
pub(super) enum Begun {
    Yes,
    /// What the Job of this name came to counts no longer, and it goes first.
    Again(String),
    /// What has its name is not this App's.
    Not(Foreign),
}

/// Makes the Job where it is not there. One that failed, or can't begin, is deleted when another version may do better, or somebody wants it to run again;
/// and one that ended in other data. Then it is made in the next pass.
pub(super) async fn begin(work: &mut Work, app: &App, job: &Value, fact: &Once) -> Result<Begun, OperatorError> {
    let key = work.beside("batch/v1", "Job", name_of(job));
    let job = job::marked(job, app);
    let seen = work.shared.watcher.seen(&key);
    // No process has a password from before.
    if is_part(&job, JOB_OF_SUPERUSER) && (seen.is_none() || fact.is_stuck) {
        make_password(work, app).await?;
    }
    let live = match seen {
        Some(live) => live,
        None => match work.make_once(&job).await? {
            Created::New(_) => return Ok(Begun::Yes),
            Created::There(live) => live,
        },
    };
    if !is_owned_by(&live, work.uid()) {
        return Ok(Begun::Not(job::of_another(work, &live).await?));
    }
    if is_deleted(&live) {
        return Ok(Begun::Again(key.name));
    }
    if fact.began_elsewhere.as_deref() == Some(uid_of(&live)) {
        if !has_ended(&live) && !fact.is_stuck {
            return Ok(Begun::Again(key.name));
        }
    } else if !(ended_as(&live, "Failed") || fact.is_stuck) || !is_to_run_again(&live, &job) {
        return Ok(Begun::Yes);
    }
    work.client().delete_after_all_of_it(&key, uid_of(&live)).await?;
    Ok(Begun::Again(key.name))
}

/// Whether what failed has a reason to.
fn is_to_run_again(live: &Value, wanted: &Value) -> bool {
    let image = |job: &Value| job.pointer("/spec/template/spec/containers/0/image").cloned();
    let retry = |job: &Value| job["metadata"]["annotations"][RETRY_ANNOTATION].clone();
    let is_asked = retry(wanted).is_string() && retry(live) != retry(wanted);
    is_asked || image(live) != image(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(image: &str, retry: Option<&str>) -> Value {
        let mut job = json!({"metadata": {}});
        job["spec"]["template"]["spec"]["containers"] = json!([{"image": image}]);
        if let Some(retry) = retry {
            job["metadata"]["annotations"] = json!({RETRY_ANNOTATION: retry});
        }
        job
    }

    #[test]
    fn what_failed_runs_again_with_another_version_or_when_somebody_asks() {
        let failed = job("shop:1", None);
        assert!(!is_to_run_again(&failed, &job("shop:1", None)));
        assert!(is_to_run_again(&failed, &job("shop:2", None)));
        assert!(is_to_run_again(&failed, &job("shop:1", Some("1"))));
        assert!(!is_to_run_again(&job("shop:1", Some("1")), &job("shop:1", Some("1"))));
    }
}
