//! The one `redact`: values that are known to be secret, and what looks like a token or a password.

mod patterns;

pub(crate) use patterns::surely_secret;

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What stands where a secret stood.
pub const REDACTED: &str = "•••";

/// Shorter values can't be registered: taking them out would tear ordinary words apart and tell more than it hides.
pub const SHORTEST_REGISTERED: usize = 6;

/// Takes secrets out of texts. Clones share what is registered, so that one can be given to the log.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first: a value that holds another is taken out whole.
    values: Arc<RwLock<Vec<String>>>,
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
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= LONG_LINE);
        for form in forms(value).into_iter().chain(lines.map(str::to_owned)) {
            let place = values.partition_point(|known| (known.len(), known) > (form.len(), &form));
            if values.get(place) != Some(&form) {
                values.insert(place, form);
            }
        }
        true
    }

    /// The text without secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        {
            let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
            for value in values.iter() {
                if clean.contains(value.as_str()) {
                    clean = Cow::Owned(clean.replace(value.as_str(), REDACTED));
                }
            }
        }
        match patterns::redact(&clean) {
            Some(cleaner) => Cow::Owned(cleaner),
            None => clean,
        }
    }
}

/// Logs cut values of several lines apart; lines of this length are taken out by themselves.
const LONG_LINE: usize = 16;

/// The ways in which a value is commonly written down.
fn forms(value: &str) -> Vec<String> {
    let escaped: String = value.escape_default().collect();
    let json = serde_json::Value::String(value.to_owned()).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let in_url: String = url_encoded(value);
    let mut forms = vec![value.to_owned(), json, escaped, in_url];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        forms.push(engine.encode(value));
    }
    // `echo secret | base64` encodes the line end too.
    forms.push(STANDARD.encode(format!("{value}\n")));
    forms
}

fn url_encoded(value: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests;
