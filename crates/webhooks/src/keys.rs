//! What a project's senders prove themselves with.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// Standard base64; senders differ in whether they pad.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Everything that the senders of one project may prove themselves with. Empty keys let nobody in.
#[derive(Debug, Clone, Default)]
pub struct SenderKeys {
    /// Secrets of signatures. Several at once make changing them possible without a gap.
    pub signing: Vec<SigningKey>,
    /// [`token_hash`] of each bearer token; the tokens themselves are kept nowhere.
    pub bearer_hashes: Vec<[u8; 32]>,
}

impl SenderKeys {
    /// Whether a token is one of these. All are compared, so that the time taken does not say which one fits.
    pub(crate) fn know_token(&self, token: &str) -> bool {
        let given = token_hash(token);
        let fits = self.bearer_hashes.iter().fold(Choice::from(0), |fits, ours| fits | ours.ct_eq(&given));
        bool::from(fits)
    }
}

/// SHA-256 of a bearer token: what is stored instead of it. Tokens are random, so no slow hash is needed.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A secret shared with a sender that signs as Standard Webhooks do.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

/// A text that can't be a signing secret. Says nothing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// The part after `whsec_` is not base64.
    #[error("the signing secret begins with `whsec_` but the rest is not base64: copy it again")]
    NotBase64,
    /// Guessable.
    #[error("the signing secret has {0} bytes and needs at least {SHORTEST}: make one with `openssl rand -base64 32`")]
    TooShort(usize),
}

/// 128 bits; Standard Webhooks advises 24 bytes or more.
const SHORTEST: usize = 16;

impl SigningKey {
    /// Reads `whsec_<base64>`, or takes any other text as it is. Space around it (a file's last newline) is left out.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        let text = text.trim();
        let bytes = match text.strip_prefix("whsec_") {
            Some(encoded) => BASE64.decode(encoded).map_err(|_| InvalidSigningKey::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.len() < SHORTEST {
            return Err(InvalidSigningKey::TooShort(bytes.len()));
        }
        Ok(Self(bytes))
    }

    /// HMAC-SHA256 over `id.timestamp.body`.
    pub(crate) fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        self.mac_of(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])
    }

    /// HMAC-SHA256 over the body alone, as code hosts sign.
    pub(crate) fn body_mac(&self, body: &[u8]) -> [u8; 32] {
        self.mac_of(&[body])
    }

    fn mac_of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(hidden)")
    }
}
