//! `pinnace secrets decrypt`: an encrypted file made a plain one.

use super::file::FileArgs;
use super::keys::Keys;

/// Decrypt a file
///
/// All values and the MAC are checked first. The result is printed, or replaces the file with --in-place.
///
/// Examples:
///   pinnace secrets decrypt --key-file key.txt secrets.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Decrypt {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    keys: Keys,
    /// Replace the file
    #[arg(long, short)]
    in_place: bool,
}

/// Decrypts it.
pub(super) fn run(args: &Decrypt) -> anyhow::Result<()> {
    let _alone = if args.in_place { Some(args.file.alone()?) } else { None };
    let file = args.file.encrypted()?;
    let plain = args.keys.ring()?.open(&file)?.plaintext()?;
    args.file.give(plain.expose(), args.in_place)
}
