//! `pinnace approve`: yes to an ask.

use std::process::ExitCode;

use super::on_pin::{OnPin, Wanted};

/// Say yes to what a pin asks, or a fleet pin for all its instances
///
/// Counts for the ask that is there when the command looks, or for the one that --shown names: `pinnace show` prints it. An
/// ask that changes in between is not answered.
///
/// Examples:
///   pinnace approve 117 --wait
///   pinnace approve F7 --wait
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Approve {
    #[command(flatten)]
    on: OnPin,
    /// Answer only this ask
    #[arg(long, value_name = "ASK")]
    shown: Option<String>,
}

/// Says it.
pub(crate) fn run(args: &Approve) -> anyhow::Result<ExitCode> {
    let wanted = Wanted { pin: &["done"], fleet: &["over"] };
    args.on.answer("approve", args.shown.as_deref(), "", wanted)
}
