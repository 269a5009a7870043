//! `pinnace secrets`: files that lie encrypted in git, as SOPS writes them.

mod decrypt;
mod encrypt;
mod file;
mod get;
mod keygen;
mod keys;
mod set;
mod view;

use std::process::ExitCode;

use clap::Subcommand;

/// Encrypt files for git, and read and change them, as SOPS does with age keys
///
/// These commands work on files alone, without server, cluster or git. Encrypting needs public keys only. The private key
/// comes from --key-file, $PINNACE_AGE_KEY_FILE, $SOPS_AGE_KEY_FILE, $SOPS_AGE_KEY or the key file of sops.
#[derive(Debug, clap::Args)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Decrypt(decrypt::Decrypt),
    Encrypt(encrypt::Encrypt),
    Get(get::Get),
    Keygen(keygen::Keygen),
    Set(set::Set),
    View(view::View),
}

/// Runs it.
pub(crate) fn run(args: &Secrets) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Decrypt(args) => decrypt::run(args),
        What::Encrypt(args) => encrypt::run(args),
        What::Get(args) => get::run(args),
        What::Keygen(args) => keygen::run(args),
        What::Set(args) => set::run(args),
        What::View(args) => view::run(args),
    }?;
    Ok(ExitCode::SUCCESS)
}
