//! Gateway and GatewayClass of the Gateway API: Current when their controller took them up, and a Gateway when it is
//! reachable as well. Each condition says which generation it is about.

use crate::read::{condition, condition_in, list, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

/// What does not get better by waiting. `ListenersNotValid` does, where a certificate comes with the same commit.
const FINAL: &[&str] = &["Invalid", "UnsupportedAddress", "Unsupported", "UnsupportedProtocol"];

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    accepted(subject)
        .or_else(|| holds(subject, "Programmed", "is not reachable yet"))
        .or_else(|| bad_listener(subject))
        .unwrap_or(Verdict::Current)
}

pub(crate) fn judge_class(subject: &Subject<'_>) -> Verdict {
    accepted(subject).unwrap_or(Verdict::Current)
}

fn accepted(subject: &Subject<'_>) -> Option<Verdict> {
    holds(subject, "Accepted", "is not taken up yet")
}

/// Nothing when the condition holds for this generation.
fn holds(subject: &Subject<'_>, kind: &str, how: &str) -> Option<Verdict> {
    let name = &subject.key.name;
    match condition(subject.object, kind).filter(|found| !found.is_older_than(subject.object)) {
        Some(found) if found.is_true() => None,
        Some(found) => {
            let technical = format!("{kind} is {}: {}: {}", found.status, found.reason, found.message);
            let told = words::short(found.told());
            if found.is_false() && FINAL.contains(&found.reason) {
                return Some(subject.failed(Cause::Stalled, format!("{name} is refused: {told}"), technical));
            }
            Some(subject.in_progress(format!("{name} {how}: {told}"), technical))
        }
        None => Some(subject.unseen(&format!("no condition {kind} about this generation yet"))),
    }
}

/// A listener that can't serve, though the rest of the gateway does.
fn bad_listener(subject: &Subject<'_>) -> Option<Verdict> {
    let listeners = list(subject.object, "/status/listeners");
    let (listener, found) = listeners.iter().find_map(|listener| {
        let bad = ["Accepted", "ResolvedRefs", "Programmed"]
            .iter()
            .find_map(|kind| condition_in(listener, "/conditions", kind).filter(|found| found.is_false()))?;
        Some((text(listener, "/name").unwrap_or_default(), bad))
    })?;
    let sentence = format!("`{listener}` of {} can't be served yet: {}", subject.key.name, words::short(found.told()));
    Some(subject.in_progress(sentence, format!("listener {listener}: {}: {}", found.reason, found.message)))
}
