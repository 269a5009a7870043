//! One thing that was looked at.

use serde_json::{Value, json};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// As it should be.
    Well,
    /// It works, and somebody should know.
    Warning,
    /// The server can't do its work, or part of it.
    Broken,
}

impl Is {
    /// A sign with a shape of its own.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Well => "✔",
            Self::Warning => "!",
            Self::Broken => "✗",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) is: Is,
    /// What was looked at, and how it is.
    pub(super) what: String,
    /// What to do; empty where there is nothing to do.
    pub(super) todo: String,
}

impl Finding {
    pub(super) fn well(what: impl Into<String>) -> Self {
        Self { is: Is::Well, what: what.into(), todo: String::new() }
    }

    pub(super) fn warning(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { is: Is::Warning, what: what.into(), todo: todo.into() }
    }

    pub(super) fn broken(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { is: Is::Broken, what: what.into(), todo: todo.into() }
    }

    pub(super) fn as_json(&self, area: &str) -> Value {
        json!({"area": area, "result": self.is.word(), "what": self.what, "do": self.todo})
    }
}
