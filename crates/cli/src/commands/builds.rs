//! `pinnace builds`: what CI announced.

use std::process::ExitCode;

use model::ProjectName;

use crate::remote::{BuildShown, List, Remote, read, table};

/// List announced builds, newest first
///
/// Examples:
///   pinnace builds shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Builds {
    /// Only those of this project
    project: Option<ProjectName>,
    /// Only older ones than this
    #[arg(long, value_name = "BUILD")]
    before: Option<u64>,
    #[command(flatten)]
    remote: Remote,
}

/// Lists them.
pub(crate) fn run(args: &Builds) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let project = args.project.as_ref().map(ToString::to_string).unwrap_or_default();
        let before = args.before.map(|before| format!("&before={before}")).unwrap_or_default();
        let said = client.get(&format!("/builds?project={project}{before}")).await?;
        let list: List<BuildShown> = read(&said)?;
        args.remote.print(&said, || {
            let rows = list.items.iter().map(BuildShown::row).collect();
            let more = list.next.map(|next| format!("older ones: pinnace builds {project} --before {next}\n"));
            let head = ["BUILD", "PROJECT", "TAG", "DIGEST", "RECEIVED", "STATE"];
            Ok(table(&head, rows) + &more.unwrap_or_default())
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
