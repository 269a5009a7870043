//! The routes of the Gateway API: Current when each gateway that they name took them up and found what they point to.

use serde_json::Value;

use crate::read::{Condition, condition_in, list, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

/// What no gateway or service that is yet to come makes good.
const FINAL: &[&str] = &["UnsupportedValue", "UnsupportedProtocol", "IncompatibleFilters", "InvalidKind"];

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let object = subject.object;
    let wanted = list(object, "/spec/parentRefs");
    for parent in wanted {
        let name = text(parent, "/name").unwrap_or_default();
        let Some(status) = status_of(object, parent) else {
            return subject.in_progress(
                format!("{} is not taken up by the gateway `{name}` yet", subject.key.name),
                format!("no status of parent {name}"),
            );
        };
        for kind in ["Accepted", "ResolvedRefs"] {
            if let Some(verdict) = unless_holds(subject, name, status, kind) {
                return verdict;
            }
        }
    }
    Verdict::Current
}

fn unless_holds(subject: &Subject<'_>, gateway: &str, status: &Value, kind: &str) -> Option<Verdict> {
    let Some(found) = condition_in(status, "/conditions", kind) else {
        // Not every controller writes `ResolvedRefs` where there is nothing to resolve.
        return (kind == "Accepted").then(|| subject.unseen(&format!("parent {gateway}: no condition {kind} yet")));
    };
    if found.is_older_than(subject.object) {
        return Some(subject.unseen(&format!("parent {gateway}: {kind} is about an older generation")));
    }
    (!found.is_true()).then(|| bad(subject, gateway, kind, found))
}

fn bad(subject: &Subject<'_>, gateway: &str, kind: &str, found: Condition<'_>) -> Verdict {
    let name = &subject.key.name;
    let told = words::short(found.told());
    let technical = format!("parent {gateway}: {kind} is {}: {}: {}", found.status, found.reason, found.message);
    if found.is_false() && FINAL.contains(&found.reason) {
        return subject.failed(Cause::Stalled, format!("the gateway `{gateway}` refuses {name}: {told}"), technical);
    }
    subject.in_progress(format!("the gateway `{gateway}` does not serve {name} yet: {told}"), technical)
}

/// What a gateway says of this route. The API server fills in what a reference leaves out only in part, so that a field
/// that is missing on one side is no difference.
fn status_of<'a>(object: &'a Value, parent: &Value) -> Option<&'a Value> {
    const FIELDS: &[&str] = &["/namespace", "/sectionName"];
    let same = |status: &&Value| {
        let told = status.get("parentRef").unwrap_or(&Value::Null);
        let agrees = |field: &&str| match (text(told, field), text(parent, field)) {
            (Some(told), Some(wanted)) => told == wanted,
            _ => true,
        };
        text(told, "/name") == text(parent, "/name") && FIELDS.iter().all(agrees)
    };
    list(object, "/status/parents").iter().find(same)
}
