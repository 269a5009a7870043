//! `pinnace accept-rewrite`: the config repo's new history is taken as it is.

use std::process::ExitCode;

use serde_json::json;

use crate::remote::Remote;

/// Go on from a config repo whose history was rewritten
///
/// Nothing is written to a rewritten branch, and nothing is read from it, until a person who may approve everywhere has
/// looked at it and names its new head. Nothing that was proven is undone.
///
/// Examples:
///   pinnace accept-rewrite 4f1c2d...
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AcceptRewrite {
    /// The whole id of the new head, as the trouble names it
    #[arg(value_name = "COMMIT")]
    commit: String,
    #[command(flatten)]
    remote: Remote,
}

/// Accepts it.
pub(crate) fn run(args: &AcceptRewrite) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = client.post("/repo/accept-rewrite", &json!({"commit": args.commit})).await?;
        args.remote.print(&said, || Ok(format!("goes on from {}\n", args.commit)))?;
        Ok(ExitCode::SUCCESS)
    })
}
