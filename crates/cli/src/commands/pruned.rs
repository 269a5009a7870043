//! `pinnace pruned`: what was deleted because git no longer had it.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;

use crate::remote::{List, Problem, Remote, exit, read, table};

/// List what was pruned of an instance, newest first
///
/// The manifest of each is kept for ninety days, at most 200 of an instance, and without the values of Secrets: those are in git
/// alone, and `pinnace restore` brings them back from there.
///
/// Examples:
///   pinnace pruned shop/prod
///   pinnace pruned shop/prod --show 12
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Pruned {
    /// The instance, as in shop/prod
    instance: InstanceId,
    /// Print the manifest of the one with this number
    #[arg(long, value_name = "NUMBER")]
    show: Option<u64>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct Shown {
    number: u64,
    object: String,
    commit: String,
    by: Option<String>,
    at: String,
    manifest: String,
}

/// Lists it.
pub(crate) fn run(args: &Pruned) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = client.get(&format!("/pruned?instance={}", args.instance)).await?;
        let list: List<Shown> = read(&said)?;
        let Some(number) = args.show else {
            args.remote.print(&said, || Ok(text(list)))?;
            return Ok(ExitCode::SUCCESS);
        };
        let Some(at) = list.items.iter().position(|one| one.number == number) else {
            let what = format!("nothing was pruned from {} as number {number}", args.instance);
            let hint = format!("pinnace pruned {}", args.instance);
            return Err(Problem::with(exit::NOT_FOUND, what, hint));
        };
        args.remote.print(&said["items"][at], || Ok(secrets::clean_terminal(&list.items[at].manifest)))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn text(list: List<Shown>) -> String {
    if list.items.is_empty() {
        return "nothing was pruned, as far as it is kept\n".to_owned();
    }
    let row = |one: Shown| {
        let commit = one.commit.chars().take(8).collect();
        let cells = [one.number.to_string(), one.object, one.at, commit, one.by.unwrap_or_default()];
        cells.map(|cell| secrets::clean_terminal(&cell)).to_vec()
    };
    table(&["NUMBER", "OBJECT", "AT", "WITH COMMIT", "CONFIRMED BY"], list.items.into_iter().map(row).collect())
}
