//! The hash that an ask is bound to.

use std::fmt;
use std::str::FromStr;

use secrets::MaskKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hooks::Hook;
use crate::object::Object;

/// SHA-256 over the canonical objects, in the order in which they are applied. Secret values go in as keyed hashes, so
/// that the hash may be stored and shown; hashes are comparable for as long as the key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RenderHash([u8; 32]);

/// A text that is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a render hash is 64 hexadecimal digits")]
pub struct InvalidRenderHash;

/// Changes when what is hashed changes its form, so that old hashes can't be taken for new ones.
const FORM: &[u8] = b"pinnace render 1\n";

impl RenderHash {
    /// Hashes objects, and the hooks that run with them.
    pub(crate) fn of(objects: &[Object], hooks: &[Hook], key: &MaskKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(FORM);
        for object in objects {
            hash.update(hidden(&object.value, key).to_string());
            hash.update(b"\n");
        }
        for hook in hooks {
            hash.update(b"hook ");
            hash.update(hidden(&hook.object.value, key).to_string());
            hash.update(b"\n");
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for RenderHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RenderHash {
    type Err = InvalidRenderHash;
    fn from_str(text: &str) -> Result<Self, InvalidRenderHash> {
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidRenderHash);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| InvalidRenderHash)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for RenderHash {
    type Error = InvalidRenderHash;
    fn try_from(text: String) -> Result<Self, InvalidRenderHash> {
        text.parse()
    }
}

impl From<RenderHash> for String {
    fn from(hash: RenderHash) -> Self {
        hash.to_string()
    }
}

/// The object with the whole keyed hash in place of each value of a Secret: what is shown to people is too short to
/// bind a decision to.
pub(crate) fn hidden(object: &Value, key: &MaskKey) -> Value {
    if !secrets::is_secret(object) {
        return object.clone();
    }
    let mut hidden = object.clone();
    if let Some(Value::Object(data)) = hidden.get_mut("data") {
        for value in data.values_mut() {
            let digest = key.digest(value.as_str().unwrap_or_default().as_bytes());
            *value = Value::from(digest.to_vec());
        }
    }
    hidden
}
