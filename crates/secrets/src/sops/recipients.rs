//! Who can read a file, changed: for one more the key stays and all values with it; for anything else there is a new key.

use serde_json::{Value as Json, json};

use super::creation::{Creation, KeyGroup};
use super::error::{Problem, SopsError};
use super::file::{Encrypted, Opened};
use super::keys::Recipient;
use super::pgp::{Fingerprint, SealPgp};
use super::tree::{Document, spliced};
use super::walk::is_metadata;
use super::{Format, encrypt_by, metadata, plain};

impl Encrypted {
    /// How it was encrypted: for the same keys, and the same values of it.
    pub fn creation(&self) -> Result<Creation, SopsError> {
        self.as_created().map_err(|problem| problem.of(&self.name))
    }

    fn as_created(&self) -> Result<Creation, Problem> {
        let metadata = self.metadata();
        let group = |group: &metadata::Group| -> Result<KeyGroup, Problem> {
            if let Some(other) = group.others.first() {
                return Err(Problem::OtherKeys { key: crate::clip(&crate::clean_terminal(other), 200) });
            }
            let age = group.age.iter().map(|key| Recipient::parse(&key.recipient)).collect::<Result<_, _>>()?;
            let pgp = group.pgp.iter().map(|key| Fingerprint::parse(&key.fingerprint)).collect::<Result<_, _>>()?;
            Ok(KeyGroup { age, pgp })
        };
        let groups = metadata.groups.iter().map(group).collect::<Result<_, _>>()?;
        Ok(Creation {
            groups,
            threshold: Some(metadata.threshold),
            rules: metadata.rules.raw().clone(),
            by_path: false,
            scope: None,
        })
    }
}

impl Opened<'_> {
    /// The file with a new key and new ciphertext everywhere, for those that `creation` names. Which values are encrypted stays as
    /// the file has it. `now` is like `2026-01-31T12:00:00Z`.
    pub fn rotated(&self, creation: &Creation, now: &str, pgp: SealPgp<'_>) -> Result<Vec<u8>, SopsError> {
        let plain = self.plaintext()?;
        let (rules, own) = (self.file.metadata().rules.raw().clone(), self.scope()?);
        let creation = Creation { rules, scope: creation.scope.clone().or(own), ..creation.clone() };
        encrypt_by(&self.file.name, plain.expose(), self.file.format, &creation, now, pgp)
    }

    /// The file with one more who can read it; all else keeps its bytes.
    pub fn with_recipient(&self, recipient: &Recipient) -> Result<Vec<u8>, SopsError> {
        let sealed = recipient.seal(self.key.bytes());
        let entry = sealed.map(|sealed| json!({"recipient": recipient.as_str(), "enc": sealed}));
        entry.and_then(|entry| self.for_one_more("age", entry)).map_err(|problem| problem.of(&self.file.name))
    }

    /// The same with a PGP key.
    pub fn with_pgp(&self, key: &Fingerprint, now: &str, pgp: SealPgp<'_>) -> Result<Vec<u8>, SopsError> {
        let fingerprint = key.as_str().to_owned();
        let entry = match pgp(key, self.key.bytes()) {
            Ok(sealed) => Ok(json!({"created_at": now, "enc": sealed.trim(), "fp": fingerprint})),
            Err(why) => Err(Problem::NotSealed { fingerprint, why }),
        };
        entry.and_then(|entry| self.for_one_more("pgp", entry)).map_err(|problem| problem.of(&self.file.name))
    }

    fn for_one_more(&self, kind: &str, entry: Json) -> Result<Vec<u8>, Problem> {
        let file = self.file;
        if file.metadata().groups.len() != 1 {
            return Err(Problem::KeyGroups);
        }
        let root = file.tree.documents.first().map(|document| &document.root).ok_or(Problem::NotEncrypted)?;
        let mut block = metadata::block(root, file.format)?.ok_or(Problem::NotEncrypted)?;
        match block.get_mut(kind) {
            Some(Json::Array(keys)) => keys.push(entry),
            _ => block[kind] = json!([entry]),
        }
        let text = replaced(file, &block)?;
        let new = Encrypted::read("", text.as_bytes(), file.format)?;
        let count = |file: &Encrypted| file.metadata().groups.iter().map(|group| group.names().len()).sum::<usize>();
        let whole = count(&new) == count(file) + 1;
        let same = new.open_with(self.key_again()?)?.values.len() == self.values.len();
        if whole && same { Ok(text.into_bytes()) } else { Err(Problem::NotProven { path: metadata::KEY.to_owned() }) }
    }
}

/// The file's text with another block.
fn replaced(file: &Encrypted, block: &Json) -> Result<String, Problem> {
    let format: Format = file.format;
    let goes = |key: &str| is_metadata(key, format);
    let without = |document: &Document| plain::without(&file.text, document, goes);
    let bare = spliced(&file.text, file.tree.documents.iter().flat_map(without).collect());
    let (bare, tree) = format.parse(bare.as_bytes())?;
    let placed = |document: &Document| metadata::placed(block, &bare, document, format);
    Ok(spliced(&bare, tree.documents.iter().map(placed).collect()))
}
