//! Where private keys come from. Never from an argument: others on the machine can read those.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::{Encrypted, Identities, Opened, Problem};

use super::programs::gpg::Gpg;

const FILE_VARIABLES: [&str; 3] = ["PINNACE_AGE_KEY_FILE", "SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"];
/// Those that hold a key itself.
pub(super) const KEY_VARIABLES: [&str; 2] = ["PINNACE_AGE_KEY", "SOPS_AGE_KEY"];
/// All of them: what is started from here does not find the key.
pub(super) const VARIABLES: [&str; 5] =
    [FILE_VARIABLES[0], FILE_VARIABLES[1], FILE_VARIABLES[2], KEY_VARIABLES[0], KEY_VARIABLES[1]];
/// Where `sops` keeps them, below the folder of a user's settings.
const KEYS_OF_SOPS: &str = "sops/age/keys.txt";

/// The private keys.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Keys {
    /// File with age private keys, as `pinnace secrets keygen` writes it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Keys {
    /// From the first place that is set. Where none is, `gpg` may still open what is for PGP keys.
    pub(super) fn ring(&self) -> anyhow::Result<Ring> {
        Ok(Ring { identities: self.find()?, gpg: Gpg::default() })
    }

    fn find(&self) -> anyhow::Result<Option<Identities>> {
        if let Some(path) = &self.key_file {
            return of_file(path, "--key-file").map(Some);
        }
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some((name, path)) = FILE_VARIABLES.iter().find_map(|name| Some((name, set(name)?))) {
            return of_file(Path::new(&path), name).map(Some);
        }
        if let Some((name, key)) = KEY_VARIABLES.iter().find_map(|name| Some((name, crate::commands::secret(name)?))) {
            return Identities::parse(&Secret::new(key)).context(*name).map(Some);
        }
        let settings = set("XDG_CONFIG_HOME").map(PathBuf::from);
        let settings = settings.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")));
        let of_sops = settings.map(|folder| folder.join(KEYS_OF_SOPS)).filter(|path| path.exists());
        of_sops.map(|path| of_file(&path, "the key file of sops")).transpose()
    }
}

/// What opens files.
pub(super) struct Ring {
    identities: Option<Identities>,
    gpg: Gpg,
}

impl Ring {
    /// Opens a file, with `gpg` where no age key does.
    pub(super) fn open<'f>(&self, file: &'f Encrypted) -> anyhow::Result<Opened<'f>> {
        let none = Identities::default();
        let error = match file.open_by(self.identities.as_ref().unwrap_or(&none), &mut |key| self.gpg.open(key)) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        let no_key = matches!(error.problem, Problem::NoKey { given: 0, .. });
        if no_key && !file.has_pgp() {
            bail!(
                "{error}. Give --key-file, or set PINNACE_AGE_KEY_FILE; who can open the file lets another key in with `pinnace secrets \
                 recipients add`"
            );
        }
        match self.gpg.said() {
            Some(said) => bail!("{error}; {said}"),
            None => Err(error.into()),
        }
    }
}

fn of_file(path: &Path, from: &str) -> anyhow::Result<Identities> {
    control::opener::read_keys(path).map_err(|why| anyhow::anyhow!("{from}: {}: {why}", path.display()))
}
