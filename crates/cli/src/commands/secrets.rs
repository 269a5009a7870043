//! `pinnace secrets`: files that lie encrypted in git, as SOPS writes them.

mod agreement;
mod ask;
mod decrypt;
mod doctor;
mod edit;
mod encrypt;
mod exec;
mod file;
mod get;
mod helm;
mod key;
mod keygen;
mod keys;
mod open;
mod programs;
mod recipients;
mod replace;
mod rotate;
mod rules;
mod sealed_file;
mod set;
mod targets;
mod view;
mod who_can_read;
mod words;

use std::process::ExitCode;

use clap::Subcommand;

/// Encrypt files for git, and read and change them, as SOPS does with age keys
///
/// These commands work on files alone, without server, cluster or git; only `key` talks to a cluster. Encrypting needs public keys only. The private key
/// comes from --key-file, $PINNACE_AGE_KEY_FILE, $SOPS_AGE_KEY_FILE, $SOPS_AGE_SSH_PRIVATE_KEY_FILE, $PINNACE_AGE_KEY,
/// $SOPS_AGE_KEY or the key file of sops.
#[derive(Debug, clap::Args)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    #[command(visible_alias = "dec")]
    Decrypt(decrypt::Decrypt),
    Doctor(doctor::Doctor),
    Edit(edit::Edit),
    Enc(encrypt::Enc),
    Encrypt(encrypt::Encrypt),
    Exec(exec::Exec),
    Get(get::Get),
    #[command(hide = true)]
    Guard(programs::guard::Guard),
    Helm(helm::Helm),
    Key(key::Key),
    Keygen(keygen::Keygen),
    Open(open::Open),
    Recipients(recipients::Recipients),
    Rotate(rotate::Rotate),
    Set(set::Set),
    View(view::View),
    WhoCanRead(who_can_read::WhoCanRead),
}

/// Runs it.
pub(crate) fn run(args: &Secrets) -> anyhow::Result<ExitCode> {
    crate::guarded::without_words();
    match &args.what {
        What::Decrypt(args) => decrypt::run(args),
        What::Doctor(args) => return doctor::run(args),
        What::Edit(args) => edit::run(args),
        What::Enc(args) => encrypt::run_in_place(args),
        What::Encrypt(args) => encrypt::run(args),
        What::Exec(args) => return exec::run(args),
        What::Get(args) => get::run(args),
        What::Guard(_) => return programs::guard::run(),
        What::Helm(args) => return helm::run(args),
        What::Key(args) => return key::run(args),
        What::Keygen(args) => keygen::run(args),
        What::Open(args) => open::run(args),
        What::Recipients(args) => return recipients::run(args),
        What::Rotate(args) => return rotate::run(args),
        What::Set(args) => set::run(args),
        What::View(args) => view::run(args),
        What::WhoCanRead(args) => return who_can_read::run(args),
    }?;
    Ok(ExitCode::SUCCESS)
}
