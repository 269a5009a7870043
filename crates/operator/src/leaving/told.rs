//! What is told of an object that is deleted and does not go, or goes without its data.

use cluster::{MADE_BY, MADE_LABEL};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::REASON;
use crate::driver::{Event, OperatorError, Work, rfc3339};
use crate::hex::hex;
use crate::objects::condition;

/// Found by `kubectl get configmaps -l`: data that stays though its object was to be deleted with it.
const LEFT_BEHIND_LABEL: &str = "pinnace.dev/left-behind";

/// Tells by an Event what keeps the object from going, where the object does not say it yet. That there can be none is no harm: its status says it too.
pub(crate) async fn tell(work: &Work, message: &str) {
    let is_told = condition(&work.object, "Ready").is_some_and(|one| one["message"] == message);
    if !is_told {
        work.tell(&Event::warning(REASON, message)).await;
    }
}

/// The object goes and its data stays: that is written down in our own namespace for as long as nobody deletes it there, and told by an Event in both.
/// Where our namespace refuses that for good, the log and the Event tell it alone: it must not hold the object for ever.
pub(crate) async fn left_behind(work: &Work, why: &str) -> Result<(), OperatorError> {
    let own = work.client().own_namespace();
    let message = format!("{} goes, and its data stays where it is: {why}. Delete that by hand", work.key);
    tracing::warn!(object = %work.key, why, "the object goes, and its data stays where it is");
    let data = json!({"kind": work.key.kind.kind, "namespace": work.namespace(), "name": work.key.name, "at": rfc3339(work.now()),
        "why": why, "spec": work.object["spec"].to_string()});
    let labels = json!({MADE_LABEL: MADE_BY, LEFT_BEHIND_LABEL: "true"});
    let name = format!("left-behind-{}", hex(&Sha256::digest(work.uid()), 16));
    let metadata = json!({"name": name, "namespace": own, "labels": labels});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    match work.client().create(&map).await.map_err(OperatorError::from) {
        Ok(_) => {}
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => {
            tracing::warn!(object = %work.key, %error, spec = %work.object["spec"], "what stays can't be written down");
        }
    }
    let event = Event::warning("LeftBehind", &message);
    work.tell(&event).await;
    // What it is about has to be in its own namespace.
    let about = json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": own, "name": name});
    work.tell_of(&about, own, &event).await;
    Ok(())
}
