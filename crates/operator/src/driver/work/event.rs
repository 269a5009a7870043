//! Events: what `kubectl describe` shows of an object's past. That there can be none is no harm: its status says how it is.

use cluster::{ClusterError, MADE_BY, ObjectKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Work;
use crate::driver::rfc3339;
use crate::hex::hex;
use crate::objects::{condition, uid_of};

/// Longer texts are refused in some versions.
const LONGEST: usize = 1000;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Whether somebody has to do something.
    pub(crate) is_warning: bool,
    /// Why, in one word.
    pub(crate) reason: String,
    /// The same in a sentence.
    pub(crate) message: String,
}

impl Event {
    /// That something is not as people want it.
    pub(crate) fn warning(reason: &str, message: &str) -> Self {
        Self { is_warning: true, reason: reason.to_owned(), message: message.to_owned() }
    }

    /// What a status has that is news, after that of the object as it was seen: that it is ready, or that it can't go on. What is on its way is none.
    pub(super) fn of(before: &Value, status: &Value) -> Option<Self> {
        let after = json!({"status": status});
        let text = |object: &Value, kind: &str, field: &str| {
            condition(object, kind).and_then(|one| one[field].as_str()).unwrap_or_default().to_owned()
        };
        let holds = |object: &Value, kind: &str| text(object, kind, "status") == "True";
        let reason = text(&after, "Ready", "reason");
        if holds(&after, "Stalled") {
            let is_said = holds(before, "Stalled") && text(before, "Ready", "reason") == reason;
            return (!is_said).then(|| Self::warning(&reason, &text(&after, "Ready", "message")));
        }
        let is_another = before["status"]["version"] != status["version"];
        let is_news = holds(&after, "Ready") && reason == "Ready" && (!holds(before, "Ready") || is_another);
        let version = status["version"].as_str().map(|version| format!("{version}: ")).unwrap_or_default();
        let message = format!("{version}{}", text(&after, "Ready", "message"));
        is_news.then_some(Self { is_warning: false, reason, message })
    }
}

impl Work {
    /// Tells it of this object.
    pub(crate) async fn tell(&self, event: &Event) {
        let about = json!({"apiVersion": self.key.kind.api_version(), "kind": self.key.kind.kind, "namespace": self.namespace(),
            "name": self.key.name, "uid": uid_of(&self.object)});
        self.tell_of(&about, self.namespace(), event).await;
    }

    /// Tells it of an object in this namespace. The same of the same version of this one is told once.
    pub(crate) async fn tell_of(&self, about: &Value, namespace: &str, event: &Event) {
        match self.client().create(&self.written(about, namespace, event)).await {
            Ok(_) => {}
            // An older `pinnace operator rbac`, or a namespace that goes.
            Err(error @ (ClusterError::Forbidden { .. } | ClusterError::Denied { .. })) => {
                tracing::debug!(object = %self.key, %error, "no Event can be made");
            }
            Err(error) => tracing::warn!(object = %self.key, %error, "no Event can be made"),
        }
    }

    fn written(&self, about: &Value, namespace: &str, event: &Event) -> Value {
        let Event { is_warning, reason, message } = event;
        let version = self.object["metadata"]["generation"].to_string();
        let hash = hex(&Sha256::digest(format!("{}{version}{reason}{message}", uid_of(&self.object))), 16);
        let name = format!("{}.{hash}", self.key.name);
        let (now, message) = (rfc3339(self.now()), message.chars().take(LONGEST).collect::<String>());
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
            "involvedObject": about, "type": if *is_warning { "Warning" } else { "Normal" }, "reason": reason, "message": message,
            "count": 1, "firstTimestamp": now, "lastTimestamp": now, "source": {"component": MADE_BY}, "reportingComponent": MADE_BY,
        })
    }
}

/// The log's line of it.
pub(super) fn log(object: &ObjectKey, event: &Event) {
    let Event { is_warning, reason, message } = event;
    if *is_warning {
        tracing::warn!(%object, reason, message, "it can't go on by itself");
    } else {
        tracing::info!(%object, message, "it is ready");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(ready: &str, stalled: &str, reason: &str, version: &str) -> Value {
        let one = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": reason, "message": format!("says {reason}")});
        json!({"version": version, "conditions": [one("Ready", ready), one("Stalled", stalled)]})
    }

    fn told(before: &Value, after: &Value) -> Option<(bool, String)> {
        let event = Event::of(&json!({"status": before}), after)?;
        Some((event.is_warning, event.message))
    }

    #[test]
    fn it_is_told_when_something_is_ready_or_can_not_go_on_and_not_again_while_that_stays() {
        let (ready, failed) = (status("True", "False", "Ready", "1"), status("False", "True", "MigrationFailed", "1"));
        let runs = status("False", "False", "Migrating", "1");
        assert_eq!(told(&Value::Null, &ready), Some((false, "1: says Ready".to_owned())));
        assert_eq!((told(&ready, &ready), told(&runs, &runs), told(&ready, &runs)), (None, None, None));
        assert_eq!(told(&ready, &status("True", "False", "Ready", "2")), Some((false, "2: says Ready".to_owned())));
        assert_eq!(told(&runs, &failed), Some((true, "says MigrationFailed".to_owned())));
        assert_eq!(told(&failed, &failed), None);
        assert_eq!(told(&failed, &status("False", "True", "Broken", "1")), Some((true, "says Broken".to_owned())));
        assert_eq!(told(&failed, &status("True", "False", "Paused", "1")), None, "people know that they paused it");
    }
}
