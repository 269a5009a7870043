//! `pinnace secrets view`: an encrypted file as people read it.

use anyhow::Context as _;
use secrets::Secret;

use super::file::{FileArgs, print};
use super::keys::Keys;

/// Show a file in the clear, without what a terminal would obey
///
/// `decrypt` gives the exact bytes.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    keys: Keys,
}

/// Shows it.
pub(super) fn run(args: &View) -> anyhow::Result<()> {
    let file = args.file.encrypted()?;
    let plain = args.keys.ring()?.open(&file)?.plaintext()?;
    let told = || format!("{}: this is no text: use `pinnace secrets decrypt`", args.file.name());
    let text = str::from_utf8(plain.expose()).ok().with_context(told)?;
    print(Secret::new(secrets::clean_terminal(text)).expose().as_bytes())
}
