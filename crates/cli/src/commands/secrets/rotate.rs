//! `pinnace secrets rotate`: a new key for encrypted files, and new ciphertext everywhere.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use super::agreement::{self, Difference};
use super::file::{FileArgs, now};
use super::keys::{Keys, Ring};
use super::programs::gpg::Gpg;
use super::targets::Targets;

/// Give encrypted files a new key, and encrypt every value anew
///
/// They are for those that the rules in .sops.yaml name now, and for the same as before where there is no rule. Who is no longer
/// among them can't open what is written from now on. What they could read before stays in git's history and in their memory:
/// change those values too.
///
/// Examples:
///   pinnace secrets rotate prod/secrets.yaml
///   pinnace secrets rotate --all
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Rotate {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    keys: Keys,
}

/// Rotates them.
pub(super) fn run(args: &Rotate) -> anyhow::Result<ExitCode> {
    let keys = args.keys.ring()?;
    args.targets.change_each(|file| one(file, &keys).map(|()| true))
}

fn one(file: &FileArgs, keys: &Ring) -> anyhow::Result<()> {
    let _alone = file.alone()?;
    let old = file.encrypted()?;
    let ruled = agreement::ruled(file)?;
    let difference = ruled.as_ref().map(|creation| Difference::of(&old, creation)).unwrap_or_default();
    let creation = ruled.map_or_else(|| old.creation(), Ok)?;
    let new = keys.open(&old)?.rotated(&creation, &now(), &mut Gpg::seal)?;
    file.write(&new)?;
    writeln!(stderr(), "{}: rotated{}", file.name(), difference.done())?;
    Ok(())
}
