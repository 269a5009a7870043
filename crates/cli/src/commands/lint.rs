//! `pinnace lint`: what is right and still likely to go wrong.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use control::Tools;
use control::bases::Bases;
use control::charts::Charts;
use control::inspect::{Inspected, inspect};
use render::engine::Engines;
use render::lint::Finding;
use serde_json::json;

use super::render_args::RenderArgs;
use crate::checkout::Checkout;
use crate::remote::{Output, exit};

/// Say of a checkout of the config repo what is likely to go wrong
///
/// Each instance is rendered as the server would; no server and no cluster is asked. The exit code is 3 when something is found,
/// and 1 when an instance does not render or a chart is not locked.
///
/// Examples:
///   pinnace lint
///   pinnace lint ../config -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Lint {
    /// The checkout
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The config file in it
    #[arg(long, env = "PINNACE_CONFIG_FILE", default_value = "pinnace.yaml")]
    config_file: String,
    #[command(flatten)]
    rendering: RenderArgs,
    /// For people, or for programs: one JSON document, whose fields are only ever added
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Looks at all instances and prints what is found.
pub(crate) fn run(args: &Lint) -> anyhow::Result<ExitCode> {
    let checkout = Checkout::open(&args.folder, &args.config_file)?;
    let engines = Engines::new(args.rendering.settings());
    let folder = tempfile::tempdir().context("making a folder for the archives of charts")?;
    let charts = Charts::new(folder.path().join("charts"));
    let bases = Bases::new(folder.path().join("bases"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (engines, charts, bases, opener) =
        (&engines, &charts, &bases, &args.rendering.opener(crate::guarded::redactor().clone()));
    let tools = Tools { engines, charts, bases, opener, config: &checkout.config, config_file: &args.config_file };
    let all = runtime.block_on(look(&checkout, tools))?;
    print(args.output, &all)?;
    let fails = |one: &Inspected| one.problem.is_some() || one.findings.iter().any(|one| one.rule == "chart-lock");
    Ok(if all.values().any(fails) {
        ExitCode::FAILURE
    } else if all.values().any(|one| !one.findings.is_empty()) {
        ExitCode::from(exit::DIFFERS)
    } else {
        ExitCode::SUCCESS
    })
}

/// What was seen, by instance.
type All = BTreeMap<String, Inspected>;

async fn look(checkout: &Checkout, tools: Tools<'_>) -> anyhow::Result<All> {
    let mut all = All::new();
    for instance in checkout.config.instances() {
        let access = |host: &str| checkout.access(host);
        let read = |paths: &[String]| checkout.files(paths);
        let seen = match inspect(&tools, &instance, read, access).await {
            Ok(seen) => seen,
            Err(error) => Inspected { problem: Some(format!("{error:#}")), ..Inspected::default() },
        };
        all.insert(instance.id.to_string(), seen);
    }
    Ok(all)
}

fn print(output: Output, all: &All) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        let of = |(instance, seen): (&String, &Inspected)| -> Vec<_> {
            seen.findings.iter().map(|one| finding(instance, one)).collect()
        };
        let findings: Vec<_> = all.iter().flat_map(of).collect();
        let problems: Vec<_> = all
            .iter()
            .filter_map(|(instance, seen)| Some(json!({"instance": instance, "why": seen.problem.as_ref()?})))
            .collect();
        return Ok(writeln!(out, "{:#}", json!({"findings": findings, "problems": problems}))?);
    }
    // What instances share is said once.
    let mut lines: Vec<String> = all.values().flat_map(|seen| &seen.findings).map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    let problems = all.iter().filter_map(|(instance, seen)| Some(format!("{instance}: {}", seen.problem.as_ref()?)));
    lines.extend(problems);
    for line in &lines {
        writeln!(out, "{}", secrets::clean_terminal(line))?;
    }
    if lines.is_empty() {
        writeln!(out, "nothing was found in {} instances", all.len())?;
    }
    Ok(())
}

fn finding(instance: &str, one: &Finding) -> serde_json::Value {
    json!({
        "instance": instance,
        "rule": one.rule,
        "file": one.place.file,
        "line": one.place.line,
        "object": one.object.as_ref().map(ToString::to_string),
        "what": one.what,
        "help": one.help,
    })
}
