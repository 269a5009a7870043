//! The block `sops` of a file: who can read it, what in it is encrypted, and the MAC.

mod block;
mod read;
mod write;

use serde_json::Value as Json;

use super::Format;
use super::error::Problem;
use super::pgp::PgpKey;
use super::rules::Rules;
use super::tree::Node;

pub(super) use block::{carried, placed};
pub(super) use read::{dotenv, nested};
pub(super) use write::to_json;

/// The version of SOPS whose format is written.
pub(super) const VERSION: &str = "3.13.3";

/// The key of the block, and what the keys of dotenv files begin with.
pub(super) const KEY: &str = "sops";
pub(super) const PREFIX: &str = "sops_";

/// The block as it stands in a document, if there is one.
pub(super) fn block(root: &Node, format: Format) -> Result<Option<Json>, Problem> {
    match format {
        Format::Dotenv => read::flat(root),
        _ => Ok(root.get(KEY).map(|item| block::json(&item.node))),
    }
}

/// What the block says.
pub struct Metadata {
    /// Each group holds one part of the key; one group holds all of it.
    pub groups: Vec<Group>,
    /// How many groups are needed.
    pub threshold: usize,
    /// When the file was last changed, as it is written.
    pub last_modified: String,
    /// The version of SOPS that wrote it.
    pub version: String,
    pub(super) mac: String,
    pub(super) rules: Rules,
}

/// Keys of which each opens the group's part.
#[derive(Default)]
pub struct Group {
    /// Age keys.
    pub age: Vec<AgeKey>,
    /// PGP keys, which the program `gpg` uses.
    pub pgp: Vec<PgpKey>,
    /// Keys of other kinds, that are kept and not used: `kms arn:aws:...`.
    pub others: Vec<String>,
}

/// An age recipient and the part of the key that was encrypted for it.
pub struct AgeKey {
    /// The public key.
    pub recipient: String,
    pub(super) sealed: String,
}

impl Group {
    /// Its keys as people name them.
    pub fn names(&self) -> Vec<String> {
        let age = self.age.iter().map(|key| format!("age {}", key.recipient));
        let pgp = self.pgp.iter().map(|key| format!("pgp {}", key.fingerprint));
        age.chain(pgp).chain(self.others.iter().cloned()).collect()
    }
}
