//! `pinnace revert`: what people pushed and does not work is taken back in git.

use std::process::ExitCode;

use serde_json::json;

use super::on_instance::OnInstance;

/// Commit to the config repo that an instance's files are again what was verified
///
/// For a pushed commit that failed. Other files, and other instances that the same commits touched, stay as they are. With --branch
/// it is a branch for review, called pinnace/revert-COMMIT.
///
/// Examples:
///   pinnace revert shop/prod
///   pinnace revert shop/prod --branch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Revert {
    #[command(flatten)]
    on: OnInstance,
    /// Push it to a branch of its own, to be reviewed and merged
    #[arg(long)]
    branch: bool,
}

/// Commits and pushes it.
pub(crate) fn run(args: &Revert) -> anyhow::Result<ExitCode> {
    args.on.write("revert", &json!({"branch": args.branch}))
}
