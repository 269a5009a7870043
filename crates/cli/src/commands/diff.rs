//! `pinnace diff`: what differs between the verified commit, HEAD and the cluster.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;

use crate::remote::{DriftShown, Remote, exit, read};

/// Show what differs: in git and in the objects since the verified commit, and in the cluster
///
/// The exit code is 3 when anything differs. The values of Secrets are never shown.
///
/// Examples:
///   pinnace diff shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Diff {
    /// The instance, as in shop/prod
    instance: InstanceId,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct Shown {
    verified: Option<String>,
    head: String,
    git: String,
    rendered: String,
    live: Vec<DriftShown>,
}

/// Shows it.
pub(crate) fn run(args: &Diff) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = client.get(&format!("/diff?instance={}", args.instance)).await?;
        let shown: Shown = read(&said)?;
        let same = shown.git.is_empty() && shown.rendered.is_empty() && shown.live.is_empty();
        args.remote.print(&said, || Ok(if same { "nothing differs\n".to_owned() } else { text(&shown) }))?;
        Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERS) })
    })
}

fn text(shown: &Shown) -> String {
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let verified = shown.verified.as_deref().map_or_else(|| "nothing yet".to_owned(), short);
    let mut text = format!("verified {verified}, HEAD {}\n", short(&shown.head));
    for (title, diff) in [("git diff", &shown.git), ("rendered diff", &shown.rendered)] {
        if !diff.is_empty() {
            text.push_str(&format!("\n{title}, from verified to HEAD:\n{}", secrets::clean_terminal(diff)));
        }
    }
    if !shown.live.is_empty() {
        text.push_str("\nlive diff, from verified to the cluster:\n");
        shown.live.iter().for_each(|line| text.push_str(&format!("{}\n", line.line())));
    }
    text
}
