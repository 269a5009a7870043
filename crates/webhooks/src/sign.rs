//! The sender's side of a signature: for the demo, tests, and whoever writes a sender in Rust.

use base64::Engine as _;
use model::Timestamp;

use crate::keys::{BASE64, SigningKey};

/// The three headers that make a request a signed one.
pub fn sign(key: &SigningKey, id: &str, at: Timestamp, body: &[u8]) -> [(&'static str, String); 3] {
    let timestamp = at.seconds().to_string();
    let signature = BASE64.encode(key.mac(id, &timestamp, body));
    [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", format!("v1,{signature}"))]
}
