//! `cargo xtask bench pin`: from a webhook to the first write, and from a fault to its verdict.

mod bare;
mod hooks;
mod lives;
mod seen;
mod writes;

use std::io::Write as _;
use std::time::Instant;

use testkit::devcluster::Options;
use testkit::served::SENDERS;
use testkit::shop::{self, Fault};
use testkit::{DevCluster, Shop};

use crate::Binary;
use crate::figures::Table;
use crate::machine::{self, say};

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many builds are pinned
    #[arg(long, default_value_t = 20)]
    pub pins: u32,
    /// How often each failing kind of image is pinned
    #[arg(long, default_value_t = 3)]
    pub faults: u32,
    /// How many webhooks are sent at once
    #[arg(long, default_value_t = 10_000)]
    pub webhooks: usize,
}

/// Measures, and prints tables to stdout and what it is at to stderr.
pub async fn run(plan: &Plan, binary: &Binary) -> Result<(), Fault> {
    let began = Instant::now();
    let machine = machine::described();
    say("starting a cluster, a git remote, a registry and the server");
    let cluster = DevCluster::start(Options { audit: true, ..Options::default() }).await?;
    let of_shop = shop::Plan { cluster: Some(cluster), ..shop::Plan::of(&binary.path) };
    let mut shop = Shop::start(of_shop).await?;
    let seen = seen::Seen::watch(&shop);

    let mut table = Table::new(&["what", "times", "p50", "p99", "goal"]);
    say("webhooks one after another");
    let alone = hooks::alone(&shop, 300).await?;
    table.times("webhook answered, one at a time", &alone, "p99 < 300 ms");

    say("pins");
    let bare = bare::run(&shop, plan.pins).await?;
    let pins = lives::pins(&shop, plan.pins).await?;
    say("faults");
    let faults = lives::faults(&mut shop, plan.faults).await?;
    say("webhooks, many at once");
    let load = hooks::load(&shop, plan.webhooks).await?;
    table.times(&format!("webhook answered, {SENDERS} at a time"), &load.answered, "p99 < 300 ms");

    let writes = writes::read(&shop)?;
    let store = shop.stop().await?;
    let counted = hooks::count(&store, shop.ci.answered()).await?;
    let records = lives::records(&store).await?;
    lives::pin_rows(&mut table, &pins, &writes, &seen);
    lives::fault_rows(&mut table, &faults, &records, &seen);

    let mut out = std::io::stdout().lock();
    writeln!(out, "{machine}; profile {}\n\n{}", binary.profile, table.text())?;
    writeln!(out, "{}", lives::against_bare(&pins, &writes, &seen, &bare).text())?;
    writeln!(out, "{}", lives::steps(&pins, &records, &writes).text())?;
    writeln!(out, "{}\n{}", load.said(), counted)?;
    writeln!(out, "\nThe run took {:.0} s.", began.elapsed().as_secs_f64())?;
    Ok(())
}
