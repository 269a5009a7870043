//! Age keys: who a file is encrypted for, and who opens it.

use std::io::{Read as _, Write as _};
use std::str::FromStr as _;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::ExposeSecret as _;
use age::x25519;

use super::error::Problem;
use crate::{Hidden, Secret};

/// A sealed data key is a few hundred bytes.
const LONGEST_SEALED: usize = 64 * 1024;
/// A data key, or one part of it.
const LONGEST_KEY: u64 = 1024;

/// A public key that files are encrypted for.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: x25519::Recipient,
}

impl Recipient {
    /// Reads `age1...`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let key = x25519::Recipient::from_str(text).map_err(|_| {
            // A private key that was given by mistake is not repeated.
            let private = text.to_ascii_uppercase().contains("SECRET-KEY");
            let shown = if private { "(a private key)" } else { text };
            Problem::NotARecipient { recipient: crate::clip(&crate::clean_terminal(shown), 80) }
        })?;
        Ok(Self { text: text.to_owned(), key })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn seal(&self, part: &Secret<Vec<u8>>) -> Result<String, Problem> {
        let sealed = || -> Option<String> {
            let encryptor = age::Encryptor::with_recipients(std::iter::once(&self.key as &dyn age::Recipient)).ok()?;
            let mut armored = Vec::new();
            let armor = ArmoredWriter::wrap_output(&mut armored, Format::AsciiArmor).ok()?;
            let mut writer = encryptor.wrap_output(armor).ok()?;
            writer.write_all(part.expose()).ok()?;
            writer.finish().and_then(ArmoredWriter::finish).ok()?;
            String::from_utf8(armored).ok()
        };
        sealed().ok_or_else(|| Problem::NotARecipient { recipient: self.text.clone() })
    }
}

/// Private keys. There is no way to print them.
#[derive(Default)]
pub struct Identities(Vec<x25519::Identity>);

/// A file of keys that can't be read. It says the line and never what stands there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A line is no key.
    #[error("line {line} is not an age private key: each line is `AGE-SECRET-KEY-1...` or begins with `#`")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// No line is a key.
    #[error("there is no age private key: a line begins with `AGE-SECRET-KEY-1`")]
    None,
}

impl Identities {
    /// Reads what `age-keygen` writes: a key a line, and comments.
    pub fn parse(text: &Secret<String>) -> Result<Self, IdentityError> {
        let mut keys = Vec::new();
        for (number, line) in text.expose().lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            keys.push(x25519::Identity::from_str(line).map_err(|_| IdentityError::Line { line: number + 1 })?);
        }
        if keys.is_empty() { Err(IdentityError::None) } else { Ok(Self(keys)) }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What was sealed for one of these keys.
    pub(super) fn open(&self, sealed: &str) -> Option<Secret<Vec<u8>>> {
        if sealed.len() > LONGEST_SEALED {
            return None;
        }
        let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(sealed.as_bytes())).ok()?;
        let reader = decryptor.decrypt(self.0.iter().map(|key| key as &dyn age::Identity)).ok()?;
        let mut part = Vec::with_capacity(64);
        reader.take(LONGEST_KEY).read_to_end(&mut part).ok()?;
        Some(Secret::new(part))
    }
}

/// A new pair of keys: the private one and the public one.
pub fn generate() -> (Hidden, String) {
    let key = x25519::Identity::generate();
    let public = key.to_public().to_string();
    (Hidden::new(key.to_string().expose_secret()), public)
}
