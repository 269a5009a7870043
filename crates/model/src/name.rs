//! Names of things that people configure, each parsed once and then carried as its own type.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that can't be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not {what}: use 1 to {longest} lower-case letters, digits and dashes, beginning and ending with a letter or digit"
)]
pub struct InvalidName {
    what: &'static str,
    given: String,
    longest: usize,
}

/// Kubernetes derives object names from ours; 40 leaves room for prefixes within its limit of 63.
const LONGEST: usize = 40;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if is_label(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { what: $what, given: text.chars().take(80).collect(), longest: LONGEST })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// A project: an app that is deployed (`todo`).
    ProjectName, "a project name"
);
name_type!(
    /// An environment: a place to run (`prod`).
    EnvironmentName, "an environment name"
);
name_type!(
    /// One copy of a project in an environment. A project with one copy calls it `main`.
    InstanceName, "an instance name"
);
name_type!(
    /// A person named in `pinnace.yaml` (`ann`).
    PersonName, "a person's name"
);
name_type!(
    /// A group of people named in `pinnace.yaml` (`release`).
    GroupName, "a group name"
);
name_type!(
    /// A rule that decides by itself, shown as a rule and never as a person (`auto`).
    PolicyName, "a policy name"
);

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= LONGEST
        && bytes.iter().all(|&b| inner(b) || b == b'-')
        && bytes.first().is_some_and(|&b| inner(b))
        && bytes.last().is_some_and(|&b| inner(b))
}

/// The unit that is pinned, judged and locked: one copy of a project in an environment.
///
/// As text `project/environment`, with `/instance` where the project has more than the one called `main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId {
    /// The project that it is a copy of.
    pub project: ProjectName,
    /// Where it runs.
    pub environment: EnvironmentName,
    /// Which copy.
    pub name: InstanceName,
}

const ONLY_INSTANCE: &str = "main";

impl InstanceId {
    /// The one instance of a project that has one copy per environment.
    pub fn only(project: ProjectName, environment: EnvironmentName) -> Self {
        Self { project, environment, name: InstanceName(ONLY_INSTANCE.to_owned()) }
    }

    /// A name for objects and files: `project-environment` or `project-environment-instance`. At most 122 bytes.
    pub fn slug(&self) -> String {
        self.to_string().replace('/', "-")
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.environment)?;
        if self.name.as_str() == ONLY_INSTANCE { Ok(()) } else { write!(f, "/{}", self.name) }
    }
}

impl FromStr for InstanceId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let (project, environment) = (part().parse()?, part().parse()?);
        let name = match part() {
            "" => ONLY_INSTANCE.parse()?,
            name => name.parse()?,
        };
        Ok(Self { project, environment, name })
    }
}

impl TryFrom<String> for InstanceId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<InstanceId> for String {
    fn from(id: InstanceId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "shop", "a-b", "0x1"] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "a\n", &"a".repeat(41)] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_instance_reads_back_as_it_was_written() {
        for text in ["shop/prod", "shop/prod/acme"] {
            assert_eq!(text.parse::<InstanceId>().unwrap().to_string(), text);
        }
        assert!("shop".parse::<InstanceId>().is_err());
    }

    #[test]
    fn the_error_says_what_to_use() {
        let error = "Shop".parse::<ProjectName>().unwrap_err();
        assert!(error.to_string().contains("`Shop` is not a project name: use 1 to 40 lower-case"), "{error}");
    }
}
