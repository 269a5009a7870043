//! `pinnace retry`: again.

use std::process::ExitCode;

use super::on_pin::OnPin;

/// Try again now what a pin waits for; a pin that is over is opened anew, with the same build
///
/// Examples:
///   pinnace retry 117
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Retry {
    #[command(flatten)]
    on: OnPin,
}

/// Tries.
pub(crate) fn run(args: &Retry) -> anyhow::Result<ExitCode> {
    args.on.act("retry", &["done"])
}
