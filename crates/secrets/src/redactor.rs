//! The one `redact`: values that are known to be secret, and what looks like a token or a password.

mod forms;
mod known;
mod patterns;

pub(crate) use patterns::surely_secret;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use known::Known;
use serde_json::Value;

/// What stands where a secret stood.
pub const REDACTED: &str = "•••";

/// Shorter values can't be registered: taking them out would tear ordinary words apart and tell more than it hides.
pub const SHORTEST_REGISTERED: usize = 6;

/// Takes secrets out of texts. Clones share what is registered, so that one can be given to the log.
#[derive(Clone, Default)]
pub struct Redactor {
    values: Arc<RwLock<Known>>,
}

impl Redactor {
    /// A redactor that knows patterns only.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on this value is taken out of every text, plain or in any of the ways it is commonly written down:
    /// base64, in a URL, in JSON. Says false when it is too short for that.
    pub fn register(&self, value: &str) -> bool {
        let value = value.trim();
        if value.chars().count() < SHORTEST_REGISTERED {
            return false;
        }
        if self.values.read().unwrap_or_else(PoisonError::into_inner).holds(value) {
            return true;
        }
        let forms = forms::of(value);
        self.values.write().unwrap_or_else(PoisonError::into_inner).add(value, forms);
        true
    }

    /// The same with secrets taken out of every text in it, and of every key.
    #[must_use]
    pub fn redact_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact(&text).into_owned()),
            Value::Array(items) => items.into_iter().map(|item| self.redact_value(item)).collect(),
            Value::Object(fields) => {
                let clean = |(key, field): (String, Value)| (self.redact(&key).into_owned(), self.redact_value(field));
                fields.into_iter().map(clean).collect()
            }
            other => other,
        }
    }

    /// The text without secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.values.read().unwrap_or_else(PoisonError::into_inner).find(text);
        let clean = if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, found)) };
        match patterns::redact(&clean) {
            Some(cleaner) => Cow::Owned(cleaner),
            None => clean,
        }
    }
}

/// What overlaps is taken out as one: a value in which another begins leaves nothing of either.
fn without(text: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_unstable_by_key(|range| (range.start, range.end));
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    let mut begun: Option<Range<usize>> = None;
    let mut close = |range: Range<usize>| {
        clean.push_str(text.get(done..range.start).unwrap_or_default());
        clean.push_str(REDACTED);
        done = range.end;
    };
    for range in found {
        match &mut begun {
            Some(begun) if range.start < begun.end => begun.end = begun.end.max(range.end),
            _ => {
                if let Some(ended) = begun.replace(range) {
                    close(ended);
                }
            }
        }
    }
    if let Some(ended) = begun {
        close(ended);
    }
    clean.push_str(text.get(done..).unwrap_or_default());
    clean
}

#[cfg(test)]
mod tests;
