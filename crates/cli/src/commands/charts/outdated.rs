//! `pinnace charts outdated`: which charts have newer versions.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use config_repo::charts::{ChartLock, PinnedChart};
use control::charts::{ChartError, Charts, Newest};
use serde::Serialize;

use super::{Wanted, wanted};
use crate::checkout::{Checkout, CheckoutArgs};
use crate::remote::{Output, exit, table};

/// List the charts of which there are newer versions than the locked ones
///
/// The exit code is 3 when there are any that the range allows: `pinnace charts lock --update NAME` takes them.
#[derive(Debug, clap::Args)]
pub(super) struct Outdated {
    #[command(flatten)]
    checkout: CheckoutArgs,
    /// For people, or for programs: one JSON document, whose fields are only ever added
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// One chart of which there is something newer.
#[derive(Debug, Serialize)]
struct Line {
    chart: String,
    range: String,
    file: String,
    locked: Option<String>,
    /// The newest one that the range allows.
    allowed: Option<String>,
    newest: Option<String>,
}

/// Lists them.
pub(super) async fn run(args: &Outdated) -> anyhow::Result<ExitCode> {
    let checkout = args.checkout.open()?;
    let folder = tempfile::tempdir().context("making a folder for the archives")?;
    let charts = Charts::new(folder.path().to_owned());
    let mut lines = Vec::new();
    for one in &wanted(&checkout) {
        let access = checkout.access(&one.chart.place.host())?;
        let newest = charts.newest(&one.chart, &access).await?;
        lines.extend(line(one, locked(&checkout, one)?, &newest));
    }
    let may_move = lines.iter().any(|line| line.allowed != line.locked);
    print(args.output, lines)?;
    Ok(if may_move { ExitCode::from(exit::DIFFERS) } else { ExitCode::SUCCESS })
}

fn locked(checkout: &Checkout, one: &Wanted) -> anyhow::Result<Option<String>> {
    let Some(text) = checkout.text(&one.file)? else { return Ok(None) };
    let locked = match one.chart.pinned {
        Some(_) => Some(PinnedChart::parse(text.as_bytes(), &one.file).map_err(ChartError::from)?.0),
        None => ChartLock::parse(&text, &one.file)?.entry(&one.chart).cloned(),
    };
    Ok(locked.map(|locked| locked.version.to_string()))
}

fn line(one: &Wanted, locked: Option<String>, newest: &Newest) -> Option<Line> {
    let text = |version: &Option<config_repo::charts::ChartVersion>| version.as_ref().map(ToString::to_string);
    let (allowed, released) = (text(&newest.in_range), text(&newest.released));
    if locked == allowed && (released.is_none() || locked == released) {
        return None;
    }
    let (chart, range) = (one.chart.place.to_string(), one.chart.range.to_string());
    Some(Line { chart, range, file: one.file.clone(), locked, allowed, newest: released })
}

fn print(output: Output, lines: Vec<Line>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if output == Output::Json {
        return Ok(writeln!(out, "{:#}", serde_json::json!({"charts": lines}))?);
    }
    if lines.is_empty() {
        return Ok(writeln!(out, "every chart is at its newest version")?);
    }
    let word = |version: Option<String>| version.unwrap_or_else(|| "-".to_owned());
    let rows = lines
        .into_iter()
        .map(|line| vec![line.chart, line.range, word(line.locked), word(line.allowed), word(line.newest), line.file]);
    Ok(write!(out, "{}", table(&["CHART", "RANGE", "LOCKED", "ALLOWED", "NEWEST", "FILE"], rows.collect()))?)
}
