//! One value encrypted: AES-256-GCM with a nonce of 32 bytes, bound to its key's path.

use aes_gcm::aead::consts::U32;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize as _;

use super::error::Problem;
use super::scope::{self, Scope};
use super::value::{Kind, Value};
use crate::Secret;

pub(super) const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;
/// How every encrypted value begins.
pub const SEALED: &str = "ENC[AES256_GCM,";
const HEAD: &str = "ENC[AES256_GCM,data:";

/// The key of one file.
pub(super) struct DataKey {
    cipher: AesGcm<Aes256, U32>,
    bytes: Secret<Vec<u8>>,
}

impl DataKey {
    pub(super) fn new(bytes: Secret<Vec<u8>>) -> Option<Self> {
        let cipher = AesGcm::new_from_slice(bytes.expose()).ok()?;
        Some(Self { cipher, bytes })
    }

    /// A new one, which says by itself for which scope its file is.
    pub(super) fn random(scope: Option<&Scope>) -> Result<Self, Problem> {
        let mut bytes = random::<KEY_LENGTH>()?;
        if let Some(scope) = scope {
            scope::bind(&mut bytes, scope);
        }
        let whole = Secret::new(bytes.to_vec());
        bytes.zeroize();
        Self::new(whole).ok_or(Problem::NoRandomness)
    }

    pub(super) fn bytes(&self) -> &Secret<Vec<u8>> {
        &self.bytes
    }

    /// The value as it stands in a file. An empty text stays empty: so SOPS does.
    pub(super) fn seal(&self, value: &Value, bound_to: &str) -> Result<String, Problem> {
        if value.is_empty() {
            return Ok(String::new());
        }
        let nonce = random::<NONCE_LENGTH>()?;
        let mut data = value.bytes.expose().clone();
        let tag =
            self.cipher.encrypt_inout_detached(&Nonce::from(nonce), bound_to.as_bytes(), data.as_mut_slice().into());
        let Ok(tag) = tag else {
            data.zeroize();
            return Err(Problem::NoRandomness);
        };
        let (data, iv, tag) = (STANDARD.encode(&data), STANDARD.encode(nonce), STANDARD.encode(tag));
        Ok(format!("{HEAD}{data},iv:{iv},tag:{tag},type:{}]", value.kind.name()))
    }

    /// The value in the clear. `path` is for the error.
    pub(super) fn open(&self, written: &str, bound_to: &str, path: &str) -> Result<Value, Problem> {
        let mut sealed = Sealed::parse(written).map_err(|why| Problem::BadCiphertext { path: path.to_owned(), why })?;
        let (nonce, tag) = (Nonce::from(sealed.nonce), Tag::from(sealed.tag));
        let opened =
            self.cipher.decrypt_inout_detached(&nonce, bound_to.as_bytes(), sealed.data.as_mut_slice().into(), &tag);
        if opened.is_err() {
            return Err(Problem::DoesNotOpen { path: path.to_owned() });
        }
        let kind = sealed.kind;
        Value::of_kind(kind, Secret::new(sealed.data)).ok_or_else(|| Problem::WrongKind { path: path.to_owned(), kind })
    }
}

/// Whether a text looks like an encrypted value.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(SEALED)
}

/// Whether it is one as SOPS writes it; that can be seen without a key.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    Sealed::parse(text).map(drop)
}

struct Sealed {
    data: Vec<u8>,
    nonce: [u8; NONCE_LENGTH],
    tag: [u8; TAG_LENGTH],
    kind: Kind,
}

impl Sealed {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let inner = text.strip_prefix(HEAD).ok_or("it does not begin with `ENC[AES256_GCM,data:`")?;
        let inner = inner.strip_suffix(']').ok_or("it does not end with `]`")?;
        let (data, rest) = inner.split_once(",iv:").ok_or("it has no `iv`")?;
        let (nonce, rest) = rest.split_once(",tag:").ok_or("it has no `tag`")?;
        let (tag, kind) = rest.split_once(",type:").ok_or("it has no `type`")?;
        let data = STANDARD.decode(data).map_err(|_| "`data` is not base64")?;
        if data.is_empty() {
            return Err("`data` is empty");
        }
        let nonce = STANDARD.decode(nonce).ok().and_then(|bytes| bytes.try_into().ok());
        let tag = STANDARD.decode(tag).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            data,
            nonce: nonce.ok_or("`iv` is not 32 bytes in base64")?,
            tag: tag.ok_or("`tag` is not 16 bytes in base64")?,
            kind: Kind::parse(kind).ok_or("its `type` is unknown")?,
        })
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Problem::NoRandomness)?;
    Ok(bytes)
}
