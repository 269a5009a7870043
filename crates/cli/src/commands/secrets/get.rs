//! `pinnace secrets get`: one value of an encrypted file.

use std::io::{IsTerminal as _, stdout};

use secrets::Secret;
use secrets::sops::KeyPath;

use super::file::{FileArgs, print};
use super::keys::Keys;

/// Print one value of an encrypted file
///
/// A pipe or a file gets the exact bytes. At a terminal what it would obey is written as `\u{1b}`.
///
/// Examples:
///   pinnace secrets get secrets.yaml database.password
///   pinnace secrets get tls.yaml server.key > server.key
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Get {
    #[command(flatten)]
    file: FileArgs,
    /// Where the value is
    #[arg(value_name = "PATH")]
    at: String,
    #[command(flatten)]
    keys: Keys,
}

/// Prints it.
pub(super) fn run(args: &Get) -> anyhow::Result<()> {
    let at = KeyPath::parse(&args.at)?;
    let file = args.file.encrypted()?;
    let value = args.keys.ring()?.open(&file)?.get(&at)?.expose_in(args.file.format());
    if !stdout().is_terminal() {
        return print(value.expose());
    }
    let shown = Secret::new(secrets::escape_terminal(value.expose()));
    print(shown.expose().as_bytes())?;
    print(b"\n")
}
