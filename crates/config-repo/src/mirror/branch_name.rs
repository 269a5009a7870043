//! Branch names, parsed once by the rules of `git check-ref-format --branch`.

use std::fmt;
use std::str::FromStr;

const LONGEST: usize = 200;

/// A text that can't be a branch name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a branch name: {why}; use a plain name such as `main` or `deploy/prod`")]
pub struct InvalidBranch {
    given: String,
    why: &'static str,
}

/// The name of a branch of the config repo (`main`), without `refs/heads/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

impl BranchName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of the ref on the remote.
    pub(crate) fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl FromStr for BranchName {
    type Err = InvalidBranch;
    fn from_str(text: &str) -> Result<Self, InvalidBranch> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => {
                Err(InvalidBranch { given: text.chars().take(80).flat_map(char::escape_default).collect(), why })
            }
        }
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    if text.is_empty() {
        Some("it is empty")
    } else if text.len() > LONGEST {
        Some("it is longer than 200 bytes")
    } else if text.starts_with('-') {
        Some("it begins with a dash")
    } else if text.contains(forbidden) {
        Some("it holds a space, a control character or one of ~ ^ : ? * [ \\")
    } else if text.contains("..") || text.contains("@{") || text == "@" || text == "HEAD" {
        Some("git gives `..`, `@` and `HEAD` a meaning of their own")
    } else if text.ends_with('.') {
        Some("it ends with a dot")
    } else if text.split('/').any(|part| {
        part.is_empty() || part.starts_with('.') || part.rsplit_once('.').is_some_and(|(_, end)| end == "lock")
    }) {
        Some("a part of it is empty, begins with a dot or ends with `.lock`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
