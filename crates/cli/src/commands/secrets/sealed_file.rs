//! The encrypted file that an app reads when it runs, named by an option.

use std::path::Path;

use anyhow::{Context as _, bail};
use secrets::sops::{Opened, Scope};

use super::file::{FileArgs, FormatArg};
use super::keys::Ring;

/// For which place a file has to be.
#[derive(Debug, clap::Args)]
pub(super) struct ScopeArg {
    /// Refuse files that are not encrypted for this project or environment (`encrypt --scope`), as `shop/prod`
    #[arg(long, env = "PINNACE_SCOPE", value_name = "SCOPE")]
    scope: Option<String>,
}

/// Opens one file, and hands it on when it is for this place.
pub(super) fn with_opened<T>(
    path: &Path,
    format: Option<FormatArg>,
    keys: &Ring,
    place: &ScopeArg,
    then: impl FnOnce(&Opened<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let args = FileArgs::of(path.to_owned(), format);
    let file = args.encrypted()?;
    let opened = keys.open(&file)?;
    let scope = opened.scope()?;
    if let Some(wanted) = &place.scope {
        Scope::parse(wanted).context("--scope")?;
        match scope {
            Some(scope) if scope.holds(wanted) => {}
            Some(scope) => bail!("{}: the file is for `{scope}` and not for `{wanted}`", args.name()),
            None => bail!("{}: the file is for no place of its own: encrypt it with --scope {wanted}", args.name()),
        }
    }
    then(&opened)
}
