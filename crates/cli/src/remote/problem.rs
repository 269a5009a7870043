//! Why a command that asks the server did not do what was wanted: what failed, what to type next, and the exit code.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

/// A command that was not done, or ended otherwise than wanted.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What failed and why.
    what: String,
    /// What to type next; may be empty.
    hint: String,
    /// The exit code (docs/command-line.md).
    exit: u8,
}

/// Exit codes beyond 0, 1 and 2.
pub(crate) mod exit {
    /// Something differs, or is not as it should be.
    pub(crate) const DIFFERS: u8 = 3;
    /// Not signed in, or not allowed.
    pub(crate) const NOT_ALLOWED: u8 = 4;
    /// There is no such thing.
    pub(crate) const NOT_FOUND: u8 = 5;
    /// Still under way when the time was up.
    pub(crate) const TIMED_OUT: u8 = 6;
    /// The candidate was dropped; what ran before runs.
    pub(crate) const DROPPED: u8 = 7;
    /// Rejected, expired, cancelled or superseded: it was never tried.
    pub(crate) const NOT_TRIED: u8 = 8;
}

impl Problem {
    /// It could not be done.
    pub(crate) fn failed(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::with(1, what, hint)
    }

    /// It was not asked for in a way that can be understood.
    pub(crate) fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::with(2, what, hint)
    }

    /// With an exit code of its own.
    pub(crate) fn with(exit: u8, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), exit }
    }

    /// Nobody is signed in there.
    pub(crate) fn signed_out(url: &str) -> Self {
        let what = format!("not signed in at {url}");
        let hint = format!(
            "`pinnace sign-in NAME` where the server runs prints a one-time link; then `pinnace login --server {url}`"
        );
        Self::with(exit::NOT_ALLOWED, what, hint)
    }

    pub(super) fn unreachable(url: &str, error: &reqwest::Error) -> Self {
        let why = if error.is_timeout() { "it did not answer in time".to_owned() } else { innermost(error) };
        Self::failed(format!("{url} can't be asked: {why}"), "is `pinnace serve` running there?")
    }

    /// What the API answered (docs/api.md, "Problems").
    pub(super) fn of(url: &str, status: StatusCode, said: &Value) -> Self {
        let text = |field: &str| secrets::clean_terminal(said[field].as_str().unwrap_or_default());
        if status == StatusCode::UNAUTHORIZED {
            return Self::signed_out(url);
        }
        let exit = match status {
            _ if text("code") == "DIFFERS" => exit::DIFFERS,
            StatusCode::FORBIDDEN => exit::NOT_ALLOWED,
            StatusCode::NOT_FOUND => exit::NOT_FOUND,
            StatusCode::BAD_REQUEST => 2,
            _ => 1,
        };
        let what = match text("message") {
            said if said.is_empty() => format!("{url} answered {status}, which no API of Pinnace says"),
            said => said,
        };
        Self::with(exit, what, text("hint"))
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> u8 {
        self.exit
    }
}

/// What lies at the bottom: "connection refused" says more than "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\n  hint: {}", self.hint) }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_says_no_to_has_its_own_exit_code_and_keeps_its_hint() {
        let said = json!({"code": "NOT_ALLOWED", "message": "bo may not approve", "hint": "ask one of: ann"});
        let problem = Problem::of("http://x", StatusCode::FORBIDDEN, &said);
        assert_eq!((problem.exit(), problem.to_string().as_str()), (4, "bo may not approve\n  hint: ask one of: ann"));
        assert_eq!(Problem::of("http://x", StatusCode::NOT_FOUND, &said).exit(), 5);
        assert_eq!(Problem::of("http://x", StatusCode::CONFLICT, &said).exit(), 1);
        let differs = json!({"code": "DIFFERS", "message": "plan 3 is no longer what would be done"});
        assert_eq!(Problem::of("http://x", StatusCode::CONFLICT, &differs).exit(), 3);
        assert_eq!(Problem::of("http://x", StatusCode::UNAUTHORIZED, &Value::Null).exit(), 4);
    }

    #[test]
    fn an_answer_of_something_else_and_terminal_codes_do_no_harm() {
        let other = Problem::of("http://x", StatusCode::BAD_GATEWAY, &Value::Null);
        assert!(other.to_string().contains("502"), "{other}");
        let coloured = Problem::of("http://x", StatusCode::CONFLICT, &json!({"message": "\u{1b}[31mred"}));
        assert!(!coloured.to_string().contains('\u{1b}'));
    }
}
