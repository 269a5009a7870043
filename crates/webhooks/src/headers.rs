//! A view of a request's headers that knows how often each one came.

use std::fmt;

/// The headers of one request, in any order and case.
pub struct Headers<'a> {
    pairs: Vec<(&'a str, &'a [u8])>,
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().collect() }
    }
}

impl fmt::Debug for Headers<'_> {
    /// Names only: values carry tokens and signatures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// A header that can't be read as one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// It came more than once: which one a proxy or we would believe must never be a question.
    #[error("header `{0}` came more than once")]
    Repeated(&'static str),
    /// It holds something else than visible ASCII and spaces.
    #[error("header `{0}` holds other bytes than visible ASCII")]
    NotText(&'static str),
}

impl<'a> Headers<'a> {
    /// The value of a header that may come once or not at all, without spaces around it.
    pub fn at_most_one(&self, name: &'static str) -> Result<Option<&'a str>, HeaderFault> {
        let mut values =
            self.pairs.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(HeaderFault::Repeated(name));
        }
        let visible = value.iter().all(|&b| b == b' ' || b == b'\t' || b.is_ascii_graphic());
        let text = std::str::from_utf8(value).ok().filter(|_| visible).ok_or(HeaderFault::NotText(name))?;
        Ok(Some(text.trim_matches([' ', '\t'])))
    }
}
