//! `pinnace charts`: the versions of charts from elsewhere that are used.

mod lock;
mod outdated;

use std::process::ExitCode;

use clap::Subcommand;
use config_repo::charts::RemoteChart;

use crate::checkout::Checkout;

/// Lock the versions of charts that lie in registries and chart repositories, and see which are newer
///
/// These commands work on a checkout of the config repo, without a server.
#[derive(Debug, clap::Args)]
pub(crate) struct Charts {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Lock(lock::Lock),
    Outdated(outdated::Outdated),
}

/// Runs it.
pub(crate) fn run(args: &Charts) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.what {
            What::Lock(args) => lock::run(args).await,
            What::Outdated(args) => outdated::run(args).await,
        }
    })
}

/// A chart of the config, and the file in which its version stands.
struct Wanted {
    chart: RemoteChart,
    file: String,
}

/// Every chart from elsewhere that the config names: once for the lock file, and once for each instance with a file of its own.
fn wanted(checkout: &Checkout) -> Vec<Wanted> {
    let instances = checkout.config.instances();
    let charts = instances.iter().flat_map(|instance| &instance.sources).filter_map(|source| source.remote.as_ref());
    let mut wanted: Vec<Wanted> = Vec::new();
    for chart in charts {
        let file = chart.pinned.clone().unwrap_or_else(|| checkout.config.lock_file.clone());
        let same = |one: &Wanted| one.file == file && one.chart.place == chart.place && one.chart.range == chart.range;
        if !wanted.iter().any(same) {
            wanted.push(Wanted { chart: chart.clone(), file });
        }
    }
    wanted.sort_by(|one, other| (&one.file, one.chart.place.name()).cmp(&(&other.file, other.chart.place.name())));
    wanted
}
