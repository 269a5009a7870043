//! `pinnace chat manifest`: what is pasted into a chat service to set it up.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::bail;

/// Set up a chat service
#[derive(Debug, clap::Args)]
pub(crate) struct Chat {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the app manifest, with all scopes that Pinnace needs
    Manifest {
        /// The service
        #[arg(default_value = "slack")]
        service: String,
    },
}

/// Prints it.
pub(crate) fn run(args: &Chat) -> anyhow::Result<ExitCode> {
    let What::Manifest { service } = &args.what;
    let Some(kind) = chat::SERVICES.iter().find(|kind| kind.name == service) else {
        let known: Vec<&str> = chat::SERVICES.iter().map(|kind| kind.name).collect();
        bail!("`{service}` is not a chat service that Pinnace speaks: use {}", known.join(" or "));
    };
    writeln!(std::io::stdout(), "{}", (kind.manifest)())?;
    Ok(ExitCode::SUCCESS)
}
