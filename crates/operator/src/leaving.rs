//! What an object that is deleted with its data waits for, and what is told of data that stays though it was to go.

mod pods;
mod told;

use cluster::{ClusterError, KindKey, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::driver::{Next, OperatorError, Work, rfc3339};
use crate::objects::{condition, is_deleted};
use crate::resource::LET_GO_ANNOTATION;

pub(crate) use pods::pod_in_the_way;
pub(crate) use told::{left_behind, tell};

/// Why an object is there that is deleted.
pub(crate) const REASON: &str = "Deleting";

/// Holds an object that is deleted until its data went as it says.
pub(crate) const FINALIZER: &str = "pinnace.dev/data";

/// The condition of an object that is held for data which can't be reached; it holds since that was seen first.
const OUT_OF_REACH: &str = "OutOfReach";

/// So long is waited for what has to be there and is gone: it may be on its way back. It must not hold a namespace for ever.
const WAITED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How far it is with data that is to go.
pub(crate) enum Taken {
    /// None of it is left.
    Gone,
    /// Why it is not gone yet. It is tried again for as long as it takes.
    NotYet(String),
    /// Why it can't go: what that needs is not there any more. It is tried again for an hour.
    Never(String),
}

/// Whether it was waited for long enough. It counts from when that was said first: a deletion may be old by then.
pub(crate) fn is_overdue(work: &Work) -> bool {
    out_of_reach_since(work).is_some_and(|since| work.now().duration_since(since) >= WAITED_FOR)
}

fn out_of_reach_since(work: &Work) -> Option<Timestamp> {
    condition(&work.object, OUT_OF_REACH)?["lastTransitionTime"].as_str()?.parse().ok()
}

/// Says in a status since when the data can't be reached, and why. It is said for as long as that is so.
pub(crate) fn say_out_of_reach(work: &Work, status: &mut Value, why: &str) {
    let since = rfc3339(out_of_reach_since(work).unwrap_or_else(|| work.now()));
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.push(json!({"type": OUT_OF_REACH, "status": "True", "reason": REASON, "message": why,
            "lastTransitionTime": since, "observedGeneration": work.object["metadata"]["generation"]}));
    }
}

/// What lets an object go and leaves its data where it is.
pub(crate) fn way_out(work: &Work) -> String {
    let kind = work.key.kind.kind.to_lowercase();
    format!("kubectl annotate {kind} {} -n {} {LET_GO_ANNOTATION}=true", work.key.name, work.namespace())
}

/// Lets the object go.
pub(crate) async fn let_go(work: &mut Work) -> Result<Next, OperatorError> {
    work.set_finalizer(FINALIZER, false).await?;
    Ok(Next::WhenChanged)
}

/// Since when an object is on its way out, or until when a pod may take to end.
fn deleted_at(object: &Value) -> Option<Timestamp> {
    object.pointer("/metadata/deletionTimestamp")?.as_str()?.parse().ok()
}

/// Whether nothing is left of a server in the cluster that several share, and so of what lay on it: it is not made once more for what is to be
/// deleted. What lies in a namespace that is deleted goes with that.
pub(crate) async fn is_gone(work: &Work, namespace: &str, objects: &[ObjectKey]) -> Result<bool, OperatorError> {
    if goes(work, namespace).await? {
        return Ok(true);
    }
    for key in objects {
        match work.client().get(key).await {
            Ok(Some(live)) if !is_deleted(&live) => return Ok(false),
            Ok(_) | Err(ClusterError::UnknownKind { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Whether a namespace is deleted with all in it. Where it may not be looked at nothing is known of it.
pub(crate) async fn goes(work: &Work, namespace: &str) -> Result<bool, OperatorError> {
    let key = ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: namespace.to_owned() };
    match work.client().get(&key).await {
        Ok(live) => Ok(live.is_none_or(|live| is_deleted(&live))),
        Err(ClusterError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
