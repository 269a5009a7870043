//! `pinnace sign-in`: a one-time link for a person.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use super::serve::admin;

/// Print a one-time link with which a person signs in to the page
///
/// Run it where the server runs, as its user: whoever owns the data folder may.
#[derive(Debug, clap::Args)]
pub(crate) struct SignIn {
    /// The person, as named in pinnace.yaml
    person: String,
    /// The server's data folder
    #[arg(long, env = "PINNACE_DATA", default_value = "pinnace-data")]
    data: PathBuf,
}

/// Prints the link.
pub(crate) fn run(args: &SignIn) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let link = runtime.block_on(admin::ask(&args.data, &format!("sign-in {}", args.person)))?;
    writeln!(std::io::stdout(), "{link}")?;
    Ok(ExitCode::SUCCESS)
}
