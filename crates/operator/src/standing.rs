//! How an object of ours stands, and the conditions that say so.

use jiff::Timestamp;

use crate::driver::{OperatorError, rfc3339};
use crate::resource::{Condition, ConditionStatus};

/// How an object stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// It takes connections.
    Ready,
    /// It is on its way, or waits for others.
    Waits { reason: &'static str, message: String },
    /// It can't go on by itself.
    Stalled { reason: &'static str, message: String },
}

impl Standing {
    /// What an error means that is none of a moment.
    pub(crate) fn refused(error: &OperatorError) -> Self {
        Self::Stalled { reason: error.reason(), message: error.to_string() }
    }

    /// What any error means.
    pub(crate) fn of_error(error: &OperatorError) -> Self {
        if error.is_transient() {
            Self::Waits { reason: error.reason(), message: error.to_string() }
        } else {
            Self::refused(error)
        }
    }

    /// The conditions `Ready` and `Stalled`.
    pub(crate) fn conditions(&self, generation: Option<i64>, before: &[Condition], now: Timestamp) -> Vec<Condition> {
        let (reason, message) = match self {
            Self::Ready => ("Ready", "it takes connections"),
            Self::Waits { reason, message } | Self::Stalled { reason, message } => (*reason, message.as_str()),
        };
        let stalled = matches!(self, Self::Stalled { .. });
        conditions(Said { ready: *self == Self::Ready, stalled, reason, message }, generation, before, now)
    }
}

/// Said of a database that was made anew and filled from a backup, and of its App: what did not come back. It stays as it was said.
pub(crate) const RESTORED: &str = "Restored";

/// Says it.
pub(crate) fn restored(message: String, now: Timestamp) -> Condition {
    Condition {
        kind: RESTORED.to_owned(),
        status: ConditionStatus::True,
        reason: "FromBackup".to_owned(),
        message,
        last_transition_time: rfc3339(now),
        observed_generation: None,
    }
}

/// The conditions of an object that is left as it is. Whether it is ready is what was seen last, and of what it was then.
pub(crate) fn paused(message: &str, generation: Option<i64>, before: &[Condition], now: Timestamp) -> Vec<Condition> {
    let seen = before.iter().find(|one| one.kind == "Ready");
    let ready = seen.is_some_and(|one| one.status == ConditionStatus::True);
    let generation = seen.map_or(generation, |one| one.observed_generation);
    conditions(Said { ready, stalled: false, reason: "Paused", message }, generation, before, now)
}

/// What the conditions say.
pub(crate) struct Said<'a> {
    pub(crate) ready: bool,
    pub(crate) stalled: bool,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// The conditions `Ready` and `Stalled`. Each keeps the time of its last change between holding and not holding. What did not come back
/// is said on.
pub(crate) fn conditions(
    said: Said<'_>,
    generation: Option<i64>,
    before: &[Condition],
    now: Timestamp,
) -> Vec<Condition> {
    let condition = |kind: &str, holds: bool, message: &str| Condition {
        kind: kind.to_owned(),
        status: if holds { ConditionStatus::True } else { ConditionStatus::False },
        reason: said.reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: rfc3339(now),
        observed_generation: generation,
    };
    let all = [
        condition("Ready", said.ready, said.message),
        condition("Stalled", said.stalled, if said.stalled { said.message } else { "" }),
    ];
    let carried = |condition: Condition| match before.iter().find(|old| old.kind == condition.kind) {
        Some(old) if old.status == condition.status => {
            Condition { last_transition_time: old.last_transition_time.clone(), ..condition }
        }
        _ => condition,
    };
    let restored = before.iter().filter(|old| old.kind == RESTORED).cloned();
    all.into_iter().map(carried).chain(restored).collect()
}
