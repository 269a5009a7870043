//! SSH keys of the kind ed25519 as age keys, as `age` and `sops` take them. Of SSH only the two files are read here; what age makes
//! of them is its format `ssh-ed25519`. RSA keys are left out, and so are keys with a passphrase.

use std::collections::HashSet;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use sha2::{Digest as _, Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroize as _;

use super::IdentityError;
use crate::Secret;

/// How a public key begins.
pub(super) const PREFIX: &str = "ssh-ed25519";
/// How a file with a private key begins.
pub(super) const BEGIN: &str = "-----BEGIN ";
const BEGIN_OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
/// How it ends.
pub(super) const END: &str = "-----END ";
const LABEL: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// A public key.
#[derive(Clone)]
pub(super) struct Recipient {
    blob: Vec<u8>,
    key: PublicKey,
}

impl Recipient {
    /// Reads `ssh-ed25519 AAAA... somebody`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        if words.next() != Some(PREFIX) {
            return None;
        }
        let blob = STANDARD.decode(words.next()?).ok()?;
        let point = public_of(&blob)?;
        let key = CompressedEdwardsY(point).decompress()?.to_montgomery().to_bytes().into();
        Some(Self { blob, key })
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| EncryptError::Io(std::io::Error::other(error.to_string())))?;
        let once = StaticSecret::from(bytes);
        bytes.zeroize();
        let sent = PublicKey::from(&once);
        let shared = once.diffie_hellman(&self.key);
        let body =
            aead_encrypt(&sealing_key(&self.blob, &sent, &self.key, shared.as_bytes()), file_key.expose_secret());
        let args = vec![STANDARD_NO_PAD.encode(tag(&self.blob)), STANDARD_NO_PAD.encode(sent.as_bytes())];
        Ok((vec![Stanza { tag: PREFIX.to_owned(), args, body }], HashSet::new()))
    }
}

/// A private key.
pub(super) struct Identity {
    blob: Vec<u8>,
    key: StaticSecret,
}

impl Identity {
    /// Reads a file as `ssh-keygen -t ed25519` writes it.
    pub(super) fn parse(text: &str, line: usize) -> Result<Self, IdentityError> {
        let bad = |why| IdentityError::Ssh { line, why };
        let packed = text.trim().strip_prefix(BEGIN_OPENSSH).ok_or_else(|| bad(OTHER_KIND))?;
        let packed = packed.split(END).next().unwrap_or_default();
        let packed = Secret::new(packed.split_whitespace().collect::<String>());
        let bytes = Secret::new(STANDARD.decode(packed.expose()).map_err(|_| bad(CUT))?);
        Self::read(bytes.expose()).map_err(bad)
    }

    /// The public key, without who it belongs to.
    pub(super) fn public(&self) -> String {
        format!("{PREFIX} {}", STANDARD.encode(&self.blob))
    }

    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut file = Bytes(bytes.strip_prefix(MAGIC).ok_or(CUT)?);
        let (cipher, _, _) = (file.text()?, file.text()?, file.text()?);
        if cipher != b"none" {
            return Err(PASSPHRASE);
        }
        if file.number()? != 1 {
            return Err("is one of several in the file: put it into a file of its own");
        }
        let blob = file.text()?.to_vec();
        let mut key = Bytes(file.text()?);
        if key.number()? != key.number()? {
            return Err(CUT);
        }
        if key.text()? != PREFIX.as_bytes() {
            return Err(OTHER_KIND);
        }
        let (public, private) = (key.text()?, key.text()?);
        let (seed, again) = private.split_at_checked(32).ok_or(CUT)?;
        if again != public || public_of(&blob).is_none_or(|of_blob| of_blob != public) {
            return Err(CUT);
        }
        let mut hash = Sha512::digest(seed);
        let mut half = [0; 32];
        half.iter_mut().zip(hash.iter()).for_each(|(byte, hashed)| *byte = *hashed);
        let of_seed = EdwardsPoint::mul_base_clamped(half).compress().to_bytes();
        let key = StaticSecret::from(half);
        half.zeroize();
        hash.as_mut_slice().zeroize();
        // Else what is encrypted for the public key would never open, and nobody would know why.
        if of_seed != public {
            return Err(OTHER_PUBLIC);
        }
        Ok(Self { blob, key })
    }
}

const OTHER_KIND: &str = "is not of the kind ed25519: use one of that kind, or an age key";
const CUT: &str = "can't be read: is it cut off?";
const OTHER_PUBLIC: &str = "does not belong to the public key in the same file: take the file from where it was made";
const PASSPHRASE: &str =
    "has a passphrase, which nobody could type in a cluster: use a key without one, as an age key has none";

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let [for_whom, sent] = stanza.args.as_slice() else { return None };
        if stanza.tag != PREFIX || STANDARD_NO_PAD.decode(for_whom).ok()? != tag(&self.blob) {
            return None;
        }
        let sent: [u8; 32] = STANDARD_NO_PAD.decode(sent).ok()?.try_into().ok()?;
        let (sent, own) = (PublicKey::from(sent), PublicKey::from(&self.key));
        let shared = self.key.diffie_hellman(&sent);
        if !shared.was_contributory() {
            return Some(Err(DecryptError::DecryptionFailed));
        }
        let key = sealing_key(&self.blob, &sent, &own, shared.as_bytes());
        let opened = aead_decrypt(&key, FILE_KEY_BYTES, &stanza.body).map_err(|_| DecryptError::DecryptionFailed);
        Some(opened.map(|mut bytes| {
            FileKey::init_with_mut(|key| {
                key.copy_from_slice(&bytes);
                bytes.zeroize();
            })
        }))
    }
}

/// The key that a file's key is sealed with. What both sides share is bent by the SSH key, so that it says for whom it is.
fn sealing_key(blob: &[u8], sent: &PublicKey, own: &PublicKey, shared: &[u8; 32]) -> [u8; 32] {
    let tweak = StaticSecret::from(hkdf(blob, LABEL, &[]));
    let bent = tweak.diffie_hellman(&PublicKey::from(*shared));
    hkdf(&[*sent.as_bytes(), *own.as_bytes()].concat(), LABEL, bent.as_bytes())
}

/// The short name of a key in a stanza.
fn tag(blob: &[u8]) -> Vec<u8> {
    Sha256::digest(blob).iter().take(4).copied().collect()
}

/// The point in a public key as SSH writes it.
fn public_of(blob: &[u8]) -> Option<[u8; 32]> {
    let mut blob = Bytes(blob);
    let kind = blob.text().ok()?;
    let point = blob.text().ok()?;
    (kind == PREFIX.as_bytes() && blob.0.is_empty()).then(|| point.try_into().ok()).flatten()
}

/// What SSH writes: numbers of four bytes, and texts with their length before them.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, &'static str> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| CUT)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> Result<&'b [u8], &'static str> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| CUT)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Vec<u8> {
        let mut written = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        written.extend(bytes);
        written
    }

    /// As `ssh-keygen` writes it, with this seed and this public key.
    fn file(seed: [u8; 32], public: [u8; 32]) -> String {
        let blob = [text(PREFIX.as_bytes()), text(&public)].concat();
        let private = [text(PREFIX.as_bytes()), text(&public), text(&[seed, public].concat()), text(b"ann")].concat();
        let private = [vec![7; 8], private].concat();
        let whole =
            [MAGIC.to_vec(), text(b"none"), text(b"none"), text(b""), vec![0, 0, 0, 1], text(&blob), text(&private)];
        format!("{BEGIN_OPENSSH}\n{}\n{END}OPENSSH PRIVATE KEY-----\n", STANDARD.encode(whole.concat()))
    }

    fn public(seed: [u8; 32]) -> [u8; 32] {
        let mut half = [0; 32];
        half.copy_from_slice(&Sha512::digest(seed)[..32]);
        EdwardsPoint::mul_base_clamped(half).compress().to_bytes()
    }

    #[test]
    fn a_private_key_with_the_public_key_of_another_is_refused() {
        let (own, other) = ([1; 32], [2; 32]);
        assert!(Identity::parse(&file(own, public(own)), 1).is_ok());
        let error = Identity::parse(&file(own, public(other)), 3).err().unwrap().to_string();
        assert!(error.starts_with("line 3: the SSH key does not belong to the public key in the same file"), "{error}");
    }
}
