//! `pinnace fleets`: what was pinned in many instances at once.

use std::process::ExitCode;

use crate::remote::{FleetShown, List, Remote, read, table};

/// List fleet pins, newest first: one ask for many instances, done in waves
///
/// Examples:
///   pinnace fleets
///   pinnace fleets --before F7
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Fleets {
    /// Only older ones than this
    #[arg(long, value_name = "FLEET", value_parser = number)]
    before: Option<u64>,
    #[command(flatten)]
    remote: Remote,
}

fn number(text: &str) -> Result<u64, String> {
    text.parse::<model::FleetNumber>().map(|fleet| fleet.0).map_err(|error| error.to_string())
}

/// Lists them.
pub(crate) fn run(args: &Fleets) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let before = args.before.map(|before| format!("?before={before}")).unwrap_or_default();
        let said = client.get(&format!("/fleets{before}")).await?;
        let list: List<FleetShown> = read(&said)?;
        args.remote.print(&said, || {
            let rows = list.items.iter().map(FleetShown::row).collect();
            let more = list.next.map(|next| format!("older ones: pinnace fleets --before F{next}\n"));
            Ok(table(&["FLEET", "WHERE", "TO", "STATE", "DONE", "NOW"], rows) + &more.unwrap_or_default())
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
