//! Who decides, and where they said so.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{PersonName, PolicyName};

/// Who decided: a person, or a rule that is shown as a rule and never as a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decider {
    /// A person named in `pinnace.yaml`.
    Person(PersonName),
    /// A rule of `pinnace.yaml`.
    Policy(PolicyName),
}

impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "{name}"),
            Self::Policy(name) => write!(f, "policy {name}"),
        }
    }
}

/// Where a person said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// The page.
    Page,
    /// A chat service.
    Chat,
    /// The command line, through the server's API.
    CommandLine,
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "the page",
            Self::Chat => "chat",
            Self::CommandLine => "the command line",
        })
    }
}
