//! Fleet pins: what people said to the whole is said to each pin, waves are begun, and the first Failed stops it. What is due
//! is decided by `model`; here it is appended.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Fact, FleetNumber, FleetTurn, InstanceId, Pin, Tally};
use store::{FleetRecord, PinRecord, StoreError};

use super::until_writable::until_writable;
use crate::Control;
use crate::inner::Inner;

/// Without a signal the loop looks again after this long.
const TICK: Duration = Duration::from_mins(1);

pub(super) async fn run(control: Control) {
    loop {
        let pause = match turn(&control.inner).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "fleet pins can't go on");
                until_writable(&control, "fleets").await;
                continue;
            }
        };
        tokio::select! {
            () = control.inner.wakes.fleets.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One look at every open fleet pin. How long nothing is due.
async fn turn(inner: &Inner) -> Result<Duration, StoreError> {
    let mut pause = TICK;
    let open = inner.store.open_fleets().await?;
    for record in &open {
        let pins = inner.store.pins_of_fleet(record.fleet.number).await?;
        let newer = newer_approved(inner, record, &open).await?;
        let turn = due(inner, record, &pins, newer).await?;
        let now = inner.clock.now();
        if let Some(at) = turn.again_at {
            pause = pause.min(at.since(now).max(Duration::from_millis(5)));
        }
        carry_out(inner, record, &pins, turn).await?;
    }
    Ok(pause)
}

async fn due(
    inner: &Inner,
    record: &FleetRecord,
    records: &[PinRecord],
    newer: Option<FleetNumber>,
) -> Result<FleetTurn, StoreError> {
    let pins: Vec<Pin> = records.iter().map(|record| record.pin.clone()).collect();
    let mut locked: BTreeMap<InstanceId, String> = BTreeMap::new();
    for pin in pins.iter().filter(|pin| pin.waits_for_wave()) {
        if let Some(lock) = inner.store.instance(&pin.instance).await?.lock {
            locked.insert(pin.instance.clone(), format!("{}: {}", lock.by, lock.why));
        }
    }
    Ok(record.fleet.turn(&pins, &locked, newer, inner.clock.now()))
}

/// A newer fleet pin of the same instances that people or the policy said yes to.
async fn newer_approved(
    inner: &Inner,
    record: &FleetRecord,
    open: &[FleetRecord],
) -> Result<Option<FleetNumber>, StoreError> {
    let this = &record.fleet;
    let same = |other: &&FleetRecord| {
        let (other, this) = (&other.fleet, this);
        other.number > this.number && other.project == this.project && other.environment == this.environment
    };
    for newer in open.iter().filter(same).filter(|newer| newer.fleet.stopped.is_none()) {
        let pins = inner.store.pins_of_fleet(newer.fleet.number).await?;
        let tally = Tally::of(pins.iter().map(|record| &record.pin));
        if tally.waiting + tally.running + tally.done > 0 {
            return Ok(Some(newer.fleet.number));
        }
    }
    Ok(None)
}

/// Appends what is due. Somebody else's fact may come first: then the next look decides anew.
async fn carry_out(inner: &Inner, record: &FleetRecord, pins: &[PinRecord], turn: FleetTurn) -> Result<(), StoreError> {
    let fleet = &record.fleet;
    if let Some(fact) = turn.fact {
        tracing::info!(fleet = %fleet.number, ?fact, "a fleet pin goes on");
        match inner.store.append_fleet(fleet.number, fleet.facts, fact, inner.clock.now()).await {
            Err(StoreError::FleetConflict { .. } | StoreError::IllegalFleet(_)) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        // What follows from it is looked for at once.
        inner.wakes.fleets.notify_one();
        inner.wakes.chat.notify_one();
        inner.wakes.changed();
    }
    let of = |number| pins.iter().find(|record| record.pin.number == number);
    let due = turn.pins.into_iter().filter_map(|(number, fact)| Some((of(number)?, fact)));
    // Handed in at once they share a transaction: hundreds of pins cost a few flushes of the disk.
    let appends: Vec<_> = due.map(|(pin, fact)| append(inner, pin, fact)).collect();
    futures::future::join_all(appends).await.into_iter().collect()
}

async fn append(inner: &Inner, record: &PinRecord, fact: Fact) -> Result<(), StoreError> {
    match inner.append(record, &[fact], &[]).await {
        Err(StoreError::Conflict { .. } | StoreError::Illegal(_)) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}
