//! The real `sops` with keys of its own in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use secrets::Secret;
use secrets::sops::{Creation, Encrypted, Format, Identities, Recipient, generate};

pub(crate) const NOW: &str = "2026-01-31T12:00:00Z";

pub(crate) struct Real {
    sops: PathBuf,
    folder: tempfile::TempDir,
    pub(crate) public: String,
    pub(crate) private: String,
}

impl Real {
    pub(crate) fn new() -> Self {
        let (private, public) = generate();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.txt"), private.expose()).unwrap();
        Self { sops: super::sops(), folder, public, private: private.expose().to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&self.folder.path().join("key.txt"), arguments)
    }

    pub(crate) fn run_with(&self, keys: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.sops);
        command.arg("--disable-version-check").args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("SOPS_AGE_KEY_FILE", keys).env("HOME", self.folder.path()).output().unwrap()
    }

    pub(crate) fn ok(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments);
        assert!(output.status.success(), "sops {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A file that the real one encrypted.
    pub(crate) fn encrypt(&self, name: &str, text: impl AsRef<[u8]>, more: &[&str]) -> Vec<u8> {
        self.write(name, text);
        let mut arguments = vec!["encrypt", "--age", &self.public];
        arguments.extend(more);
        arguments.push(name);
        self.ok(&arguments)
    }

    /// What the real one reads in a file.
    pub(crate) fn decrypt(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        self.write(name, bytes);
        self.ok(&["decrypt", name])
    }

    pub(crate) fn identities(&self) -> Identities {
        Identities::parse(&Secret::new(self.private.clone())).unwrap()
    }

    pub(crate) fn creation(&self) -> Creation {
        Creation::for_recipients(vec![Recipient::parse(&self.public).unwrap()])
    }

    /// What we encrypt.
    pub(crate) fn ours(&self, name: &str, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        secrets::sops::encrypt(name, bytes.as_ref(), Format::of_name(name), &self.creation(), NOW)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What we read.
    pub(crate) fn opened(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let file = Encrypted::parse(name, bytes, Format::of_name(name))
            .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)));
        let opened =
            file.open(&self.identities()).unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)));
        opened
            .plaintext()
            .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)))
            .expose()
            .clone()
    }
}
