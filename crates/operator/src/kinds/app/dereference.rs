//! What an App refers to: which Secrets have to be read, and what was found in them. The reading itself is somebody else's.

mod connection;
mod objects;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use secrets::MaskKey;

use super::App;
pub use connection::Connection;
pub(crate) use connection::sources;
pub(crate) use read::{make_password, names_its_secret, read};

/// What an App refers to, as it was read. It holds secrets: there is no way to print it.
#[derive(Clone)]
pub struct Seen {
    /// The key of the hashes that stand in names, so that a name tells nothing of what it names.
    pub key: MaskKey,
    /// The Secrets of `spec.secrets` that are there, by name: keys and values.
    pub secrets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Address and login of what is needed and there: by `database`, `redis` and `rabbit`.
    pub connections: BTreeMap<&'static str, Connection>,
    /// The values that were made at random, by name.
    pub generated: BTreeMap<String, String>,
    /// The processes whose number of pods an autoscaler has already set.
    pub scaled: BTreeSet<String>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("secrets", &self.secrets.keys()).finish_non_exhaustive()
    }
}

impl Seen {
    /// Nothing was found.
    pub fn nothing(key: MaskKey) -> Self {
        Self {
            key,
            secrets: BTreeMap::new(),
            connections: BTreeMap::new(),
            generated: BTreeMap::new(),
            scaled: BTreeSet::new(),
        }
    }
}

/// The Secret that the values made at random are kept in.
pub(crate) fn generated_secret(app: &App) -> String {
    format!("{}-generated", app.metadata.name)
}

/// The Secret that holds the password of the first user, where there is one.
pub fn superuser_secret(app: &App) -> Option<String> {
    let superuser = app.spec.superuser.as_ref()?;
    Some(superuser.secret_name.clone().unwrap_or_else(|| format!("{}-superuser", app.metadata.name)))
}

/// The names of values that are made at random.
pub(crate) fn generated_names(app: &App) -> &[String] {
    app.spec.configuration.as_ref().map_or(&[], |configuration| configuration.generated.as_slice())
}
