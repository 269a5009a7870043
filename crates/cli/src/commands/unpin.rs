//! `pinnace unpin`: back to the version before.

use std::io::Write as _;
use std::process::ExitCode;

use super::on_instance::OnInstance;
use crate::remote::Wait;

/// Go back to the version before, and switch automatic pins off until somebody unlocks
///
/// An unpin is a pin of its own: rendered, proven, and only then written to git.
///
/// Examples:
///   pinnace unpin shop/prod --reason "prices are wrong" --wait
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Unpin {
    #[command(flatten)]
    on: OnInstance,
    /// Why; people are told
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    wait: Wait,
}

/// Opens it.
pub(crate) fn run(args: &Unpin) -> anyhow::Result<ExitCode> {
    args.on.act("unpin", &args.reason, async |client, acted| match acted.pin {
        Some(pin) => {
            let _ = writeln!(std::io::stderr(), "pin #{pin} goes back");
            args.wait.then(client, pin, &["done"]).await
        }
        None => Ok(ExitCode::SUCCESS),
    })
}
