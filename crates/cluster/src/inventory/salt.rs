//! The key of the hashes of what pods read, as it lies in an inventory.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// 32 bytes, written in base64. A damaged one would make every hash another, and pods anew for nothing: it is refused where the
/// inventory is read.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

/// A text that is none.
#[derive(Debug, thiserror::Error)]
#[error("`salt` is not 32 bytes in base64")]
pub struct InvalidSalt;

impl TryFrom<String> for Salt {
    type Error = InvalidSalt;

    fn try_from(text: String) -> Result<Self, InvalidSalt> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidSalt)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSalt)
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        STANDARD.encode(salt.0)
    }
}
