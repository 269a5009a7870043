//! SOPS files: secrets that lie encrypted in git, value by value, so that people see which key changed and not to what.
//!
//! Bytes in, bytes out: who calls reads and writes the files. What SOPS itself wrote is read, and what is written here SOPS
//! reads (`crates/cli/tests/sops`). Values are replaced where they stand, so that the order, comments, spaces and the
//! ciphertext of all else stay. Every new text is read again and compared before it is handed out.

mod cipher;
mod creation;
mod dotenv;
mod edited;
mod encrypt;
mod error;
mod examine;
mod file;
mod format;
mod json;
mod keys;
mod metadata;
mod path;
mod pgp;
mod plain;
mod recipients;
mod rule_set;
mod rules;
mod scope;
mod set;
mod shamir;
mod time;
mod tree;
mod value;
mod variables;
mod walk;
mod yaml;

pub use cipher::SEALED;
pub use creation::{Creation, KeyGroup, RULES_FILE};
pub use encrypt::{encrypt, encrypt_by};
pub use error::{Problem, SopsError};
pub use examine::{Finding, NOT_SECRET, examine};
pub use file::{Encrypted, Opened};
pub use format::Format;
pub use keys::{Identities, IdentityError, Recipient, generate};
pub use metadata::{AgeKey, Group, Metadata};
pub use path::KeyPath;
pub use pgp::{Fingerprint, OpenPgp, PgpKey, SealPgp};
pub use rule_set::RuleSet;
pub use rules::RawRules;
pub use scope::{SCOPE_KEY, Scope};
pub use value::{Kind, Value};
pub use variables::Variable;

#[cfg(test)]
mod tests;
