//! `pinnace restore`: what was pruned comes back, or a whole instance.

use std::process::ExitCode;

use serde_json::json;

use super::on_instance::OnInstance;

/// Bring a pruned object back, or a whole instance: write it to the config repo again, in the files that it had
///
/// It is as the newest proven commit with it has it; the values of Secrets come back with that. Without an object it is an instance whose
/// folder git has no longer, with all of its files; what its databases held is not in git, and does not come back. What a chart or a kustomization made
/// is refused with what to look at. With --branch it is a branch for review, called pinnace/restore-INSTANCE-NUMBER; else it is pushed
/// at once, and tried as any commit.
///
/// Examples:
///   pinnace restore shop/prod ConfigMap/cache
///   pinnace restore shop/prod ConfigMap/cache --at 12 --branch
///   pinnace restore todo/prod/acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Restore {
    #[command(flatten)]
    on: OnInstance,
    /// The object, as in ConfigMap/cache; without it the whole instance, which git has no longer
    object: Option<String>,
    /// Which one, by the number that `pinnace pruned` shows [default: the newest]
    #[arg(long, value_name = "NUMBER", requires = "object")]
    at: Option<u64>,
    /// Push it to a branch of its own, to be reviewed and merged
    #[arg(long)]
    branch: bool,
}

/// Has it written.
pub(crate) fn run(args: &Restore) -> anyhow::Result<ExitCode> {
    args.on.write(
        "restore",
        &json!({"object": args.object.as_deref().unwrap_or_default(), "at": args.at, "branch": args.branch}),
    )
}
