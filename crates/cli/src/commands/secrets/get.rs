//! `pinnace secrets get`: one value of an encrypted file.

use std::io::{IsTerminal as _, stdout};

use secrets::sops::KeyPath;

use super::file::{FileArgs, print};
use super::keys::Keys;

/// Print one value of an encrypted file
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

/// Prints it: its bytes alone, with a line end for people.
pub(super) fn run(args: &Get) -> anyhow::Result<()> {
    let at = KeyPath::parse(&args.at)?;
    let file = args.file.encrypted()?;
    let value = args.keys.ring()?.open(&file)?.get(&at)?.expose();
    print(value.expose())?;
    if stdout().is_terminal() { print(b"\n") } else { Ok(()) }
}
