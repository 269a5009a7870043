//! An encrypted file, and what it is when its key was found.

use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use super::cipher::{DataKey, KEY_LENGTH, is_sealed};
use super::error::{Problem, SopsError};
use super::keys::Identities;
use super::metadata::{self, Metadata};
use super::path::KeyPath;
use super::pgp::{self, OpenPgp};
use super::plain;
use super::tree::{Content, Tree};
use super::value::{Kind, Value};
use super::walk::{Leaf, What, leaves};
use super::{Format, shamir};
use crate::Secret;

/// A file as it stands in git. Everything that can be checked without a key is.
pub struct Encrypted {
    pub(super) name: String,
    pub(super) text: Zeroizing<String>,
    pub(super) tree: Tree,
    pub(super) format: Format,
    metadata: Metadata,
}

impl Encrypted {
    /// Reads it; `name` is for errors.
    pub fn parse(name: &str, bytes: &[u8], format: Format) -> Result<Self, SopsError> {
        Self::read(name, bytes, format).map_err(|problem| match problem {
            Problem::Syntax { .. } if format == Format::Binary && super::format::is_ini(name) => Problem::Ini.of(name),
            problem => problem.of(name),
        })
    }

    pub(super) fn read(name: &str, bytes: &[u8], format: Format) -> Result<Self, Problem> {
        let (text, tree) = format.parse(bytes)?;
        let root = tree.documents.first().map(|document| &document.root).ok_or(Problem::NotEncrypted)?;
        let metadata = match format {
            Format::Dotenv => metadata::dotenv(root)?,
            _ => root.get(metadata::KEY).map(|item| metadata::nested(&item.node)).transpose()?,
        };
        let metadata = metadata.ok_or(Problem::NotEncrypted)?;
        Ok(Self { name: name.to_owned(), text, tree, format, metadata })
    }

    /// Who can read it, and when it was changed.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Which values of it are encrypted.
    pub fn raw_rules(&self) -> &super::rules::RawRules {
        self.metadata.rules.raw()
    }

    /// Opens it: every value and the MAC are checked before anything is handed out.
    pub fn open(&self, identities: &Identities) -> Result<Opened<'_>, SopsError> {
        self.open_by(identities, &mut pgp::no_open)
    }

    /// The same, with a way to open what is for PGP keys, which is used where no age key opens.
    pub fn open_by(&self, identities: &Identities, pgp: OpenPgp<'_>) -> Result<Opened<'_>, SopsError> {
        let opened = self.data_key(identities, pgp).and_then(|key| self.open_with(key));
        opened.map_err(|problem| problem.of(&self.name))
    }

    /// Whether a PGP key can open it, or help to.
    pub fn has_pgp(&self) -> bool {
        self.metadata.groups.iter().any(|group| !group.pgp.is_empty())
    }

    pub(super) fn open_with(&self, key: DataKey) -> Result<Opened<'_>, Problem> {
        let values = self.values(&key)?;
        let path = "sops.mac";
        let mac = key.open(&self.metadata.mac, &self.metadata.last_modified, path)?;
        if *mac.bytes.expose() != mac_of(&values, self.metadata.rules.raw().mac_only_encrypted) {
            return Err(Problem::MacMismatch);
        }
        Ok(Opened { file: self, key, values })
    }

    /// All values in order, in the clear.
    pub(super) fn values(&self, key: &DataKey) -> Result<Vec<(Leaf<'_>, Option<Value>)>, Problem> {
        let leaves = leaves(&self.tree, &self.metadata.rules, self.format).into_iter();
        leaves.map(|leaf| value_of(&leaf, key).map(|value| (leaf, value))).collect()
    }

    fn data_key(&self, identities: &Identities, pgp: OpenPgp<'_>) -> Result<DataKey, Problem> {
        let groups = &self.metadata.groups;
        let needed = if groups.len() == 1 { 1 } else { self.metadata.threshold.max(2) };
        let part = |group: &metadata::Group| group.age.iter().find_map(|key| identities.open(&key.sealed));
        let mut opened: Vec<_> = groups.iter().map(part).collect();
        // People may be asked for a passphrase: only where it is needed.
        let mut count = opened.iter().flatten().count();
        for (group, part) in groups.iter().zip(&mut opened).filter(|(_, part)| part.is_none()) {
            if count < needed {
                *part = group.pgp.iter().find_map(|key| pgp(key).ok());
                count += usize::from(part.is_some());
            }
        }
        let names = |missing: bool| {
            let groups = groups.iter().zip(&opened).filter(|(_, part)| !missing || part.is_none());
            groups.map(|(group, _)| group.names().join(" or ")).collect::<Vec<_>>().join("; ")
        };
        let wanted = crate::clip(&crate::clean_terminal(&names(true)), 1000);
        let given = identities.len();
        let parts: Vec<_> = opened.into_iter().flatten().collect();
        let bytes = match (groups.len(), parts.as_slice()) {
            (_, []) if groups.iter().all(|group| group.age.is_empty() && group.pgp.is_empty()) => {
                return Err(Problem::OnlyCloud { wanted });
            }
            (_, []) => return Err(Problem::NoKey { given, wanted }),
            (1, [whole, ..]) => whole.clone(),
            (all, parts) if parts.len() < needed => {
                let threshold = self.metadata.threshold;
                return Err(Problem::TooFewGroups { opened: parts.len(), groups: all, threshold, wanted });
            }
            (_, parts) => {
                shamir::combine(parts).ok_or_else(|| key_is_bad("key_groups", "the parts do not fit together"))?
            }
        };
        if bytes.expose().len() != KEY_LENGTH {
            return Err(key_is_bad("age", "the key in it has not 32 bytes"));
        }
        DataKey::new(bytes).ok_or_else(|| key_is_bad("age", "the key in it has not 32 bytes"))
    }
}

fn key_is_bad(field: &str, why: &str) -> Problem {
    Problem::Metadata { field: field.to_owned(), why: why.to_owned() }
}

/// `None` is a comment that nothing was encrypted in.
fn value_of(leaf: &Leaf<'_>, key: &DataKey) -> Result<Option<Value>, Problem> {
    match &leaf.what {
        What::Value(_, value) if !leaf.encrypt => Ok(Some((*value).clone())),
        What::Value(_, value) => {
            if value.kind() == Kind::Str && value.is_empty() {
                return Ok(Some((*value).clone()));
            }
            let written = value.as_text().ok().filter(|text| value.kind() == Kind::Str && text.starts_with("ENC["));
            let written = written.ok_or_else(|| Problem::InTheClear { path: leaf.shown.clone() })?;
            key.open(written, &leaf.bound_to, &leaf.shown).map(Some)
        }
        // What does not open here is left as it is, as SOPS does: comments are in no MAC.
        What::Comment(comment, bound) => Ok(is_sealed(&comment.text)
            .then(|| bound.iter().find_map(|bound| key.open(&comment.text, bound, &leaf.shown).ok()))
            .flatten()),
    }
}

/// What SOPS starts with where values in the clear are left out, so that the two ways never give the same.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The MAC's text over all values but comments.
pub(super) fn mac_of(values: &[(Leaf<'_>, Option<Value>)], only_encrypted: bool) -> Vec<u8> {
    let mut hash = Sha512::new();
    if only_encrypted {
        hash.update(ONLY_ENCRYPTED);
    }
    for (leaf, value) in values {
        if let (What::Value(..), Some(value)) = (&leaf.what, value)
            && value.kind() != Kind::Comment
            && (!only_encrypted || leaf.encrypt)
        {
            hash.update(value.bytes.expose());
        }
    }
    let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied().unwrap_or_default();
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// A file whose key was found and whose MAC is right.
pub struct Opened<'f> {
    pub(super) file: &'f Encrypted,
    pub(super) key: DataKey,
    pub(super) values: Vec<(Leaf<'f>, Option<Value>)>,
}

impl Opened<'_> {
    /// The whole file in the clear, without its metadata.
    pub fn plaintext(&self) -> Result<Secret<Vec<u8>>, SopsError> {
        plain::write(self, true).map_err(|problem| problem.of(&self.file.name))
    }

    /// The file in the clear for who uses it: without its scope too.
    pub fn content(&self) -> Result<Secret<Vec<u8>>, SopsError> {
        plain::write(self, false).map_err(|problem| problem.of(&self.file.name))
    }

    /// One value in the clear.
    pub fn get(&self, path: &KeyPath) -> Result<Value, SopsError> {
        self.value(path).map_err(|problem| problem.of(&self.file.name))
    }

    fn value(&self, path: &KeyPath) -> Result<Value, Problem> {
        let none = || Problem::NoSuchPath { path: path.shown() };
        let item = path.find(&self.file.tree).ok_or_else(none)?;
        let what = match &item.node.content {
            Content::Map(_) => "a mapping",
            Content::List(_) => "a list",
            Content::Null => "null",
            Content::Scalar(_) => {
                let here = |leaf: &Leaf<'_>| matches!(leaf.what, What::Value(node, _) if std::ptr::eq(node, &raw const item.node));
                let found = self.values.iter().find(|(leaf, _)| here(leaf)).and_then(|(_, value)| value.clone());
                return found.ok_or_else(none);
            }
        };
        Err(Problem::NotAValue { path: path.shown(), what })
    }

    /// Every value that was encrypted, to be registered with a redactor. What an object of Kubernetes is called is none, also
    /// where the whole file was encrypted: taken out of every message, nobody would know what it is about.
    pub fn secrets(&self) -> impl Iterator<Item = &Value> {
        let is_manifest = self
            .file
            .tree
            .documents
            .iter()
            .any(|document| ["apiVersion", "kind"].iter().all(|key| document.root.get(key).is_some()));
        let is_secret = move |leaf: &Leaf<'_>| leaf.encrypt && !(is_manifest && is_name(&leaf.shown));
        self.values.iter().filter(move |(leaf, _)| is_secret(leaf)).filter_map(|(_, value)| value.as_ref())
    }
}

/// Whether it says what an object is, by its path in the object or in a list of objects.
fn is_name(path: &str) -> bool {
    let in_list = path.strip_prefix("items[").and_then(|rest| rest.split_once("]."));
    let path = in_list.map_or(path, |(_, path)| path);
    matches!(path, "apiVersion" | "kind" | "type" | "metadata.name" | "metadata.namespace")
        || path.starts_with("metadata.labels")
}
