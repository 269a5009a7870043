//! The HTTP endpoint for clicks, the option where the server has a public address: signature first, then parsing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::Timestamp;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::Token;
use super::payload::{InvalidPayload, interaction};
use crate::Interaction;
use crate::hex::hex;

/// How far the request's time may be from ours.
const WINDOW_SECONDS: i64 = 300;

/// What a signed request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// A click: answer with an empty 200 at once, then act.
    Click(Box<Interaction>),
    /// Slack checks the address: answer with this text.
    Challenge(String),
    /// Something that we don't use: answer with an empty 200.
    Nothing,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// It isn't signed.
    #[error("the request has no `{0}` header; only Slack may call this address")]
    Unsigned(&'static str),
    /// Too old, or from the future.
    #[error(
        "the request's time differs from this server's clock by {0} s, more than 300 s: a replay, or a wrong clock"
    )]
    OutsideWindow(u64),
    /// The signature is wrong.
    #[error("the request's signature is wrong; compare the signing secret with the app's settings")]
    Forged,
    /// Signed, and unreadable.
    #[error("the signed request can't be read")]
    Unreadable(#[from] InvalidPayload),
}

/// The signed request as what it is. `body` is the raw body, byte for byte.
pub fn verify_http(
    signing_secret: &Token,
    headers: &http::HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Callback, CallbackError> {
    let timestamp = header(headers, "x-slack-request-timestamp")?;
    let signature = header(headers, "x-slack-signature")?;
    let said: i64 = timestamp.parse().map_err(|_| CallbackError::Forged)?;
    let apart = said.abs_diff(now.seconds());
    if apart > WINDOW_SECONDS.unsigned_abs() {
        return Err(CallbackError::OutsideWindow(apart));
    }
    let expected = signature_of(signing_secret, timestamp, body);
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return Err(CallbackError::Forged);
    }
    Ok(read(body)?)
}

/// `v0=` and the hexadecimal HMAC-SHA256 of `v0:timestamp:body`.
fn signature_of(secret: &Token, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_str().as_bytes()).expect("HMAC takes a key of any length");
    for part in [b"v0:".as_slice(), timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    format!("v0={}", hex(&mac.finalize().into_bytes()))
}

fn header<'a>(headers: &'a http::HeaderMap, name: &'static str) -> Result<&'a str, CallbackError> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(CallbackError::Unsigned(name))
}

fn read(body: &[u8]) -> Result<Callback, InvalidPayload> {
    #[derive(Deserialize)]
    struct Check {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        challenge: String,
    }
    if let Ok(check) = serde_json::from_slice::<Check>(body) {
        let asked = check.kind == "url_verification";
        return Ok(if asked { Callback::Challenge(check.challenge) } else { Callback::Nothing });
    }
    let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let Some((_, payload)) = payload else { return Ok(Callback::Nothing) };
    Ok(interaction(serde_json::from_str(&payload)?)?
        .map_or(Callback::Nothing, |click| Callback::Click(Box::new(click))))
}

#[cfg(test)]
mod tests;
