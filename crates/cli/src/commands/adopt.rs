//! `pinnace adopt`: objects that somebody else deployed are taken over.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;
use serde_json::json;

use crate::remote::{DriftShown, Problem, Remote, exit, read};

/// Take over objects that kubectl, Helm, Argo CD or Flux deployed, without a restart
///
/// Shows first what taking each over would change; only what was shown is taken over. With --check nothing is, and the exit
/// code is 3 when there is something to take over.
///
/// Examples:
///   pinnace adopt shop/prod --check
///   pinnace adopt shop/prod --confirm shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Adopt {
    /// The instance, as in shop/prod
    instance: InstanceId,
    /// Show what would change and take nothing over
    #[arg(long)]
    check: bool,
    /// The instance's name once more
    #[arg(long, value_name = "INSTANCE")]
    confirm: Option<InstanceId>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct Shown {
    shown: Option<String>,
    objects: Vec<Adoptable>,
}

#[derive(Debug, Deserialize)]
struct Adoptable {
    object: String,
    managers: Vec<String>,
    changes: Vec<DriftShown>,
}

/// Shows it, and has it done where that was confirmed.
pub(crate) fn run(args: &Adopt) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = client.get(&format!("/adoption?instance={}", args.instance)).await?;
        let found: Shown = read(&said)?;
        let confirmed = args.confirm.as_ref() == Some(&args.instance);
        if args.check || found.objects.is_empty() {
            args.remote.print(&said, || Ok(text(&found)))?;
            let none = found.objects.is_empty();
            return Ok(if none { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERS) });
        }
        if !confirmed {
            args.remote.print(&said, || Ok(text(&found)))?;
            let hint = format!("pinnace adopt {0} --confirm {0}", args.instance);
            return Err(Problem::usage("taking over is wanted by name", hint));
        }
        let body = json!({"instance": args.instance.to_string(), "shown": found.shown});
        let said = client.post("/instances/adopt", &body).await?;
        args.remote.print(&said, || Ok(format!("{}{} taken over\n", text(&found), found.objects.len())))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn text(found: &Shown) -> String {
    if found.objects.is_empty() {
        return "nothing is there without being ours\n".to_owned();
    }
    let mut text = String::new();
    for one in &found.objects {
        let what = if one.changes.is_empty() { "nothing would change but our marks" } else { "would change:" };
        let line = format!("{}, deployed by {}: {what}", one.object, one.managers.join(", "));
        text.push_str(&format!("{}\n", secrets::clean_terminal(&line)));
        one.changes.iter().for_each(|change| text.push_str(&format!("  {}\n", change.line())));
    }
    text
}
