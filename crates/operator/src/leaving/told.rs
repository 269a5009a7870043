//! What is told of an object that is deleted and does not go, or goes without its data.

use cluster::{ClusterError, MADE_BY, MADE_LABEL};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::driver::{OperatorError, Work, rfc3339};
use crate::hex::hex;
use crate::objects::{condition, uid_of};

/// Found by `kubectl get configmaps -l`: data that stays though its object was to be deleted with it.
const LEFT_BEHIND_LABEL: &str = "pinnace.dev/left-behind";
/// Longer texts are refused in some versions.
const LONGEST: usize = 1000;

/// Tells it by an Event, where the object does not say it yet. That there can be none is no harm: its status says it too.
pub(crate) async fn tell(work: &Work, reason: &str, message: &str) {
    let is_told = condition(&work.object, "Ready").is_some_and(|one| one["message"] == message);
    if !is_told {
        write(work, work.namespace(), reason, message).await;
    }
}

/// The object goes and its data stays: that is written down in our own namespace for as long as nobody deletes it there, and told by an Event in both.
pub(crate) async fn left_behind(work: &Work, why: &str) -> Result<(), OperatorError> {
    let own = work.client().own_namespace();
    let message = format!("{} goes, and its data stays where it is: {why}. Delete that by hand", work.key);
    tracing::warn!(object = %work.key, why, "the object goes, and its data stays where it is");
    let data = json!({"kind": work.key.kind.kind, "namespace": work.namespace(), "name": work.key.name, "at": rfc3339(work.now()),
        "why": why, "spec": work.object["spec"].to_string()});
    let labels = json!({MADE_LABEL: MADE_BY, LEFT_BEHIND_LABEL: "true"});
    let metadata = json!({"name": format!("left-behind-{}", hash(work.uid())), "namespace": own, "labels": labels});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
    work.client().create(&map).await?;
    write(work, work.namespace(), "LeftBehind", &message).await;
    write(work, own, "LeftBehind", &message).await;
    Ok(())
}

async fn write(work: &Work, namespace: &str, reason: &str, message: &str) {
    match work.client().create(&event(work, namespace, reason, message)).await {
        Ok(_) => {}
        // An older `pinnace operator rbac`, or a namespace that goes.
        Err(error @ (ClusterError::Forbidden { .. } | ClusterError::Denied { .. })) => {
            tracing::debug!(object = %work.key, %error, "no Event can be made");
        }
        Err(error) => tracing::warn!(object = %work.key, %error, "no Event can be made"),
    }
}

/// The same one is made once. What it is about has to be in its own namespace.
fn event(work: &Work, namespace: &str, reason: &str, message: &str) -> Value {
    let is_beside = namespace == work.namespace();
    let about = if is_beside {
        json!({"apiVersion": work.key.kind.api_version(), "kind": work.key.kind.kind, "namespace": namespace,
            "name": work.key.name, "uid": uid_of(&work.object)})
    } else {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": format!("left-behind-{}", hash(work.uid()))})
    };
    let name = format!("{}.{}", work.key.name, hash(&format!("{}{reason}{message}", work.uid())));
    let (now, message) = (rfc3339(work.now()), message.chars().take(LONGEST).collect::<String>());
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
        "involvedObject": about, "type": "Warning", "reason": reason, "message": message, "count": 1,
        "firstTimestamp": now, "lastTimestamp": now, "source": {"component": MADE_BY}, "reportingComponent": MADE_BY,
    })
}

fn hash(of: &str) -> String {
    hex(&Sha256::digest(of), 16)
}
