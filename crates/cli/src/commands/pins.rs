//! `pinnace pins`: what was pinned.

use std::process::ExitCode;

use model::InstanceId;

use crate::remote::{List, PinShown, Remote, read, table};

/// List pins, newest first
///
/// Examples:
///   pinnace pins
///   pinnace pins shop/prod --before 60
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Pins {
    /// Only those of this instance
    instance: Option<InstanceId>,
    /// Only older ones than this
    #[arg(long, value_name = "PIN", value_parser = super::on_pin::number)]
    before: Option<u64>,
    #[command(flatten)]
    remote: Remote,
}

/// Lists them.
pub(crate) fn run(args: &Pins) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let instance = args.instance.as_ref().map(ToString::to_string).unwrap_or_default();
        let before = args.before.map(|before| format!("&before={before}")).unwrap_or_default();
        let said = client.get(&format!("/pins?instance={instance}{before}")).await?;
        let list: List<PinShown> = read(&said)?;
        args.remote.print(&said, || {
            let rows = list.items.iter().map(PinShown::row).collect();
            let more = list.next.map(|next| format!("older ones: pinnace pins {instance} --before {next}\n"));
            Ok(table(&["PIN", "INSTANCE", "VERSIONS", "STAGE", "SINCE"], rows) + &more.unwrap_or_default())
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
