//! `pinnace sync`: look at everything anew, now.

use std::process::ExitCode;

use super::on_instance::OnInstance;

/// Fetch the config repo and compare every object of an instance now, as if nothing were known of it
///
/// Nothing is done that its rules would not do anyway.
///
/// Examples:
///   pinnace sync shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sync {
    #[command(flatten)]
    on: OnInstance,
}

/// Has it done.
pub(crate) fn run(args: &Sync) -> anyhow::Result<ExitCode> {
    args.on.act("sync", "", async |_, _| Ok(ExitCode::SUCCESS))
}
