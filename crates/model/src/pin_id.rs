//! A pin's two ids: a random key for machines, a number for people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a pin's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pin's id: expected 32 lower-case hexadecimal digits")]
pub struct InvalidPinId(String);

/// A pin's random id: its key in the database and in every outside system (commit trailer, inventory, chat metadata).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PinId(String);

impl PinId {
    /// The id made of these random bytes. The caller draws them: nothing here does IO.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PinId {
    type Err = InvalidPinId;
    fn from_str(text: &str) -> Result<Self, InvalidPinId> {
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPinId(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for PinId {
    type Error = InvalidPinId;
    fn try_from(text: String) -> Result<Self, InvalidPinId> {
        text.parse()
    }
}

impl From<PinId> for String {
    fn from(id: PinId) -> Self {
        id.0
    }
}

impl fmt::Display for PinId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pin's number for people: `#117`. Counted over the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinNumber(pub u64);

impl fmt::Display for PinNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
