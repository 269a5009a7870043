//! What a verb answers when it can't do what a person asked: what, why and what to do next.

use std::fmt;

/// A verb that was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What programs branch on.
    pub code: ProblemCode,
    /// What failed and why, in one sentence.
    pub what: String,
    /// What to do next.
    pub next: String,
}

/// What programs branch on. Each surface maps it to its own: HTTP status, exit code, ephemeral message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// There is no such thing, or the asker may not know of it.
    NotFound,
    /// The person may not.
    NotAllowed,
    /// Somebody was first, or it is no longer in a state where this can be done.
    TooLate,
    /// What was agreed to is no longer what would be done.
    Differs,
    /// The request can't be understood.
    Invalid,
    /// It can't be done now: the database, git or the cluster does not answer.
    Unavailable,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: ProblemCode, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, what: what.into(), next: next.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if self.next.is_empty() { Ok(()) } else { write!(f, "; {}", self.next) }
    }
}

impl std::error::Error for Problem {}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        Self::new(ProblemCode::Unavailable, format!("the database did not take it: {error}"), "try again")
    }
}
