//! `pinnace doctor`: whether all that the server needs is there, and what to do where it is not.

mod chat;
mod clusters;
mod config;
mod data;
mod finding;
mod programs;
mod registries;
mod subject;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use futures::future::BoxFuture;

use super::render_args::RenderArgs;
use super::repo::Repo;
use finding::{Finding, Is};
use subject::Subject;

/// Look whether all that the server needs is there, and say what to do where it is not
///
/// It takes the arguments of `serve` and changes nothing. Run it where the server runs and as the server does, since rights and
/// credentials are those of whoever runs it. It exits with 0 when all is well, and with 1 when something is broken.
///
/// Examples:
///   pinnace doctor --repo ssh://git@git.example/acme/config.git
///   pinnace doctor --repo ... clusters registries
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Doctor {
    /// What to look at [default: all]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(AREAS.iter().map(|area| area.name)))]
    areas: Vec<String>,
    #[command(flatten)]
    repo: Repo,
    /// Folder for the database and the mirror
    #[arg(long, env = "PINNACE_DATA", default_value = "pinnace-data")]
    data: PathBuf,
    /// The kubeconfig whose contexts pinnace.yaml names
    #[arg(long, env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// Pinnace's own namespace in each cluster
    #[arg(long, default_value = "pinnace-system")]
    own_namespace: String,
    #[command(flatten)]
    rendering: RenderArgs,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
    /// Print JSON: a list of what was found
    #[arg(long, short, value_parser = ["json"])]
    output: Option<String>,
}

/// Something to look at.
struct Area {
    name: &'static str,
    look: for<'a> fn(&'a Subject<'a>) -> BoxFuture<'a, Vec<Finding>>,
}

/// Everything that is looked at, in this order. A new one is a file and a line.
const AREAS: &[Area] = &[
    Area { name: "programs", look: |subject| Box::pin(programs::look(subject)) },
    Area { name: "config", look: |subject| Box::pin(config::look(subject)) },
    Area { name: "clusters", look: |subject| Box::pin(clusters::look(subject)) },
    Area { name: "registries", look: |subject| Box::pin(registries::look(subject)) },
    Area { name: "chat", look: |subject| Box::pin(chat::look(subject)) },
    Area { name: "data", look: |subject| Box::pin(std::future::ready(data::look(subject))) },
];

/// Looks, and prints what was found as it is found.
pub(crate) fn run(args: &Doctor) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let subject = Subject::open(args, &folder.path().join("mirror")).await;
        let mut all = Vec::new();
        for area in AREAS.iter().filter(|area| args.areas.is_empty() || args.areas.iter().any(|name| name == area.name))
        {
            let found = (area.look)(&subject).await;
            if args.output.is_none() {
                print(area.name, &found)?;
            }
            all.extend(found.into_iter().map(|finding| (area.name, finding)));
        }
        if args.output.is_some() {
            let list: Vec<_> = all.iter().map(|(area, finding)| finding.as_json(area)).collect();
            writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&list)?)?;
        }
        let bad = |is: Is| is == Is::Broken || is == Is::Warning && args.strict;
        Ok(if all.iter().any(|(_, finding)| bad(finding.is)) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

fn print(area: &str, found: &[Finding]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for finding in found {
        writeln!(out, "{} {area}: {}", finding.is.mark(), finding.what)?;
        if !finding.todo.is_empty() {
            writeln!(out, "    do: {}", finding.todo)?;
        }
    }
    out.flush()
}
