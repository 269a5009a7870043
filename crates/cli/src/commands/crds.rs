//! `pinnace crds`: the definitions of our custom resources.

use std::io::Write;
use std::process::ExitCode;

/// Print the definitions of App, PostgresDatabase, RabbitVhost and Redis, for `kubectl apply --server-side -f -`
///
/// Once they are applied, `kubectl explain app.spec` says what each field means.
#[derive(Debug, clap::Args)]
pub(crate) struct Crds {}

/// Prints them as YAML documents.
pub(crate) fn run(_: &Crds) -> anyhow::Result<ExitCode> {
    std::io::stdout().lock().write_all(render::to_yaml(operator::crds())?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
