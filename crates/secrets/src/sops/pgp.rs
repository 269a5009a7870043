//! PGP keys of files: named here, and used by the program `gpg`, which is not started from here.

use super::error::Problem;
use crate::Secret;

/// A PGP key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

/// A PGP key of a file, and the part of the file's key that was encrypted for it.
pub struct PgpKey {
    /// Its fingerprint, as it is written.
    pub fingerprint: String,
    pub(super) sealed: String,
    pub(super) created: String,
}

/// Gives what was sealed for a key, or says why not.
pub type OpenPgp<'a> = &'a mut dyn FnMut(&PgpKey) -> Result<Secret<Vec<u8>>, String>;
/// Seals a part of a file's key, armored, or says why not.
pub type SealPgp<'a> = &'a mut dyn FnMut(&Fingerprint, &Secret<Vec<u8>>) -> Result<String, String>;

impl Fingerprint {
    /// Reads one, or a long id: hexadecimal, with spaces as some print it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let bare: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
        let bare = bare.strip_prefix("0X").unwrap_or(&bare);
        if [16, 32, 40, 64].contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(bare.to_owned()));
        }
        Err(Problem::NotAFingerprint { text: crate::clip(&crate::clean_terminal(text.trim()), 80) })
    }

    /// In capitals and without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PgpKey {
    /// The armored message, which `gpg --decrypt` opens.
    pub fn sealed(&self) -> &str {
        &self.sealed
    }
}

/// Where nobody can ask `gpg`.
pub(super) fn no_open(_: &PgpKey) -> Result<Secret<Vec<u8>>, String> {
    Err("gpg is not asked here".to_owned())
}

/// The same for new keys.
pub(super) fn no_seal(_: &Fingerprint, _: &Secret<Vec<u8>>) -> Result<String, String> {
    Err("gpg is not asked here".to_owned())
}
