//! `pinnace show`: one pin or fleet pin, whole.

use std::process::ExitCode;

use super::on_pin::{Target, target};
use crate::remote::{Client, FleetShown, PinShown, Problem, Remote, Wait, read};

/// Show a pin: where it is, what it changes, why it failed. Or a fleet pin, with all its instances
///
/// Examples:
///   pinnace show 117
///   pinnace show 117 --wait     until it is over, a line for each step
///   pinnace show F7
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// The number of a pin, as in 117, or of a fleet pin, as in F7
    #[arg(value_name = "PIN|FLEET", value_parser = target)]
    what: Target,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    remote: Remote,
}

/// Shows it.
pub(crate) fn run(args: &Show) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| match args.what {
        Target::Pin(pin) => show_pin(args, &client, pin).await,
        Target::Fleet(fleet) => show_fleet(args, &client, fleet).await,
    })
}

async fn show_pin(args: &Show, client: &Client, number: u64) -> Result<ExitCode, Problem> {
    if args.wait.wanted() {
        return args.wait.then(client, number, &["done"]).await;
    }
    let said = client.get(&format!("/pins/{number}")).await?;
    let pin: PinShown = read(&said)?;
    args.remote.print(&said, || {
        let ask = pin.shown.as_ref().filter(|_| pin.stage == "asked");
        let answer = ask.map(|shown| format!("\nanswer it: pinnace approve {} --shown {shown}\n", pin.number));
        Ok(pin.whole() + &answer.unwrap_or_default())
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show_fleet(args: &Show, client: &Client, number: u64) -> Result<ExitCode, Problem> {
    if args.wait.wanted() {
        return args.wait.then_fleet(client, number, &["over"]).await;
    }
    let said = client.get(&format!("/fleets/{number}")).await?;
    let fleet: FleetShown = read(&said)?;
    args.remote.print(&said, || {
        let answer = fleet.shown.as_ref();
        let answer = answer.map(|shown| format!("\nanswer it: pinnace approve F{number} --shown {shown}\n"));
        Ok(fleet.whole() + &answer.unwrap_or_default())
    })?;
    Ok(ExitCode::SUCCESS)
}
