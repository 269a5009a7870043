//! `pinnace sync`: look at everything anew, now.

use std::process::ExitCode;

use serde_json::json;

use super::on_instance::OnInstance;

/// Fetch the config repo and compare every object of an instance now, as if nothing were known of it
///
/// Nothing is done that its rules would not do anyway. With --plan exactly the plan is carried out that `pinnace plan --save` showed, also
/// where the rules would leave a difference to people; if anything else would be done by now, nothing is, what changed is said, and
/// the exit code is 3.
///
/// Examples:
///   pinnace sync shop/prod
///   pinnace sync shop/prod --plan 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sync {
    #[command(flatten)]
    on: OnInstance,
    /// The number of a saved plan
    #[arg(long, value_name = "NUMBER")]
    plan: Option<u64>,
}

/// Has it done.
pub(crate) fn run(args: &Sync) -> anyhow::Result<ExitCode> {
    args.on.act_with("sync", &json!({"plan": args.plan}))
}
