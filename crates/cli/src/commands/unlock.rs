//! `pinnace unlock`: automatic pins on again.

use std::process::ExitCode;

use super::on_instance::OnInstance;

/// Switch automatic pins of an instance on again
///
/// Examples:
///   pinnace unlock shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Unlock {
    #[command(flatten)]
    on: OnInstance,
}

/// Unlocks it.
pub(crate) fn run(args: &Unlock) -> anyhow::Result<ExitCode> {
    args.on.act("unlock", "", async |_, _| Ok(ExitCode::SUCCESS))
}
