//! `pinnace write-drift`: what was changed in the cluster by hand is written to git.

use std::process::ExitCode;

use serde_json::json;

use super::on_instance::OnInstance;

/// Write to the config repo what was changed in the cluster by hand
///
/// Exactly the values that differ change, in the plain manifests where they stand: of one object, or of all that `pinnace status
/// INSTANCE` says is left different. Where that is nothing, it is what was repaired last. What a chart or a kustomization makes, and
/// what stands in a Secret, is refused with what to edit by hand. With --branch it is a branch for review, called
/// pinnace/drift-INSTANCE-NUMBER; else it is pushed at once, and tried as any commit.
///
/// Examples:
///   pinnace write-drift shop/prod
///   pinnace write-drift shop/prod Deployment/web --branch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct WriteDrift {
    #[command(flatten)]
    on: OnInstance,
    /// One object, as in Deployment/web
    #[arg(default_value = "", hide_default_value = true)]
    object: String,
    /// Push it to a branch of its own, to be reviewed and merged
    #[arg(long)]
    branch: bool,
}

/// Has it written.
pub(crate) fn run(args: &WriteDrift) -> anyhow::Result<ExitCode> {
    args.on.write("write-drift", &json!({"object": args.object, "branch": args.branch}))
}
