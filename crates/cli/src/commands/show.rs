//! `pinnace show`: one pin, whole.

use std::process::ExitCode;

use crate::remote::{PinShown, Remote, Wait, read};

/// Show a pin: where it is, what it changes, why it failed
///
/// Examples:
///   pinnace show 117
///   pinnace show 117 --wait     until it is over, a line for each step
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// The pin's number
    #[arg(value_name = "PIN", value_parser = super::on_pin::number)]
    pin: u64,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    remote: Remote,
}

/// Shows it.
pub(crate) fn run(args: &Show) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        if args.wait.wanted() {
            return args.wait.then(&client, args.pin, &["done"]).await;
        }
        let said = client.get(&format!("/pins/{}", args.pin)).await?;
        let pin: PinShown = read(&said)?;
        args.remote.print(&said, || {
            let ask = pin.shown.as_ref().filter(|_| pin.stage == "asked");
            let answer = ask.map(|shown| format!("\nanswer it: pinnace approve {} --shown {shown}\n", pin.number));
            Ok(pin.whole() + &answer.unwrap_or_default())
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
