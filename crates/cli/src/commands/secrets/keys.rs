//! Where private keys come from. Never from an argument: others on the machine can read those.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::Identities;

const FILE_VARIABLES: [&str; 2] = ["PINNACE_AGE_KEY_FILE", "SOPS_AGE_KEY_FILE"];
const KEY_VARIABLE: &str = "SOPS_AGE_KEY";
/// Where `sops` keeps them, below the folder of a user's settings.
const KEYS_OF_SOPS: &str = "sops/age/keys.txt";

/// The private keys.
#[derive(Debug, clap::Args)]
pub(super) struct Keys {
    /// File with age private keys, as `pinnace secrets keygen` writes it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Keys {
    /// From the first place that is set.
    pub(super) fn read(&self) -> anyhow::Result<Identities> {
        if let Some(path) = &self.key_file {
            return of_file(path, "--key-file");
        }
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some((name, path)) = FILE_VARIABLES.iter().find_map(|name| Some((name, set(name)?))) {
            return of_file(Path::new(&path), name);
        }
        if let Some(key) = crate::commands::secret(KEY_VARIABLE) {
            return Identities::parse(&Secret::new(key)).context(KEY_VARIABLE);
        }
        let settings = set("XDG_CONFIG_HOME").map(PathBuf::from);
        let settings = settings.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")));
        match settings.map(|folder| folder.join(KEYS_OF_SOPS)).filter(|path| path.exists()) {
            Some(path) => of_file(&path, "the key file of sops"),
            None => bail!(
                "a private key is needed, and there is none: give --key-file, or set PINNACE_AGE_KEY_FILE; a new key comes \
                 from `pinnace secrets keygen`"
            ),
        }
    }
}

fn of_file(path: &Path, from: &str) -> anyhow::Result<Identities> {
    control::opener::read_keys(path).map_err(|why| anyhow::anyhow!("{from}: {}: {why}", path.display()))
}
