//! Reading fields of objects that may be anything: a missing or odd field is `None`, never an error.

use serde_json::Value;

/// The text at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The whole number at a JSON pointer.
pub(crate) fn int(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// The count at a JSON pointer; absent and negative count as none, as Kubernetes leaves zeros out.
pub(crate) fn count(value: &Value, pointer: &str) -> u64 {
    int(value, pointer).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// Whether there is a `true` at a JSON pointer.
pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at a JSON pointer.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The name, or nothing.
pub(crate) fn name(value: &Value) -> &str {
    text(value, "/metadata/name").unwrap_or_default()
}

/// The uid, or nothing.
pub(crate) fn uid(value: &Value) -> &str {
    text(value, "/metadata/uid").unwrap_or_default()
}

/// A label's value. (Label keys hold slashes, so a JSON pointer would have to be escaped.)
pub(crate) fn label<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// An annotation's value.
pub(crate) fn annotation<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// Whether it is on its way out.
pub(crate) fn is_deleted(value: &Value) -> bool {
    value.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// One of the object's conditions.
#[derive(Clone, Copy)]
pub(crate) struct Condition<'a> {
    /// `True`, `False` or `Unknown`.
    pub(crate) status: &'a str,
    /// The one-word reason.
    pub(crate) reason: &'a str,
    /// The message for people.
    pub(crate) message: &'a str,
    /// The generation that it is about, where it says so.
    pub(crate) about: Option<i64>,
}

impl Condition<'_> {
    /// Whether the condition holds.
    pub(crate) fn is_true(self) -> bool {
        self.status == "True"
    }

    /// Whether the condition is known not to hold.
    pub(crate) fn is_false(self) -> bool {
        self.status == "False"
    }

    /// Whether it is about an older generation of the object that carries it.
    pub(crate) fn is_older_than(self, object: &Value) -> bool {
        matches!((self.about, int(object, "/metadata/generation")), (Some(about), Some(now)) if about < now)
    }

    /// The message, else the reason.
    pub(crate) fn told(&self) -> &str {
        if self.message.is_empty() { self.reason } else { self.message }
    }
}

/// The object's condition of that type.
pub(crate) fn condition<'a>(value: &'a Value, kind: &str) -> Option<Condition<'a>> {
    condition_in(value, "/status/conditions", kind)
}

/// The condition of that type in a list of them.
pub(crate) fn condition_in<'a>(value: &'a Value, pointer: &str, kind: &str) -> Option<Condition<'a>> {
    let found = list(value, pointer).iter().find(|c| text(c, "/type") == Some(kind))?;
    Some(Condition {
        status: text(found, "/status").unwrap_or_default(),
        reason: text(found, "/reason").unwrap_or_default(),
        message: text(found, "/message").unwrap_or_default(),
        about: int(found, "/observedGeneration"),
    })
}
