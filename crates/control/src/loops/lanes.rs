//! Two lanes for each instance: one asks people, one drives the candidate. Neither instance nor lane waits for another.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::BoxFuture;
use model::{InstanceId, Next, Stage, Timestamp};
use store::{PinRecord, StoreError};

use super::rest::Rest;
use super::unbroken::unbroken;
use super::until_writable::until_writable;
use crate::Control;
use crate::effects::{self, Turn};

/// Without a signal a lane looks again after this long.
const TICK: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Asking,
    Candidate,
}

/// Starts the lanes of every instance that is configured or has an open pin; an instance that appears later gets its own.
pub(super) async fn run(control: Control) {
    let mut running: HashSet<InstanceId> = HashSet::new();
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        for id in instances(&control).await {
            if running.insert(id.clone()) {
                tasks.spawn(boxed(control.clone(), id.clone(), Lane::Asking));
                tasks.spawn(boxed(control.clone(), id, Lane::Candidate));
            }
        }
        tokio::select! {
            () = control.inner.wakes.lanes.notified() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

async fn instances(control: &Control) -> Vec<InstanceId> {
    let mut ids: Vec<InstanceId> = control.inner.config().instances().into_iter().map(|instance| instance.id).collect();
    // Those that git has no longer, too: what they own is still there.
    match control.inner.store.known_instances().await {
        Ok(known) => ids.extend(known),
        Err(error) => tracing::warn!(%error, "the known instances could not be read"),
    }
    match control.inner.store.open_pins().await {
        Ok(open) => ids.extend(open.into_iter().map(|record| record.pin.instance)),
        Err(error) => tracing::warn!(%error, "open pins could not be read"),
    }
    ids
}

/// Boxed, so that the future's type is named once.
fn boxed(control: Control, id: InstanceId, lane: Lane) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let what = match lane {
            Lane::Asking => format!("asking about builds of {id}"),
            Lane::Candidate => format!("the work on {id}"),
        };
        unbroken(&control, &what, || follow(control.clone(), id.clone(), lane)).await;
    })
}

async fn follow(control: Control, id: InstanceId, lane: Lane) {
    let mut woken = control.inner.wakes.instance(&id);
    let mut rest = Rest::default();
    loop {
        woken.mark_unchanged();
        // Boxed, so that what a turn needs is given back: thousands of lanes have nothing to do.
        let pause = match Box::pin(turn(&control, &id, lane, &mut rest)).await {
            Ok(None) => continue,
            Ok(Some(pause)) => pause,
            Err(error) => {
                tracing::warn!(%error, instance = %id, "the database can't be used; nothing goes on until it can");
                until_writable(&control, "lanes").await;
                continue;
            }
        };
        tokio::select! {
            _ = woken.changed() => {}
            () = rest.reported() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One turn: the first pin of this lane that wants something gets it. None when there may be more to do at once, else how
/// long nothing is due.
async fn turn(control: &Control, id: &InstanceId, lane: Lane, rest: &mut Rest) -> Result<Option<Duration>, StoreError> {
    let now = control.inner.clock.now();
    let mut pins: Vec<PinRecord> = control.inner.store.open_pins_of(id).await?;
    pins.retain(|record| lane_of(&record.pin.stage) == lane);
    // The candidate first, then the newest.
    pins.sort_by_key(|record| (!record.pin.holds_claim(), std::cmp::Reverse(record.pin.number)));
    if lane == Lane::Candidate && pins.is_empty() {
        return rest.turn(control, id).await;
    }
    rest.disturbed();
    let mut due = now.plus(TICK);
    let hurried = lane == Lane::Candidate && control.inner.hurried.take(id);
    for record in pins {
        let next = match record.pin.next(now) {
            Next::WaitUntil(_) if hurried && record.pin.delay.is_some() => Next::Do(record.pin.wanted()),
            next => next,
        };
        match next {
            Next::Do(effect) => match effects::perform(&control.inner, record, effect).await {
                Turn::Moved => return Ok(None),
                Turn::Blocked => {}
                Turn::Unrecorded => {
                    until_writable(control, "a lane").await;
                    return Ok(None);
                }
            },
            Next::WaitUntil(at) => due = due.min(at),
            Next::Nothing => {}
        }
    }
    Ok(Some(until(due, now)))
}

fn until(due: Timestamp, now: Timestamp) -> Duration {
    due.since(now).clamp(Duration::from_millis(5), TICK)
}

fn lane_of(stage: &Stage) -> Lane {
    match stage {
        Stage::Received | Stage::Proposed | Stage::Asked => Lane::Asking,
        _ => Lane::Candidate,
    }
}
