//! Whole lives: builds that hold, builds that fail, and how long each step of them took.

use std::time::Duration;

use model::{Effect, Fact, Pin};
use store::{PinRecord, Store};
use testkit::Shop;
use testkit::shop::Fault;

use super::bare::Bare;
use super::say;
use super::seen::Seen;
use super::writes::Request;
use crate::figures::{Table, Times, ms, ratio};
use crate::watched::now;

/// The failing images, by the part of their tag that makes the simulated nodes fail them.
const FAULTS: [&str; 5] = ["crash-loop", "image-missing", "config-key-missing", "out-of-memory", "ready-then-crash"];

/// One build that was approved.
pub(super) struct Life {
    number: u64,
    tag: String,
    fault: &'static str,
    /// When ann was answered, and how long that took.
    approved: Duration,
    answered_in: Duration,
}

/// Builds that hold.
pub(super) async fn pins(shop: &Shop, times: u32) -> Result<Vec<Life>, Fault> {
    let mut lives = Vec::new();
    for at in 0..times {
        lives.push(live(shop, format!("2.{at}"), "", "done").await?);
    }
    Ok(lives)
}

/// Builds that fail, each kind in turn.
pub(super) async fn faults(shop: &mut Shop, times: u32) -> Result<Vec<Life>, Fault> {
    let mut lives = Vec::new();
    for fault in FAULTS {
        say(fault);
        if fault == "ready-then-crash" {
            // Its pods crash two seconds after they were ready: a shorter window would let it pass.
            shop.stable_for("4s").await?;
        }
        for at in 0..times {
            lives.push(live(shop, format!("3.{at}-{fault}"), fault, "dropped").await?);
        }
    }
    Ok(lives)
}

async fn live(shop: &Shop, tag: String, fault: &'static str, outcome: &str) -> Result<Life, Fault> {
    let number = shop.asked_about(&tag).await?;
    let pressed = now();
    shop.approve(number).await?;
    let approved = now();
    let ended = shop.ended(number).await?;
    if ended != outcome {
        return Err(format!("{tag} was to end {outcome} and ended {ended}").into());
    }
    Ok(Life { number, tag, fault, approved, answered_in: approved.saturating_sub(pressed) })
}

/// Every pin of the run.
pub(super) async fn records(store: &Store) -> Result<Vec<PinRecord>, Fault> {
    Ok(store.pins(None, None, 10_000).await?)
}

/// From the approval to the first write.
pub(super) fn pin_rows(table: &mut Table, pins: &[Life], writes: &[Request], seen: &Seen) {
    let answered: Times = pins.iter().map(|life| life.answered_in).collect();
    table.times("approval answered", &answered, "p99 < 300 ms");
    table.times("approved -> first object applied", &until_write(pins, writes, |_| true), "p50 < 300 ms");
    table.times("approved -> Deployment applied", &until_write(pins, writes, is_deployment), "");
    table.times("approved -> Deployment observed", &until_observed(pins, seen), "");
}

/// From the status that completes a rule to the verdict in the database, the container's last lines with it.
pub(super) fn fault_rows(table: &mut Table, faults: &[Life], records: &[PinRecord], seen: &Seen) {
    for fault in FAULTS {
        let lives = faults.iter().filter(|life| life.fault == fault);
        let times = lives.filter_map(|life| {
            let failed = at(record(life, records)?, |fact| matches!(fact, Fact::Failed(_)))?;
            Some(failed.saturating_sub(seen.doomed(&life.tag, fault)?))
        });
        table.times(&format!("{fault} reported -> verdict"), &times.collect(), "p99 < 1 s");
    }
}

/// The same against a bare loop.
pub(super) fn against_bare(pins: &[Life], writes: &[Request], seen: &Seen, bare: &Bare) -> Table {
    let mut table =
        Table::new(&["from the decision to", "ours p50", "bare p50", "ratio", "ours p99", "bare p99", "ratio"]);
    let lines = [
        ("first object applied", until_write(pins, writes, |_| true), &bare.first),
        ("Deployment applied", until_write(pins, writes, is_deployment), &bare.written),
        ("Deployment observed", until_observed(pins, seen), &bare.observed),
    ];
    for (what, ours, bare) in lines {
        let cells = [
            what.to_owned(),
            ms(ours.p50()),
            ms(bare.p50()),
            ratio(ours.p50(), bare.p50()),
            ms(ours.p99()),
            ms(bare.p99()),
            ratio(ours.p99(), bare.p99()),
        ];
        table.row(&cells);
    }
    table
}

/// Whether a fact is the one that a step begins or ends with.
type Is = fn(&Fact) -> bool;

/// Where the time goes between the approval and the last write, by the facts.
pub(super) fn steps(pins: &[Life], records: &[PinRecord], writes: &[Request]) -> Table {
    let mut table = Table::new(&["step", "times", "p50", "p99", "requests to the cluster, p50"]);
    let steps: [(&str, Is, Is); 6] = [
        ("approved -> claimed", |fact| matches!(fact, Fact::Approved { .. }), |fact| matches!(fact, Fact::Claimed)),
        (
            "claimed -> rendered (fetch, edit, render)",
            |fact| matches!(fact, Fact::Claimed),
            |fact| matches!(fact, Fact::Rendered { .. }),
        ),
        (
            "rendered -> dry run",
            |fact| matches!(fact, Fact::Rendered { .. }),
            |fact| matches!(fact, Fact::DryRun { .. }),
        ),
        ("dry run -> inventory", |fact| matches!(fact, Fact::DryRun { .. }), |fact| matches!(fact, Fact::Inventoried)),
        ("inventory -> applied", |fact| matches!(fact, Fact::Inventoried), |fact| matches!(fact, Fact::Applied { .. })),
        (
            "verified -> pushed",
            |fact| matches!(fact, Fact::Verified { .. }),
            |fact| matches!(fact, Fact::Pushed { .. } | Fact::Began { effect: Effect::Settle }),
        ),
    ];
    for (what, from, to) in steps {
        let spans: Vec<(Duration, Duration)> = pins
            .iter()
            .filter_map(|life| record(life, records))
            .filter_map(|record| Some((at(record, from)?, at(record, to)?)))
            .collect();
        let times: Times = spans.iter().map(|(from, to)| to.saturating_sub(*from)).collect();
        let mut requests: Vec<usize> =
            spans.iter().map(|(from, to)| writes.iter().filter(|one| (*from..*to).contains(&one.at)).count()).collect();
        requests.sort_unstable();
        let requests = requests.get(requests.len() / 2).copied().unwrap_or_default();
        table.times(what, &times, &requests.to_string());
    }
    table
}

fn until_write(pins: &[Life], writes: &[Request], of: impl Fn(&str) -> bool) -> Times {
    let first = |life: &Life| {
        writes
            .iter()
            .filter(|one| one.at >= life.approved && one.written.as_deref().is_some_and(&of))
            .map(|one| one.at.saturating_sub(life.approved))
            .min()
    };
    pins.iter().filter_map(first).collect()
}

fn until_observed(pins: &[Life], seen: &Seen) -> Times {
    pins.iter().filter_map(|life| Some(seen.observed(&life.tag)?.saturating_sub(life.approved))).collect()
}

fn is_deployment(resource: &str) -> bool {
    resource == "deployments"
}

fn record<'a>(life: &Life, records: &'a [PinRecord]) -> Option<&'a PinRecord> {
    records.iter().find(|record| number(&record.pin) == life.number)
}

fn number(pin: &Pin) -> u64 {
    pin.number.0
}

/// When the first such fact was appended.
fn at(record: &PinRecord, is_it: impl Fn(&Fact) -> bool) -> Option<Duration> {
    let found = record.facts.iter().find(|recorded| is_it(&recorded.fact))?;
    Some(Duration::from_millis(u64::try_from(found.at.0).ok()?))
}
