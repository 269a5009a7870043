//! A person with an age key, who encrypts files for git.

use std::path::PathBuf;

use secrets::sops::{Creation, Format, Recipient, encrypt, generate};
use tempfile::TempDir;

/// When all files were encrypted.
const NOW: &str = "2026-01-31T12:00:00Z";

/// A pair of keys: the private one lies in a file.
pub struct Desk {
    folder: TempDir,
    recipient: Recipient,
}

impl Desk {
    /// With a key of its own.
    ///
    /// # Panics
    ///
    /// When there is no room for it.
    #[expect(clippy::new_without_default, reason = "each has another key")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (private, public) = generate();
        std::fs::write(folder.path().join("key.txt"), private.expose()).expect("the key can be written");
        Self { folder, recipient: Recipient::parse(&public).expect("it was just made") }
    }

    /// The file with the private key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.txt")
    }

    /// The public key.
    pub fn public(&self) -> &str {
        self.recipient.as_str()
    }

    /// A file of this name as it stands in git, for this desk alone.
    ///
    /// # Panics
    ///
    /// When it can't be encrypted.
    pub fn sealed(&self, name: &str, plain: &str) -> String {
        let creation = Creation::for_recipients(vec![self.recipient.clone()]);
        let sealed = encrypt(name, plain.as_bytes(), Format::of_name(name), &creation, NOW);
        String::from_utf8(sealed.expect("it can be encrypted")).expect("it is text")
    }
}
