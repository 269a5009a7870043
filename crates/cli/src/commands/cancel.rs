//! `pinnace cancel`: a pin is stopped.

use std::process::ExitCode;

use super::on_pin::{OnPin, Wanted};

/// Stop a pin: an ask is withdrawn, a candidate that is not proven or can't be recorded is dropped
///
/// Of a fleet pin nothing more is begun; what is in hand goes to its own end.
///
/// Examples:
///   pinnace cancel 117
///   pinnace cancel F7
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Cancel {
    #[command(flatten)]
    on: OnPin,
}

/// Stops it.
pub(crate) fn run(args: &Cancel) -> anyhow::Result<ExitCode> {
    args.on.act("cancel", Wanted { pin: &["cancelled", "dropped"], fleet: &["cancelled"] })
}
