//! `cargo xtask bench reconcile`: the scene of the Flux benchmark. Many apps are pushed at once, applied and judged; then nothing
//! changes; then one app does.

mod bare;
mod count;
mod play;

use std::io::Write as _;
use std::time::{Duration, Instant};

use testkit::fleet::{self, Fleet};
use testkit::shop::Fault;

use crate::Binary;
use crate::figures::{Table, Times, ms, ratio, secs};
use crate::machine::{self, say};

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many apps there are
    #[arg(long, default_value_t = 1000)]
    pub apps: usize,
    /// In how many namespaces
    #[arg(long, default_value_t = 10)]
    pub namespaces: usize,
    /// How many apps get another image, one after another
    #[arg(long, default_value_t = 10)]
    pub changes: usize,
    /// How many seconds nothing changes
    #[arg(long, default_value_t = 75)]
    pub quiet: u64,
}

/// How long all apps together may take for one thing.
const PATIENCE: Duration = Duration::from_mins(20);

/// Measures, and prints tables to stdout and what it is at to stderr.
pub async fn run(plan: &Plan, binary: &Binary) -> Result<(), Fault> {
    let machine = machine::described();
    say("starting a cluster, a git remote and the server");
    let program = binary.path.clone();
    let of_fleet = fleet::Plan { program, apps: plan.apps, namespaces: plan.namespaces, patience: PATIENCE };
    let mut fleet = Fleet::start(of_fleet).await?;
    say("a bare loop");
    let before = bare::run(&fleet, "bare-a", plan.namespaces).await?;
    let extra = bare::extra_writes(&fleet, "bare-x").await?;
    say("all apps at once");
    let installed = play::install(&mut fleet).await?;
    say("nothing changes");
    let quiet = play::nothing(&mut fleet, Duration::from_secs(plan.quiet)).await?;
    say("one app after another");
    let changed = play::changes(&mut fleet, plan.changes).await?;
    let memory = fleet.server.most_memory_kib()?;
    say("the server starts again");
    let again = play::again(&mut fleet).await?;
    say("the bare loop again");
    let after = bare::run(&fleet, "bare-b", plan.namespaces).await?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{machine}; profile {}; {} apps in {} namespaces\n", binary.profile, plan.apps, plan.namespaces)?;
    writeln!(out, "{}", figures(&before, &after, extra, (&installed, &quiet, &again), memory, &changed).text())?;
    writeln!(out, "{}", counts(plan.apps, &installed, &quiet, &changed, &again).text())?;
    Ok(())
}

fn figures(
    before: &bare::Bare,
    after: &bare::Bare,
    extra: Duration,
    (installed, quiet, again): (&play::Done, &play::Done, &play::Done),
    memory: u64,
    changed: &play::Changed,
) -> Table {
    let mut table = Table::new(&["what", "measured", "goal"]);
    let mut row = |what: &str, measured: String, goal: &str| table.row(&[what.to_owned(), measured, goal.to_owned()]);
    let bare = (before.took + after.took) / 2;
    row("bare loop, before and after", format!("{}, {}", secs(before.took), secs(after.took)), "");
    row("two writes more an app, alone", secs(extra), "");
    row("all apps pushed -> the last is applied and judged", secs(installed.took), "");
    row("times the bare loop", ratio(Some(installed.took), Some(bare)), "at most 1.25 x");
    row("times bare loop and two writes more", ratio(Some(installed.took), Some(bare + extra)), "");
    row("processor time of the server, of git", worked(installed), "");
    row("the same while nothing changed", format!("{} in {}", worked(quiet), secs(quiet.took)), "");
    row("memory of the server, VmHWM", format!("{} MiB", memory / 1024), "at most 150 MiB");
    let times = |times: &Times| format!("{} p50, {} at most, of {}", ms(times.p50()), ms(times.p99()), times.count());
    row("push hook -> Deployment written", times(&changed.written), "< 1 s");
    row("push hook -> verified", times(&changed.verified), "");
    row("renders for these changes", changed.renders.to_string(), "one each");
    row("started again -> asks nothing any more", secs(again.took), "");
    row("processor time of that, of git", worked(again), "");
    table
}

fn counts(
    apps: usize,
    installed: &play::Done,
    quiet: &play::Done,
    changed: &play::Changed,
    again: &play::Done,
) -> Table {
    let mut table = Table::new(&["requests", "all", "an app", "writes", "which"]);
    let mut row = |what: &str, done: &count::Counted, apps: usize, note: String| {
        let each = count::each(done.all, apps);
        table.row(&[what.to_owned(), done.all.to_string(), each, done.writes.to_string(), note]);
    };
    row("all apps at once", &installed.counted, apps, installed.counted.said());
    row("nothing changes", &quiet.counted, apps, quiet.counted.said());
    let others = format!("{}; of other apps: {}", changed.counted.said(), changed.of_others);
    row("an app changed", &changed.counted, changed.written.count(), others);
    row("started again", &again.counted, apps, again.counted.said());
    table
}

fn worked(done: &play::Done) -> String {
    format!("{}, {}", secs(done.worked.0), secs(done.worked.1))
}

/// How long something took.
async fn timed<T>(doing: impl Future<Output = Result<T, Fault>>) -> Result<Duration, Fault> {
    let began = Instant::now();
    doing.await?;
    Ok(began.elapsed())
}
