//! `pinnace confirm-prune`: what the guard holds back is let go.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use model::InstanceId;
use serde_json::json;

use crate::remote::{InstanceShown, Problem, Remote, exit, read};

/// Let objects be deleted that are no longer in git and that the guard holds back
///
/// Held are all that hold data, and whatever would go at once when it is much. They are listed first; only what was listed
/// goes. With --check nothing does, and the exit code is 3 when something is held.
///
/// Examples:
///   pinnace confirm-prune shop/prod --check
///   pinnace confirm-prune shop/prod --confirm shop/prod
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConfirmPrune {
    /// The instance, as in shop/prod
    instance: InstanceId,
    /// List what is held and delete nothing
    #[arg(long)]
    check: bool,
    /// The instance's name once more: deleting is for good
    #[arg(long, value_name = "INSTANCE")]
    confirm: Option<InstanceId>,
    #[command(flatten)]
    remote: Remote,
}

/// Lists what is held, and lets it go where that was confirmed.
pub(crate) fn run(args: &ConfirmPrune) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let said = client.get(&format!("/instances/{}", args.instance)).await?;
        let instance: InstanceShown = read(&said)?;
        for object in &instance.held {
            let _ = writeln!(stderr(), "held: {}", secrets::clean_terminal(object));
        }
        if args.check {
            args.remote.print(&said["held"], || Ok(String::new()))?;
            return Ok(if instance.held.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERS) });
        }
        if args.confirm.as_ref() != Some(&args.instance) && !instance.held.is_empty() {
            let hint = format!("pinnace confirm-prune {0} --confirm {0}", args.instance);
            return Err(Problem::usage("deleting is for good, so the name is wanted twice", hint));
        }
        let body = json!({"instance": args.instance.to_string(), "shown": instance.held_shown});
        let said = client.post("/instances/confirm-prune", &body).await?;
        args.remote.print(&said, || Ok(format!("{} goes\n", instance.held.len())))?;
        Ok(ExitCode::SUCCESS)
    })
}
