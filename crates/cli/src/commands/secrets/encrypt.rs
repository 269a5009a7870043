//! `pinnace secrets encrypt`: a plain file made an encrypted one.

use secrets::Secret;

use super::file::FileArgs;
use super::rules::{RulesArgs, seal};

/// Encrypt a file; this needs no private key
///
/// For whom, and which values, say the rules in the .sops.yaml of the file's folder or of one above. With --age it is
/// encrypted for these recipients, and no rules are needed. The result is printed, or replaces the file with --in-place.
///
/// Examples:
///   pinnace secrets encrypt --in-place prod/secrets.yaml
///   pinnace secrets encrypt --age age1... secrets.yaml > secrets.enc.yaml
///   pinnace secrets encrypt --scope shop/prod --in-place prod/secrets.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Encrypt {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    rules: RulesArgs,
    /// Replace the file
    #[arg(long, short)]
    in_place: bool,
}

/// Encrypt a file where it lies, as `helm secrets enc` does
#[derive(Debug, clap::Args)]
pub(super) struct Enc {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    rules: RulesArgs,
}

/// Encrypts it where it lies.
pub(super) fn run_in_place(args: &Enc) -> anyhow::Result<()> {
    encrypt(&args.file, &args.rules, true)
}

/// Encrypts it.
pub(super) fn run(args: &Encrypt) -> anyhow::Result<()> {
    encrypt(&args.file, &args.rules, args.in_place)
}

fn encrypt(file: &FileArgs, rules: &RulesArgs, in_place: bool) -> anyhow::Result<()> {
    file.known()?;
    let _alone = if in_place { Some(file.alone()?) } else { None };
    let bytes = Secret::new(file.read()?);
    let creation = rules.creation(file)?;
    file.give(&seal(file, bytes.expose(), &creation)?, in_place)
}
