//! Webhooks: how fast they are answered, what is kept of them, and what they cost in memory.

use std::time::{Duration, Instant};

use store::Store;
use testkit::Shop;
use testkit::shop::{Builds, Fault};

use crate::figures::Times;

/// The server's memory is looked at after this many.
const EARLY: usize = 1000;
const TAGS: usize = 5;

/// What many webhooks at once came to.
pub(super) struct Load {
    pub(super) answered: Times,
    took: Duration,
    early_kib: u64,
    late_kib: u64,
}

impl Load {
    /// What there is to say of it.
    pub(super) fn said(&self) -> String {
        let (rows, grown) = (self.answered.count(), self.late_kib.saturating_sub(self.early_kib));
        format!(
            "{rows} signed webhooks answered with 2xx in {:.1} s. VmHWM of the server: {} KiB after {EARLY}, {} KiB after all and \
             with every build settled: {grown} KiB more (goal: at most 10,240).",
            self.took.as_secs_f64(),
            self.early_kib,
            self.late_kib,
        )
    }
}

/// One after another.
pub(super) async fn alone(shop: &Shop, times: usize) -> Result<Times, Fault> {
    let mut answered = Vec::new();
    for at in 0..times {
        answered.push(shop.ci.announce("1.0", &format!("{at:040x}"), "Show prices with tax").await?);
    }
    Ok(answered.into_iter().collect())
}

/// Many at a time, of some builds, the newest last.
pub(super) async fn load(shop: &Shop, all: usize) -> Result<Load, Fault> {
    for minor in 0..TAGS {
        let tag = format!("5.{minor}");
        shop.registry.push_image("acme/shop", &tag, &tag).await?;
    }
    let tag = move |at| format!("5.{}", at * TAGS / all);
    let began = Instant::now();
    let early = EARLY.min(all);
    let mut answered = shop.ci.announce_many(0..early, tag).await?;
    let early_kib = shop.server.most_memory_kib()?;
    answered.extend(shop.ci.announce_many(early..all, tag).await?);
    let took = began.elapsed();
    // What came before a build is settled when people are asked about it.
    shop.asked_about("6.0").await?;
    Ok(Load { answered: answered.into_iter().collect(), took, early_kib, late_kib: shop.server.most_memory_kib()? })
}

/// Whether every webhook that was answered has its row, and people were asked once.
pub(super) async fn count(store: &Store, answered: u64) -> Result<String, Fault> {
    let Builds { rows, waiting } = Builds::count(store).await?;
    let open = store.open_pins().await?.len();
    Ok(format!(
        "In the whole run {answered} webhooks were answered with 2xx and {rows} rows are in SQLite; {waiting} builds wait; open asks of \
         the instance: {open}."
    ))
}
