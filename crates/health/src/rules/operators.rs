//! Custom resources of widespread operators: what their status says, as data. `operators/list.rs` holds it.
//!
//! It is written down only where the conditions alone ([`super::generic`]) would say it too early, too late or not at all.

mod list;

use serde_json::Value;

use crate::read::{Condition, condition, int, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

/// What a status says of one kind.
struct Known {
    /// The group, or its end where it begins with `*`.
    group: &'static str,
    /// The kind; `*` is every kind of the group.
    kind: &'static str,
    /// Where any of these holds it is Failed.
    failed: &'static [Sign],
    /// Where all of these hold it is Current.
    current: &'static [Sign],
    /// Where the status says in words what it is about; else the condition's own message is told.
    message: &'static str,
}

/// Something to be seen on an object.
enum Sign {
    /// The condition holds, for this generation.
    Is(&'static str),
    /// The condition is known not to hold, for one of these reasons, or for any where none is named.
    IsNot(&'static str, &'static [&'static str]),
    /// The condition is not known not to hold: it may be missing.
    Allows(&'static str),
    /// The text at this pointer is one of these.
    Says(&'static str, &'static [&'static str]),
    /// There is a `true` at this pointer.
    Yes(&'static str),
    /// The numbers at these pointers are the same.
    Same(&'static str, &'static str),
    /// The text or number at this pointer is the generation, where it is written.
    Observed(&'static str),
    /// There is a status. Asked of every kind that has any other sign.
    Status,
}

/// The verdict on a kind that is known here.
pub(super) fn judge(subject: &Subject<'_>) -> Option<Verdict> {
    let known = list::KNOWN.iter().find(|known| known.is_for(subject))?;
    Some(known.judge(subject))
}

impl Known {
    fn is_for(&self, subject: &Subject<'_>) -> bool {
        let group = match self.group.strip_prefix('*') {
            Some(end) => subject.key.group.ends_with(end),
            None => subject.key.group == self.group,
        };
        group && (self.kind == "*" || self.kind == subject.key.kind)
    }

    fn judge(&self, subject: &Subject<'_>) -> Verdict {
        if self.current.is_empty() && self.failed.is_empty() {
            return Verdict::Current;
        }
        if !Sign::Status.holds(subject.object) {
            let only_allows = self.current.iter().all(|sign| matches!(sign, Sign::Allows(_)));
            return if only_allows { Verdict::Current } else { subject.unseen("no status yet") };
        }
        let name = &subject.key.name;
        if let Some(sign) = self.failed.iter().find(|sign| sign.holds(subject.object)) {
            let told = self.told(sign, subject.object);
            let sentence = format!("{name} can't go on: {}", words::short(&told));
            return subject.failed(Cause::Stalled, sentence, sign.technical(subject.object));
        }
        let Some(missing) = self.current.iter().find(|sign| !sign.holds(subject.object)) else {
            return Verdict::Current;
        };
        if let Sign::Observed(_) = missing {
            return subject.unseen(&missing.technical(subject.object));
        }
        let told = words::short(&self.told(missing, subject.object));
        let told = if told.is_empty() { told } else { format!(": {told}") };
        subject.in_progress(format!("{name} is not ready yet{told}"), missing.technical(subject.object))
    }

    /// What the object itself says about a sign.
    fn told(&self, sign: &Sign, object: &Value) -> String {
        let message =
            Some(self.message).filter(|pointer| !pointer.is_empty()).and_then(|pointer| text(object, pointer));
        message.filter(|message| !message.is_empty()).map_or_else(|| sign.told(object), str::to_owned)
    }
}

impl Sign {
    fn holds(&self, object: &Value) -> bool {
        match self {
            Self::Is(kind) => now(object, kind).is_some_and(Condition::is_true),
            Self::IsNot(kind, reasons) => now(object, kind)
                .is_some_and(|found| found.is_false() && (reasons.is_empty() || reasons.contains(&found.reason))),
            Self::Allows(kind) => !condition(object, kind).is_some_and(Condition::is_false),
            Self::Says(pointer, values) => text(object, pointer).is_some_and(|found| values.contains(&found)),
            Self::Yes(pointer) => crate::read::flag(object, pointer),
            Self::Same(one, other) => int(object, one).is_some() && int(object, one) == int(object, other),
            Self::Observed(pointer) => match object.pointer(pointer) {
                Some(Value::String(seen)) => {
                    // Written as a text by those that once kept a hash here; a hash is no evidence against.
                    seen.parse::<i64>().is_err() || seen.parse().ok() == int(object, "/metadata/generation")
                }
                Some(seen) => seen.as_i64() == int(object, "/metadata/generation"),
                None => true,
            },
            Self::Status => object.get("status").and_then(Value::as_object).is_some_and(|status| !status.is_empty()),
        }
    }

    fn told(&self, object: &Value) -> String {
        match self {
            Self::Is(kind) | Self::IsNot(kind, _) | Self::Allows(kind) => {
                condition(object, kind).map(|found| found.told().to_owned()).unwrap_or_default()
            }
            Self::Says(pointer, _) => text(object, pointer).unwrap_or_default().to_owned(),
            Self::Same(ready, wanted) => match (int(object, ready), int(object, wanted)) {
                (Some(ready), Some(wanted)) => format!("{ready} of {wanted} are ready"),
                _ => String::new(),
            },
            Self::Yes(_) | Self::Observed(_) | Self::Status => String::new(),
        }
    }

    fn technical(&self, object: &Value) -> String {
        let at = |pointer: &str| pointer.trim_start_matches('/').replace('/', ".");
        match self {
            Self::Is(kind) | Self::IsNot(kind, _) | Self::Allows(kind) => match condition(object, kind) {
                Some(found) if found.is_older_than(object) => format!("condition {kind} is about an older generation"),
                Some(found) => format!("{kind} is {}: {}: {}", found.status, found.reason, found.message),
                None => format!("no condition {kind} yet"),
            },
            Self::Says(pointer, _) => format!("{} is {}", at(pointer), text(object, pointer).unwrap_or("missing")),
            Self::Yes(pointer) => format!("{} is not true", at(pointer)),
            Self::Same(one, other) => format!("{} is not {}", at(one), at(other)),
            Self::Observed(pointer) => format!("{} is from before the newest spec", at(pointer)),
            Self::Status => "no status yet".to_owned(),
        }
    }
}

/// The condition, where it is about what is asked for now.
fn now<'a>(object: &'a Value, kind: &str) -> Option<Condition<'a>> {
    condition(object, kind).filter(|found| !found.is_older_than(object))
}
