//! Names of instances and snapshots.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

const LONGEST_INSTANCE: usize = 63;
const LONGEST_SNAPSHOT: usize = 255;

/// A name of an instance: 1 to 63 lower-case letters, digits and single hyphens, of which the first is a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceId(String);

/// A name of a snapshot: the same with up to 255 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotId(String);

/// A text that can't be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name in RDS begins with a letter and has letters, digits and single hyphens, up to {longest} of them: `{text}`"
)]
pub struct InvalidId {
    text: String,
    longest: usize,
}

impl InstanceId {
    /// A name that is given.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        parsed(text, LONGEST_INSTANCE).map(Self)
    }

    /// The name of what is made for an object. Another object never has the same.
    pub fn of(namespace: &str, name: &str) -> Self {
        Self(made(&[namespace, name], LONGEST_INSTANCE))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SnapshotId {
    /// A name that is given.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        parsed(text, LONGEST_SNAPSHOT).map(Self)
    }

    /// The name of the snapshot of an instance for a purpose, as before a version.
    pub fn of(instance: &InstanceId, purpose: &str) -> Self {
        Self(made(&[instance.as_str(), purpose], LONGEST_SNAPSHOT))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RDS takes capital letters and keeps them as small ones.
fn parsed(text: &str, longest: usize) -> Result<String, InvalidId> {
    let is_good = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.contains("--")
        && !text.ends_with('-')
        && text.len() <= longest;
    let bad = || InvalidId { text: text.chars().filter(|c| !c.is_control()).take(80).collect(), longest };
    if is_good { Ok(text.to_ascii_lowercase()) } else { Err(bad()) }
}

/// Parts that make a name: always with a hash of all of them, as different parts may read the same.
fn made(parts: &[&str], longest: usize) -> String {
    let hash = hex(&Sha256::digest(parts.join("\0")), 8);
    let mut name = String::new();
    for c in parts.join("-").to_ascii_lowercase().chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        let may_stand = if name.is_empty() { c.is_ascii_alphabetic() } else { c != '-' || !name.ends_with('-') };
        if may_stand && name.len() < longest - hash.len() - 1 {
            name.push(c);
        }
    }
    let name = name.trim_end_matches('-');
    format!("{}-{hash}", if name.is_empty() { "p" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_made_are_names_and_never_the_same_for_two_objects() {
        let of = |namespace: &str, name: &str| InstanceId::of(namespace, name).0;
        for (namespace, name) in
            [("shop", "shop"), ("1-2", "9"), ("a.b", "c--d"), (&*"x".repeat(63), &*"y".repeat(253)), ("ö", "-")]
        {
            let made = of(namespace, name);
            assert_eq!(parsed(&made, LONGEST_INSTANCE).as_ref(), Ok(&made), "{namespace} {name}");
        }
        assert_ne!(of("a-b", "c"), of("a", "b-c"));
        assert!(of("shop", "db").starts_with("shop-db-"));
        let version = SnapshotId::of(&InstanceId::of("shop", "db"), "Before 1.4.2_rc1+x");
        assert_eq!(parsed(&version.0, LONGEST_SNAPSHOT), Ok(version.0.clone()));
    }

    #[test]
    fn what_rds_does_not_take_is_told() {
        assert_eq!(InstanceId::parse("Shop-1").unwrap().as_str(), "shop-1");
        for bad in ["", "1a", "a_b", "a--b", "a-", "-a", "a.b", &"x".repeat(64)] {
            assert!(InstanceId::parse(bad).is_err(), "{bad}");
        }
    }
}
