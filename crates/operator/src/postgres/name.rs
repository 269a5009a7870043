//! Names of databases and roles.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// PostgreSQL cuts names at so many bytes, silently.
const LONGEST: usize = 63;

/// A name of a database or a role: 1 to 63 bytes, without a NUL. It may need quotes, as names of databases that were there before do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgName(String);

/// A text that can't be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` can't be the name of a database or a role: it has 1 to 63 bytes, does not begin with `pg_`, and is none of PostgreSQL's own; \
     say another one by spec.database or spec.owner"
)]
pub struct InvalidName(String);

impl PgName {
    /// The name with a suffix. What gets too long is cut, and a hash keeps it apart from others that begin alike.
    #[must_use]
    pub fn with(&self, suffix: &str) -> Self {
        let whole = format!("{}{suffix}", self.0);
        if whole.len() <= LONGEST {
            return Self(whole);
        }
        let hash = hex(&Sha256::digest(&self.0), 8);
        let room = LONGEST.saturating_sub(suffix.len() + hash.len() + 1);
        let end = (0..=room.min(self.0.len())).rev().find(|at| self.0.is_char_boundary(*at)).unwrap_or_default();
        Self(format!("{}_{hash}{suffix}", self.0.get(..end).unwrap_or_default()))
    }

    /// The name as SQL has it.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PgName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_taken = ["postgres", "template0", "template1", "rdsadmin", "public", "none"].contains(&text);
        let is_name = (1..=LONGEST).contains(&text.len()) && !text.contains('\0') && !text.starts_with("pg_");
        if is_name && !is_taken { Ok(Self(text.to_owned())) } else { Err(InvalidName(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for PgName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text as SQL has it, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace('\0', "");
    if text.contains('\\') { format!("E'{escaped}'") } else { format!("'{escaped}'") }
}

/// A name that is none of ours, as that of an extension, as SQL has it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_1_to_63_bytes_and_not_those_of_the_server() {
        for good in ["shop", "Shop-Prod", "a\"b", &"x".repeat(63), "größe"] {
            assert_eq!(good.parse::<PgName>().unwrap().as_str(), good);
        }
        for bad in ["", "pg_shop", "postgres", "template1", "public", "a\0b", &"x".repeat(64), &"ö".repeat(32)] {
            assert!(bad.parse::<PgName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_gets_too_long_is_kept_apart_by_a_hash() {
        let name = |text: &str| text.parse::<PgName>().unwrap();
        assert_eq!(name("shop").with("_reporting").as_str(), "shop_reporting");
        let (one, other) = (format!("{}a", "x".repeat(62)), format!("{}b", "x".repeat(62)));
        let (one, other) = (name(&one).with("_reporting"), name(&other).with("_reporting"));
        assert_ne!(one, other);
        assert!(one.as_str().len() <= 63 && one.as_str().ends_with("_reporting"), "{one}");
        let wide = name(&"ö".repeat(31)).with("_b");
        assert!(wide.as_str().len() <= 63 && wide.as_str().ends_with("_b"), "{wide}");
    }

    #[test]
    fn quotes_and_backslashes_end_nothing() {
        assert_eq!("a\"b".parse::<PgName>().unwrap().quoted(), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(quoted("uuid-ossp"), "\"uuid-ossp\"");
    }
}
