//! `cargo xtask bench`: builds the binary and measures it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, anyhow, ensure};
use bench::{Binary, apps, drift, faults, fleet, page, pin, reconcile};
use clap::Subcommand;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Which {
    /// From a webhook to the first write, from a fault to its verdict, and 10,000 webhooks at once.
    Pin {
        #[command(flatten)]
        plan: pin::Plan,
        /// Measure a release build, which takes some minutes to make.
        #[arg(long)]
        release: bool,
    },
    /// Hundreds of Apps with their databases under one operator: all at once, then nothing, then one changed, one new, and a restart.
    Apps {
        #[command(flatten)]
        plan: apps::Plan,
        /// Measure a release build, which takes some minutes to make.
        #[arg(long)]
        release: bool,
        /// Measure this binary, and build none.
        #[arg(long, conflicts_with = "release")]
        program: Option<PathBuf>,
    },
    /// Fields changed behind our back: from the watch event to the repair.
    Drift(drift::Plan),
    /// Each fault that simulated nodes can make: from the status that completes the rule to the verdict.
    Faults(faults::Plan),
    /// A fleet pin over hundreds of instances with a bad build: stopped in its first wave, and nothing else touched.
    Fleet(fleet::Plan),
    /// The first page of thousands of instances.
    Page {
        #[command(flatten)]
        plan: page::Plan,
        /// Measure a release build, which takes some minutes to make.
        #[arg(long)]
        release: bool,
    },
    /// A thousand encrypted files opened in a pass, in a release build.
    Secrets,
    /// Many apps pushed at once, then nothing, then one changed app; beside a bare loop.
    Reconcile {
        #[command(flatten)]
        plan: reconcile::Plan,
        /// Measure a release build, which takes some minutes to make.
        #[arg(long)]
        release: bool,
        /// Measure this binary, and build none.
        #[arg(long, conflicts_with = "release")]
        program: Option<PathBuf>,
    },
}

/// Measures it.
pub(crate) async fn run(which: Which) -> anyhow::Result<()> {
    let measured = match which {
        Which::Secrets => return opened(),
        Which::Pin { plan, release } => pin::run(&plan, &built(release)?).await,
        Which::Apps { plan, release: _, program: Some(path) } => {
            apps::run(&plan, &Binary { path, profile: "as given" }).await
        }
        Which::Apps { plan, release, program: None } => apps::run(&plan, &built(release)?).await,
        Which::Drift(plan) => drift::run(&plan).await,
        Which::Faults(plan) => faults::run(&plan).await,
        Which::Fleet(plan) => fleet::run(&plan).await,
        Which::Page { plan, release } => page::run(&plan, &built(release)?).await,
        Which::Reconcile { plan, release: _, program: Some(path) } => {
            reconcile::run(&plan, &Binary { path, profile: "as given" }).await
        }
        Which::Reconcile { plan, release, program: None } => reconcile::run(&plan, &built(release)?).await,
    };
    measured.map_err(|error| anyhow!("{error}"))
}

/// Opening is arithmetic: a build without optimisation says nothing of it.
fn opened() -> anyhow::Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "secrets", "--example", "pass"]);
    ensure!(cargo.status().context("starting cargo")?.success(), "the benchmark failed");
    Ok(())
}

/// The binary, built now and by the same cargo.
pub(crate) fn built(release: bool) -> anyhow::Result<Binary> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "pinnace"]);
    if release {
        cargo.arg("--release");
    }
    ensure!(cargo.status().context("starting cargo")?.success(), "pinnace does not build");
    let us = std::env::current_exe().context("finding this program")?;
    let target = us.ancestors().nth(2).context("finding the build folder")?;
    let (folder, profile) = if release { ("release", "release") } else { ("debug", "dev") };
    let path: PathBuf = target.join(folder).join("pinnace");
    ensure!(path.is_file(), "{} is not there", path.display());
    Ok(Binary { path, profile })
}
