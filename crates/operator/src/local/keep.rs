//! A server in the cluster, made and kept.

use std::time::{Duration, Instant};

use cluster::{Autoscaled, KindKey, ObjectKey};
use health::Verdict;
use serde_json::{Value, json};

use super::Server;
use crate::driver::{OperatorError, Work};
use crate::standing::Standing;

/// Which object says what a server that several share should be. One does, so that they don't take it from each other.
pub(crate) const KEPT_BY: &str = "pinnace.dev/kept-by";
/// A pod is started anew at most so often.
const ANEW_AT_MOST_EVERY: Duration = Duration::from_mins(2);

/// Makes the objects of a server as they should be, unless another says what it should be; and says how it stands.
pub(crate) async fn kept(
    work: &mut Work,
    server: &Server,
    objects: impl FnOnce() -> Vec<Value>,
) -> Result<Standing, OperatorError> {
    let set = server.stateful_set_key();
    let is_shared = server.owner.is_none();
    if !is_shared || is_kept_by_us(work, &set) {
        for mut object in objects() {
            if is_shared && object["kind"] == "StatefulSet" {
                object["metadata"]["annotations"] = json!({KEPT_BY: me(work)});
            }
            work.keep_as_it_is(&object, &Autoscaled::default()).await?;
        }
    }
    Ok(match work.verdict_on(&set)? {
        Verdict::Current => Standing::Ready,
        verdict => {
            let message = format!("its server is not up yet: {}", verdict.sentence());
            Standing::Waits { reason: "ServerStarts", message }
        }
    })
}

pub(crate) fn me(work: &Work) -> String {
    format!("{}/{}", work.namespace(), work.key.name)
}

/// Whether this object says what the server should be: it does already, or nobody who is there does.
pub(crate) fn is_kept_by_us(work: &mut Work, set: &ObjectKey) -> bool {
    let Some(live) = work.other(set) else { return true };
    let by = live["metadata"]["annotations"][KEPT_BY].as_str().unwrap_or_default();
    let Some((namespace, name)) = by.split_once('/') else { return true };
    let key = ObjectKey { kind: work.key.kind.clone(), namespace: Some(namespace.to_owned()), name: name.to_owned() };
    by == me(work) || work.shared.watcher.seen(&key).is_none()
}

/// Somebody changed the administrator's password, or its Secret was lost: a pod that starts tells its server the one that we know.
pub(crate) async fn started_anew(
    work: &mut Work,
    server: &Server,
    error: OperatorError,
) -> Result<Standing, OperatorError> {
    if work.memo.started_anew.is_some_and(|at| at.elapsed() < ANEW_AT_MOST_EVERY) {
        return Err(error);
    }
    let namespace = Some(server.namespace.clone());
    let pod = ObjectKey { kind: KindKey::new("v1", "Pod"), namespace, name: format!("{}-0", server.name) };
    tracing::warn!(object = %work.key, %error, "the server is started anew, with the password that we know");
    work.memo.started_anew = Some(Instant::now());
    work.delete_made(&pod, Some(&server.name)).await?;
    let message =
        "its administrator's password is another than the one that is known: its pod is started anew with that"
            .to_owned();
    Ok(Standing::Waits { reason: "ServerStarts", message })
}
