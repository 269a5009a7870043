//! `pinnace secrets keygen`: a new pair of keys.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use secrets::Secret;

use super::file::{now, print};

/// Make a new age key
///
/// Without --out the key is printed, as age-keygen does. The public key is what files are encrypted for (`--age`, or `age:`
/// in .sops.yaml) and is no secret.
///
/// Examples:
///   pinnace secrets keygen --out key.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Keygen {
    /// Write the key into this new file, which only you can read, and print the public key
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes one.
pub(super) fn run(args: &Keygen) -> anyhow::Result<()> {
    let (private, public) = secrets::sops::generate();
    let text = format!("# created: {}\n# public key: {public}\n{}\n", now(), private.expose());
    let text = Secret::new(text);
    let Some(path) = &args.out else { return print(text.expose().as_bytes()) };
    let told = || format!("{}: making the file failed: name one that is not there", path.display());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(told)?;
    file.write_all(text.expose().as_bytes()).and_then(|()| file.sync_all()).with_context(told)?;
    print(format!("{public}\n").as_bytes())
}
