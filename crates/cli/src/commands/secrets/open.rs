//! `pinnace secrets open`: an encrypted file for an app that reads it from a pipe.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::bail;
use secrets::sops::KeyPath;

use super::file::print;
use super::sealed_file::Opening;

/// Print an encrypted file, or one value of it, for a program that reads a pipe
///
/// The exact bytes, with nothing added. What says for which place a file is (--scope) is left out.
///
/// Examples:
///   pinnace secrets open --file secrets.yaml | ./app --settings /dev/stdin
///   pinnace secrets open --file secrets.yaml --path database.password
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Open {
    /// The encrypted file
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// Where a single value is
    #[arg(long, short, value_name = "PATH")]
    path: Option<String>,
    #[command(flatten)]
    opening: Opening,
}

/// Prints it.
pub(super) fn run(args: &Open) -> anyhow::Result<()> {
    let at = args.path.as_deref().map(KeyPath::parse).transpose()?;
    if std::io::stdout().is_terminal() {
        bail!("standard output is a terminal, and this is for a pipe: look at it with `pinnace secrets view`");
    }
    let bytes = args.opening.opened(&args.file, &args.opening.ring()?, |opened| match &at {
        Some(at) => Ok(opened.get(at)?.expose_in(args.opening.format(&args.file))),
        None => Ok(opened.content()?),
    })?;
    print(bytes.expose())
}
