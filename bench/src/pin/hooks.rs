//! Webhooks: how fast they are answered, what is kept of them, and what they cost in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{BuildState, Store};
use testkit::Shop;
use testkit::shop::{Announcer, Fault};
use tokio::task::JoinSet;

use crate::figures::Times;

/// How many send at a time.
pub(super) const SENDERS: usize = 32;
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
pub(super) async fn alone(ci: &Announcer, times: usize) -> Result<Times, Fault> {
    let mut answered = Vec::new();
    for at in 0..times {
        answered.push(ci.announce("1.0", &format!("{at:040x}")).await?);
    }
    Ok(answered.into_iter().collect())
}

/// Many at a time, of some builds, the newest last.
pub(super) async fn load(shop: &Shop, ci: &Arc<Announcer>, all: usize) -> Result<Load, Fault> {
    for minor in 0..TAGS {
        let tag = format!("5.{minor}");
        shop.registry.push_image("acme/shop", &tag, &tag).await?;
    }
    let began = Instant::now();
    let early = EARLY.min(all);
    let mut answered = burst(ci, 0..early, all).await?;
    let early_kib = shop.most_memory_kib()?;
    answered.extend(burst(ci, early..all, all).await?);
    let took = began.elapsed();
    // What came before a build is settled when people are asked about it.
    shop.asked_about(ci, "6.0").await?;
    Ok(Load { answered: answered.into_iter().collect(), took, early_kib, late_kib: shop.most_memory_kib()? })
}

async fn burst(ci: &Arc<Announcer>, which: std::ops::Range<usize>, all: usize) -> Result<Vec<Duration>, Fault> {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (ci, which) = (Arc::clone(ci), which.clone());
        senders.spawn(async move {
            let mut answered = Vec::new();
            for at in which.skip(sender).step_by(SENDERS) {
                answered.push(ci.announce(&format!("5.{}", at * TAGS / all), &format!("{at:040x}")).await?);
            }
            Ok::<_, Fault>(answered)
        });
    }
    let mut answered = Vec::new();
    while let Some(done) = senders.join_next().await {
        answered.extend(done??);
    }
    Ok(answered)
}

/// Whether every webhook that was answered has its row, and people were asked once.
pub(super) async fn count(store: &Store, answered: u64) -> Result<String, Fault> {
    let (mut rows, mut waiting, mut before) = (0_u64, 0, None);
    loop {
        let page = store.builds(None, before, 1000).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        rows += u64::try_from(page.len())?;
        waiting += page.iter().filter(|row| matches!(row.state, BuildState::Received { .. })).count();
    }
    let open = store.open_pins().await?.len();
    Ok(format!(
        "In the whole run {answered} webhooks were answered with 2xx and {rows} rows are in SQLite; {waiting} builds wait; open asks of \
         the instance: {open}."
    ))
}
