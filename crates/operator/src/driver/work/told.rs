//! What is said of the object, and what need not be asked or said again.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{self, Event};
use super::{Work, version_of};
use crate::crd::OfKind as _;
use crate::driver::OperatorError;
use crate::kinds::app::AppSpec;
use crate::leaving::{FINALIZER, way_out};
use crate::objects::{condition, is_deleted, said};
use crate::resource::{BadObject, Condition, Metadata, SKIP_ANNOTATION};
use crate::standing::{Said, conditions, paused};

/// That a server does not answer is said at the so many-th time.
const TOLD_AT: u32 = 3;

impl Work {
    /// Whether an error is left unsaid for now. The API server can't be told that it can't be reached; and what was ready is not said to be down
    /// because a server was busy for a moment: an App would wait for it.
    pub(crate) fn passes_over(&self, error: &OperatorError) -> bool {
        error.is_of_api_server() || error.is_transient() && self.failures + 1 < TOLD_AT && is_ready(&self.object)
    }

    /// Says of an object that can't be read (its CRD is of another version than we are) why not, beside what was said before.
    pub(crate) async fn say_unreadable(&mut self, why: &BadObject) -> Result<(), OperatorError> {
        let metadata = Metadata::of(&self.object);
        if self.is_deleted() && metadata.is_let_go() {
            return self.set_finalizer(FINALIZER, false).await;
        }
        let held = self.is_deleted() && self.has_finalizer(FINALIZER);
        let way_out = if held { format!("; to let it go and keep the data: {}", way_out(self)) } else { String::new() };
        let status = unreadable(&self.object, &format!("{why}{way_out}"), self.now());
        self.write_status(&status).await
    }

    /// Whether the object is left as it is, unless it is let go; that is said beside what was said before.
    pub(crate) async fn is_skipped(&mut self, metadata: &Metadata) -> Result<bool, OperatorError> {
        let is_skipped = metadata.is_skipped() && !(self.is_deleted() && metadata.is_let_go());
        if is_skipped {
            let status = left_as_it_is(&self.object, self.now());
            self.write_status(&status).await?;
        }
        Ok(is_skipped)
    }

    /// Whether the same was asked for not long ago, and was so.
    pub(crate) fn is_fresh(&self, what: &str, lasts: Duration) -> bool {
        self.memo.done.as_ref().is_some_and(|(done, at)| done == what && at.elapsed() < lasts)
    }

    /// It is so now.
    pub(crate) fn is_done(&mut self, what: String) {
        self.memo.done = Some((what, Instant::now()));
    }

    /// Writes the status where it is another than what is there.
    pub(crate) async fn write_status(&mut self, status: &Value) -> Result<(), OperatorError> {
        if self.object.get("status").unwrap_or(&Value::Null) == status {
            return Ok(());
        }
        let live = self.client().write_status(&self.object, status).await?;
        self.memo.status = Some((version_of(&live).to_owned(), status.clone()));
        if let Some(event) = Event::of(&self.object, status) {
            event::log(&self.key, &event);
            self.tell(&event).await;
        }
        Ok(())
    }
}

/// Whether its status says so of what it is now.
fn is_ready(object: &Value) -> bool {
    let generation = object.pointer("/metadata/generation");
    condition(object, "Ready").is_some_and(|one| one["status"] == "True" && one.get("observedGeneration") == generation)
}

/// The status, and the conditions in it.
fn said_before(object: &Value) -> (Value, Vec<Condition>) {
    let status = object.get("status").filter(|status| status.is_object()).cloned().unwrap_or_else(|| json!({}));
    let before = serde_json::from_value(status["conditions"].clone()).unwrap_or_default();
    (status, before)
}

fn left_as_it_is(object: &Value, now: Timestamp) -> Value {
    let (mut status, before) = said_before(object);
    let is_deleted = is_deleted(object);
    let held = if is_deleted { "; it is to be deleted, and that waits until the annotation is taken off" } else { "" };
    let message = format!("it is left as it is, as the annotation {SKIP_ANNOTATION} says{held}");
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    status["conditions"] = said(json!(paused(&message, generation, &before, now)));
    status["observedGeneration"] = json!(generation);
    said(status)
}

fn unreadable(object: &Value, why: &str, now: Timestamp) -> Value {
    let (mut status, before) = said_before(object);
    let message = format!("it can't be read; nothing is done until it is mended: {why}");
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let said = Said { ready: false, stalled: true, reason: "Invalid", message: &message };
    status["conditions"] = json!(conditions(said, generation, &before, now));
    status["observedGeneration"] = json!(generation);
    if object["kind"] == AppSpec::KIND.kind {
        status["phase"] = json!("Error");
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_it_is_ready_as_it_is_now_counts_as_ready() {
        let object = |generation: i64, status: &str| {
            let condition = json!({"type": "Ready", "status": status, "observedGeneration": 2});
            json!({"metadata": {"generation": generation}, "status": {"conditions": [condition]}})
        };
        assert!(is_ready(&object(2, "True")));
        assert!(!is_ready(&object(2, "False")));
        assert!(!is_ready(&object(3, "True")), "somebody changed it since");
        assert!(!is_ready(&json!({"metadata": {"generation": 1}})));
    }

    #[test]
    fn what_is_left_as_it_is_was_ready_or_not_as_it_was_then() {
        let ready = |status: &Value| {
            let one = condition(&json!({"status": status}), "Ready").unwrap().clone();
            (one["status"].clone(), one["reason"].clone(), one["observedGeneration"].clone())
        };
        let seen = json!({"type": "Ready", "status": "True", "reason": "Ready", "message": "", "observedGeneration": 2,
            "lastTransitionTime": "2026-11-26T12:00:00Z"});
        let object = json!({"metadata": {"generation": 3}, "status": {"database": "shop", "conditions": [seen]}});
        let status = left_as_it_is(&object, Timestamp::UNIX_EPOCH);
        assert_eq!((&status["database"], &status["observedGeneration"]), (&json!("shop"), &json!(3)));
        assert_eq!(ready(&status), (json!("True"), json!("Paused"), json!(2)), "the change is not taken up");
        assert_eq!(status["conditions"][0]["lastTransitionTime"], "2026-11-26T12:00:00Z");
        let new = left_as_it_is(&json!({"metadata": {"generation": 1}}), Timestamp::UNIX_EPOCH);
        assert_eq!(ready(&new), (json!("False"), json!("Paused"), json!(1)));
        let going = json!({"metadata": {"generation": 1, "deletionTimestamp": "2026-11-26T12:00:00Z"}});
        let text = left_as_it_is(&going, Timestamp::UNIX_EPOCH).to_string();
        assert!(text.contains("waits until the annotation is taken off"), "{text}");
    }

    #[test]
    fn what_was_said_before_stays_beside_that_it_can_not_be_read() {
        let object =
            json!({"kind": "App", "metadata": {"generation": 3}, "status": {"version": "1.0", "phase": "Ready"}});
        let status = unreadable(&object, "App shop: no", Timestamp::UNIX_EPOCH);
        assert_eq!((&status["version"], &status["phase"]), (&json!("1.0"), &json!("Error")));
        assert_eq!(status["conditions"][1]["status"], "True", "{status:#}");
        assert_eq!(unreadable(&json!({}), "no", Timestamp::UNIX_EPOCH).get("phase"), None);
    }
}
