//! Objects with their secret values replaced by keyed hashes: equal values look equal, changes are to be seen, and
//! nothing can be learned from the hash without the key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroize as _;

use crate::hidden::Hidden;

/// The system gave no random bytes.
#[derive(Debug)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the system gave no random bytes for a key")
    }
}

impl std::error::Error for NoRandomness {}

/// The key of the hashes. As long as it is kept, hashes of different days can be compared; without it they say nothing,
/// not even about short values that could be tried out.
#[derive(Clone)]
pub struct MaskKey([u8; 32]);

impl Drop for MaskKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl MaskKey {
    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new key.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let key = Self(bytes);
        bytes.zeroize();
        Ok(key)
    }

    /// The key's bytes, to be kept as secrets are.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The whole keyed hash of a value.
    pub fn digest(&self, value: &[u8]) -> [u8; 32] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        hmac.update(value);
        hmac.finalize().into_bytes().into()
    }

    /// What is shown in a value's place: `•••• 3f9a07c2`.
    pub fn mask(&self, value: &[u8]) -> String {
        let [a, b, c, d, ..] = self.digest(value);
        format!("•••• {:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

/// Whether an object is a Secret of Kubernetes.
pub fn is_secret(object: &Value) -> bool {
    object.get("kind").and_then(Value::as_str) == Some("Secret")
        && object.get("apiVersion").and_then(Value::as_str).is_none_or(|version| version == "v1")
}

/// A copy to be shown, compared or stored: in every Secret, wherever it stands in the object, the values are replaced
/// by masks, and so is what tools keep of whole objects in annotations and in managedFields.
#[must_use]
pub fn mask_object(object: &Value, key: &MaskKey) -> Value {
    let mut masked = object.clone();
    mask_in_place(&mut masked, key, 0);
    masked
}

/// The values of a Secret, decoded, to be registered with a redactor.
pub fn secret_values(object: &Value) -> Vec<Hidden> {
    if !is_secret(object) {
        return Vec::new();
    }
    let values = |field: &str| object.get(field).and_then(Value::as_object).into_iter().flat_map(Map::values);
    let encoded = values("data").filter_map(Value::as_str).filter_map(|text| String::from_utf8(decoded(text)?).ok());
    encoded.chain(values("stringData").filter_map(Value::as_str).map(str::to_owned)).map(Hidden::new).collect()
}

/// Annotations in which tools keep whole objects.
const KEPT_OBJECTS: &[&str] =
    &["kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original", "objectset.rio.cattle.io/applied"];

/// Nothing that comes from a cluster or our renderer is as deep; what is, is masked whole.
const DEEPEST: usize = 100;

fn mask_in_place(value: &mut Value, key: &MaskKey, depth: usize) {
    if depth > DEEPEST {
        *value = Value::String(key.mask(value.to_string().as_bytes()));
        return;
    }
    let secret = is_secret(value);
    match value {
        Value::Object(fields) => {
            if secret {
                mask_values(fields, key);
            }
            mask_metadata(fields, key, secret);
            fields.values_mut().for_each(|field| mask_in_place(field, key, depth + 1));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask_in_place(item, key, depth + 1)),
        _ => {}
    }
}

fn mask_values(secret: &mut Map<String, Value>, key: &MaskKey) {
    for field in ["data", "stringData"] {
        match secret.get_mut(field) {
            Some(Value::Object(values)) => {
                for value in values.values_mut() {
                    *value = Value::String(mask_value(value, field == "data", key));
                }
            }
            // Not a map: the API server would refuse it, and would say what it is.
            Some(Value::Null) | None => {}
            Some(other) => *other = Value::String(key.mask(other.to_string().as_bytes())),
        }
    }
}

/// `data` is decoded first, so that a value looks the same in either field.
fn mask_value(value: &Value, encoded: bool, key: &MaskKey) -> String {
    match value {
        Value::String(text) => match decoded(text).filter(|_| encoded) {
            Some(bytes) => key.mask(&bytes),
            None => key.mask(text.as_bytes()),
        },
        other => key.mask(other.to_string().as_bytes()),
    }
}

fn mask_metadata(fields: &mut Map<String, Value>, key: &MaskKey, secret: bool) {
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else { return };
    if let Some(managed) = metadata.get_mut("managedFields") {
        *managed = Value::String(key.mask(managed.to_string().as_bytes()));
    }
    let Some(Value::Object(annotations)) = metadata.get_mut("annotations") else { return };
    for (name, value) in annotations.iter_mut() {
        let text = value.as_str().unwrap_or_default();
        // Tools that we don't know keep copies of a Secret as JSON, or packed and long.
        let may_hold_values = secret && (text.contains('{') || text.len() > 128);
        if KEPT_OBJECTS.contains(&name.as_str()) || may_hold_values {
            *value = Value::String(key.mask(text.as_bytes()));
        }
    }
}

/// Base64 as Kubernetes takes it: line ends don't matter.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    STANDARD.decode(packed).ok()
}

#[cfg(test)]
mod tests;
