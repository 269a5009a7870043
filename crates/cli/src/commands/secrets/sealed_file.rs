//! The encrypted file that an app reads when it runs, named by an option.

use std::path::Path;

use anyhow::{Context as _, bail};
use secrets::sops::{Format, Opened, Scope};

use super::file::{FileArgs, FormatArg};
use super::keys::{Keys, Ring};

/// How such files are opened.
#[derive(Debug, clap::Args)]
pub(super) struct Opening {
    /// How they are written; else their names say that
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
    #[command(flatten)]
    keys: Keys,
    /// Refuse files that are not encrypted for this project or environment (`encrypt --scope`), as `shop/prod`
    #[arg(long, env = "PINNACE_SCOPE", value_name = "SCOPE")]
    scope: Option<String>,
}

impl Opening {
    /// With what: read once, however many files there are.
    pub(super) fn ring(&self) -> anyhow::Result<Ring> {
        self.keys.ring()
    }

    /// How such a file is written.
    pub(super) fn format(&self, path: &Path) -> Format {
        FileArgs::of(path.to_owned(), self.format).format()
    }

    /// Opens one file, and hands it on when it is for this place.
    pub(super) fn opened<T>(
        &self,
        path: &Path,
        keys: &Ring,
        then: impl FnOnce(&Opened<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let args = FileArgs::of(path.to_owned(), self.format);
        let file = args.encrypted()?;
        let opened = keys.open(&file)?;
        let scope = opened.scope()?;
        if let Some(wanted) = &self.scope {
            Scope::parse(wanted).context("--scope")?;
            match scope {
                Some(scope) if scope.holds(wanted) => {}
                Some(scope) => bail!("{}: the file is for `{scope}` and not for `{wanted}`", args.name()),
                None => bail!("{}: the file is for no place of its own: encrypt it with --scope {wanted}", args.name()),
            }
        }
        then(&opened)
    }
}
