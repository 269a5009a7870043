//! `pinnace reject`: no to an ask.

use std::process::ExitCode;

use super::on_pin::{OnPin, Wanted};

/// Say no to what a pin asks, or a fleet pin for all its instances
///
/// Examples:
///   pinnace reject 117 --reason "not before the sale"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Reject {
    #[command(flatten)]
    on: OnPin,
    /// Why; people are told
    #[arg(long, default_value = "")]
    reason: String,
    /// Answer only this ask
    #[arg(long, value_name = "ASK")]
    shown: Option<String>,
}

/// Says it.
pub(crate) fn run(args: &Reject) -> anyhow::Result<ExitCode> {
    let wanted = Wanted { pin: &["rejected"], fleet: &["rejected"] };
    args.on.answer("reject", args.shown.as_deref(), &args.reason, wanted)
}
