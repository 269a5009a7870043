//! The formats of files.

use zeroize::Zeroizing;

use super::error::Problem;
use super::tree::{LONGEST_FILE, Node, Tree};
use super::value::Value;
use super::{dotenv, json, yaml};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.yaml`, `.yml`.
    Yaml,
    /// `.json`.
    Json,
    /// `.env`.
    Dotenv,
    /// Everything else: the whole file is one value, and its ciphertext stands in JSON.
    Binary,
}

impl Format {
    /// By the end of a file's name, as SOPS chooses.
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end) {
            Some("yaml" | "yml") => Self::Yaml,
            Some("json") => Self::Json,
            Some("env") => Self::Dotenv,
            _ => Self::Binary,
        }
    }

    /// Whether SOPS would take a file of this name for one in a format that is not known here.
    pub fn is_foreign(name: &str) -> bool {
        is_ini(name)
    }

    /// Reads an encrypted file, or a plain one that is not binary.
    pub(super) fn parse(self, bytes: &[u8]) -> Result<(Zeroizing<String>, Tree), Problem> {
        if bytes.len() > LONGEST_FILE {
            return Err(Problem::TooLarge { bytes: bytes.len(), most: LONGEST_FILE });
        }
        let text = str::from_utf8(bytes).map_err(|_| Problem::NotText)?;
        let tree = match self {
            Self::Yaml => yaml::parse(text),
            Self::Json | Self::Binary => json::parse(text),
            Self::Dotenv => dotenv::parse(text),
        };
        let tree = tree.map_err(|problem| conflict(text).map_or(problem, |line| Problem::Conflict { line }))?;
        Ok((Zeroizing::new(text.to_owned()), tree))
    }

    /// A value in the place of a node.
    pub(super) fn write(
        self,
        value: &Value,
        node: &Node,
        indent: usize,
        text: &str,
        path: &str,
    ) -> Result<String, Problem> {
        match self {
            Self::Yaml => {
                let rest = text.get(node.span.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
                Ok(yaml::scalar(value, node, indent, rest))
            }
            Self::Json | Self::Binary => json::scalar(value, path),
            Self::Dotenv => dotenv::scalar(value, path),
        }
    }
}

/// The line of a conflict that git left in a file.
pub(super) fn conflict(text: &str) -> Option<usize> {
    let begin = text.lines().position(|line| line.starts_with("<<<<<<< "))?;
    text.lines().skip(begin).any(|line| line.starts_with(">>>>>>> ")).then_some(begin + 1)
}

/// Whether SOPS keeps such a file in its format for `.ini`.
pub(super) fn is_ini(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("ini"))
}
