//! `pinnace render`: the objects of an instance.

use std::process::ExitCode;

use model::{CommitId, InstanceId};
use serde::Deserialize;

use crate::remote::{Remote, read};

/// Print the objects of an instance as the config repo has them, the values of Secrets hidden
///
/// Examples:
///   pinnace render shop/prod
///   pinnace render shop/prod --at 2f1c6c0e9d3b4a5f60718293a4b5c6d7e8f90123
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Render {
    /// The instance, as in shop/prod
    instance: InstanceId,
    /// The commit, by its whole id; HEAD without it
    #[arg(long, value_name = "COMMIT")]
    at: Option<CommitId>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct Shown {
    objects: String,
}

/// Prints them.
pub(crate) fn run(args: &Render) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let at = args.at.as_ref().map(|at| format!("&at={at}")).unwrap_or_default();
        let said = client.get(&format!("/render?instance={}{at}", args.instance)).await?;
        let objects = read::<Shown>(&said)?.objects;
        args.remote.print(&said, || Ok(objects))?;
        Ok(ExitCode::SUCCESS)
    })
}
