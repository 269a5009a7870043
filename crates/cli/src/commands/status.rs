//! `pinnace status`: how instances are.

use std::process::ExitCode;

use model::InstanceId;
use serde_json::{Value, json};

use crate::remote::{Client, DriftShown, InstanceShown, List, Problem, Remote, exit, read, table};

/// Lists end here; what is beyond is said.
const MOST: usize = 10_000;

/// Show how the instances are, worst first, or one of them with what differs from what is desired
///
/// Examples:
///   pinnace status
///   pinnace status shop/prod
///   pinnace status --check     exits with 3 when one is neither healthy nor locked, or differs
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Status {
    /// One instance, as in shop/prod
    instance: Option<InstanceId>,
    /// Exit with 3 when somebody has to look
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Shows it.
pub(crate) fn run(args: &Status) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let well = match &args.instance {
            Some(instance) => one(args, &client, instance).await?,
            None => all(args, &client).await?,
        };
        Ok(if well || !args.check { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERS) })
    })
}

async fn one(args: &Status, client: &Client, instance: &InstanceId) -> Result<bool, Problem> {
    let said = client.get(&format!("/instances/{instance}")).await?;
    let shown: InstanceShown = read(&said)?;
    let drift = client.get(&format!("/drift?instance={instance}")).await?;
    let lines: List<DriftShown> = read(&drift)?;
    let well = shown.is_well() && lines.items.is_empty();
    args.remote.print(&json!({"instance": said, "drift": drift["items"]}), || {
        let mut text = table(&HEAD, vec![shown.row()]);
        text.push_str(&shown.apps());
        if !lines.items.is_empty() {
            text.push_str("\ndiffers from what is desired:\n");
        }
        lines.items.iter().for_each(|line| text.push_str(&format!("{}\n", line.line())));
        Ok(text)
    })?;
    Ok(well)
}

const HEAD: [&str; 4] = ["STATE", "INSTANCE", "VERSION", "NOW"];

async fn all(args: &Status, client: &Client) -> Result<bool, Problem> {
    let (mut items, mut from): (Vec<Value>, Option<i64>) = (Vec::new(), Some(0));
    while let Some(next) = from.filter(|_| items.len() < MOST) {
        let mut page = client.get(&format!("/instances?from={next}")).await?;
        from = page["next"].as_i64();
        if let Some(more) = page["items"].as_array_mut() {
            items.append(more);
        }
    }
    let shown: Vec<InstanceShown> = items.iter().map(read).collect::<Result<_, _>>()?;
    let well = shown.iter().all(InstanceShown::is_well);
    let cut = if from.is_some() { format!("showing {MOST}; there are more\n") } else { String::new() };
    args.remote.print(&json!({"items": items, "next": from}), || {
        if shown.is_empty() {
            return Ok("there are no instances: name projects and environments in pinnace.yaml\n".to_owned());
        }
        Ok(table(&HEAD, shown.iter().map(InstanceShown::row).collect()) + &cut)
    })?;
    Ok(well)
}
