//! Age keys: who a file is encrypted for, and who opens it.

mod ssh;

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
    key: PublicKey,
}

#[derive(Clone)]
enum PublicKey {
    Age(x25519::Recipient),
    Ssh(ssh::Recipient),
}

impl Recipient {
    /// Reads `age1...`, or `ssh-ed25519 ...`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let key = if text.starts_with(ssh::PREFIX) {
            ssh::Recipient::parse(text).map(PublicKey::Ssh)
        } else {
            x25519::Recipient::from_str(text).ok().map(PublicKey::Age)
        };
        let key = key.ok_or_else(|| {
            // A private key that was given by mistake is not repeated.
            let private = ["SECRET-KEY", "PRIVATE KEY"].iter().any(|word| text.to_ascii_uppercase().contains(word));
            let shown = if private { "(a private key)" } else { text };
            Problem::NotARecipient { recipient: crate::clip(&crate::clean_terminal(shown), 80) }
        })?;
        Ok(Self { text: text.to_owned(), key })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is the same key: whose a key of SSH is stands behind it, and is a comment.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.key, &other.key) {
            (PublicKey::Ssh(one), PublicKey::Ssh(other)) => one.is_same(other),
            _ => self.text.eq_ignore_ascii_case(&other.text),
        }
    }

    pub(super) fn seal(&self, part: &Secret<Vec<u8>>) -> Result<String, Problem> {
        let key: &dyn age::Recipient = match &self.key {
            PublicKey::Age(key) => key,
            PublicKey::Ssh(key) => key,
        };
        let sealed = || -> Option<String> {
            let encryptor = age::Encryptor::with_recipients(std::iter::once(key)).ok()?;
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
pub struct Identities(Vec<Private>);

struct Private {
    key: Box<dyn age::Identity + Send + Sync>,
    /// The public one, as files name it.
    public: String,
}

/// A file of keys that can't be read. It says the line and never what stands there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A line is no key.
    #[error(
        "line {line} is not an age private key: each line is `AGE-SECRET-KEY-1...` or begins with `#`, and an SSH key has \
             its lines `-----BEGIN` and `-----END`"
    )]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// An SSH key that can't be used.
    #[error("line {line}: the SSH key {why}")]
    Ssh {
        /// Where it begins, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No line is a key.
    #[error("there is no age private key: a line begins with `AGE-SECRET-KEY-1`")]
    None,
}

impl Identities {
    /// Reads what `age-keygen` writes, a key a line, and comments; and what `ssh-keygen -t ed25519` writes.
    pub fn parse(text: &Secret<String>) -> Result<Self, IdentityError> {
        let mut keys = Vec::new();
        let mut rest = text.expose().as_str();
        let mut number = 0;
        while let Some(line) = rest.lines().next() {
            number += 1;
            let after = rest.split_once('\n').map_or("", |(_, after)| after);
            let trimmed = line.trim();
            if trimmed.starts_with(ssh::BEGIN) {
                let key = ssh::Identity::parse(rest, number)?;
                keys.push(Private { public: key.public(), key: Box::new(key) });
                let lines = after.lines().take_while(|line| !line.trim().starts_with(ssh::END)).count() + 1;
                (number, rest) = (number + lines, after.splitn(lines + 1, '\n').nth(lines).unwrap_or_default());
                continue;
            }
            rest = after;
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let key = x25519::Identity::from_str(trimmed).map_err(|_| IdentityError::Line { line: number })?;
            keys.push(Private { public: key.to_public().to_string(), key: Box::new(key) });
        }
        if keys.is_empty() { Err(IdentityError::None) } else { Ok(Self(keys)) }
    }

    /// The public keys that belong to them.
    pub fn recipients(&self) -> Vec<&str> {
        self.0.iter().map(|private| private.public.as_str()).collect()
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
        let reader = decryptor.decrypt(self.0.iter().map(|private| &*private.key as &dyn age::Identity)).ok()?;
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
