//! `pinnace lock`: automatic pins off.

use std::process::ExitCode;

use super::on_instance::OnInstance;

/// Switch automatic pins of an instance off until somebody unlocks
///
/// Examples:
///   pinnace lock shop/prod --reason "sale until Monday"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Lock {
    #[command(flatten)]
    on: OnInstance,
    /// Why; people are told
    #[arg(long)]
    reason: String,
}

/// Locks it.
pub(crate) fn run(args: &Lock) -> anyhow::Result<ExitCode> {
    args.on.act("lock", &args.reason, async |_, _| Ok(ExitCode::SUCCESS))
}
