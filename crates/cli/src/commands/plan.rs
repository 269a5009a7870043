//! `pinnace plan`: what trying HEAD would do.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;
use serde_json::json;

use crate::remote::{DriftShown, Remote, exit, read, table};

/// Show what would be done with each object if HEAD were tried now, by a dry run in the cluster
///
/// Nothing is written to the cluster. The exit code is 3 when anything would be done, and 1 when something would be refused. With --save
/// the plan gets a number, and `pinnace sync INSTANCE --plan NUMBER` carries out exactly it, or refuses and says what changed.
///
/// Examples:
///   pinnace plan shop/prod
///   pinnace plan shop/prod --save
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Plan {
    /// The instance, as in shop/prod
    instance: InstanceId,
    /// Save it, to have exactly this carried out
    #[arg(long)]
    save: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct Shown {
    head: String,
    proven: bool,
    differs: bool,
    objects: Vec<Planned>,
    number: Option<u64>,
    #[serde(default)]
    waits: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Planned {
    object: String,
    action: String,
    why: String,
    changes: Vec<DriftShown>,
}

/// Shows it.
pub(crate) fn run(args: &Plan) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = if args.save {
            client.post("/plans", &json!({"instance": args.instance.to_string()})).await?
        } else {
            client.get(&format!("/plan?instance={}", args.instance)).await?
        };
        let shown: Shown = read(&said)?;
        args.remote.print(&said, || Ok(text(&args.instance, &shown)))?;
        Ok(if shown.objects.iter().any(|object| object.action == "refuse") {
            ExitCode::FAILURE
        } else if shown.differs {
            ExitCode::from(exit::DIFFERS)
        } else {
            ExitCode::SUCCESS
        })
    })
}

fn text(instance: &InstanceId, shown: &Shown) -> String {
    let head: String = shown.head.chars().take(7).collect();
    let kept = shown.objects.iter().filter(|object| object.action == "keep").count();
    let rows = shown.objects.iter().filter(|object| object.action != "keep");
    let rows: Vec<Vec<String>> = rows
        .map(|one| [&one.action, &one.object, &one.why].map(|text| secrets::clean_terminal(text)).to_vec())
        .collect();
    let proven = if shown.proven { ", proven already" } else { "" };
    let mut text = format!("HEAD {head}{proven}: {kept} of {} objects stay as they are\n", shown.objects.len());
    for wait in &shown.waits {
        text.push_str(&secrets::clean_terminal(wait));
        text.push('\n');
    }
    if !rows.is_empty() {
        text.push_str(&table(&["DO", "OBJECT", "WHY"], rows));
    }
    for change in shown.objects.iter().flat_map(|object| &object.changes) {
        text.push_str(&format!("  {}\n", change.line()));
    }
    if let Some(number) = shown.number {
        text.push_str(&format!("saved as plan {number}: pinnace sync {instance} --plan {number}\n"));
    }
    text
}
