//! Performing what a pin wants: one file an effect, one list. Each re-reads the world, looks for its own key in the
//! outside system before it repeats itself, and hands back the facts that say what happened.

mod apply;
mod ask;
mod claim;
mod commit;
mod converge_back;
pub(crate) mod dry_run;
mod inventory;
mod propose;
mod push;
mod redo;
mod render;
mod settle;
pub(crate) mod watch;

use futures::future::BoxFuture;
use model::{Effect, Fact, FailureReport, InstanceFact, Pin};
use store::{PinRecord, StoreError};

use crate::backoff::backoff;
pub(crate) use commit::{
    APPROVED_TRAILER, INSTANCE_TRAILER, LOCKED_TRAILER, NUMBER_TRAILER, PIN_TRAILER, UNPINS_TRAILER,
};

use crate::inner::Inner;
use crate::trouble::Trouble;

/// What an effect came to: facts about the pin and about its instance, appended together.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub facts: Vec<Fact>,
    pub instance_facts: Vec<InstanceFact>,
}

impl From<Fact> for Done {
    fn from(fact: Fact) -> Self {
        Self { facts: vec![fact], instance_facts: Vec::new() }
    }
}

/// What became of one turn of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Facts were appended: there may be more to do at once.
    Moved,
    /// Nothing can be done until something changes.
    Blocked,
    /// The database does not take what happened: nothing may be done until it does.
    Unrecorded,
}

/// Performs one effect and records what came of it.
pub(crate) async fn perform(inner: &Inner, record: PinRecord, effect: Effect) -> Turn {
    let record = match begin(inner, record, effect).await {
        Ok(record) => record,
        Err(trouble) => return unrecorded(&trouble, effect),
    };
    let outcome = inner.barrier.around(effect.name(), || run(inner, &record, effect)).await;
    let done = match outcome {
        Ok(done) if done.facts.is_empty() => return Turn::Blocked,
        Ok(done) => done,
        Err(Trouble::LookAgain) => return Turn::Moved,
        Err(trouble) => consequence(inner, &record.pin, effect, trouble).into(),
    };
    match finish(inner, record, &done).await {
        Ok(pin) => {
            tracing::info!(pin = %pin.number, instance = %pin.instance, %effect, stage = pin.stage.name(), "pin");
            Turn::Moved
        }
        Err(trouble) => unrecorded(&trouble, effect),
    }
}

/// Appends what an effect came to. Facts that came meanwhile and left the pin in its stage (what it waits for, a retry
/// asked for) don't make it untrue; one that took it elsewhere does.
async fn finish(inner: &Inner, mut record: PinRecord, done: &Done) -> Result<Pin, Trouble> {
    let stage = std::mem::discriminant(&record.pin.stage);
    loop {
        match inner.append(&record, &done.facts, &done.instance_facts).await {
            Err(StoreError::Conflict { .. }) => {}
            appended => return appended.map_err(Trouble::from),
        }
        let now = inner.store.pin(record.pin.number).await?;
        record = now.filter(|now| std::mem::discriminant(&now.pin.stage) == stage).ok_or(Trouble::LookAgain)?;
    }
}

/// A fact that could not be appended: either somebody was first, or the database does not take it. Either way the effect
/// is found again by its key.
fn unrecorded(trouble: &Trouble, effect: Effect) -> Turn {
    match trouble {
        Trouble::LookAgain => Turn::Moved,
        trouble => {
            tracing::error!(?trouble, %effect, "what happened could not be recorded; nothing goes on until it can");
            Turn::Unrecorded
        }
    }
}

/// Writes down the intent before anything outside is touched.
async fn begin(inner: &Inner, mut record: PinRecord, effect: Effect) -> Result<PinRecord, Trouble> {
    if effect.key_place() == model::KeyPlace::NothingOutside {
        return Ok(record);
    }
    let fact = Fact::Began { effect };
    record.pin = inner.append(&record, &[fact], &[]).await?;
    Ok(record)
}

/// Boxed, so that the many futures of one turn are one type.
fn run<'a>(inner: &'a Inner, record: &'a PinRecord, effect: Effect) -> BoxFuture<'a, Result<Done, Trouble>> {
    Box::pin(async move { dispatch(inner, record, effect).await })
}

async fn dispatch(inner: &Inner, record: &PinRecord, effect: Effect) -> Result<Done, Trouble> {
    match effect {
        Effect::Propose => propose::perform(inner, record).await,
        Effect::Ask => ask::perform(inner, record).await,
        Effect::Expire => Ok(Fact::Expired.into()),
        Effect::Claim => claim::perform(inner, record).await,
        Effect::Render => render::perform(inner, record).await,
        Effect::DryRun => dry_run::perform(inner, record).await,
        Effect::WriteInventory => inventory::perform(inner, record).await,
        Effect::Apply => apply::perform(inner, record).await,
        Effect::Watch => watch::perform(inner, record).await,
        Effect::Commit => commit::perform(inner, record).await,
        Effect::Push => push::perform(inner, record).await,
        Effect::Redo => redo::perform(inner, record).await,
        Effect::Settle => settle::perform(inner, record).await,
        Effect::ConvergeBack => converge_back::perform(inner, record).await,
    }
}

/// What follows from a trouble, by what the pin has touched.
fn consequence(inner: &Inner, pin: &Pin, effect: Effect, trouble: Trouble) -> Fact {
    let attempts = pin.delay.as_ref().map_or(0, |delay| delay.attempts) + 1;
    let later = |reason: &str| Fact::Delayed {
        effect,
        reason: inner.redacted(reason),
        again_at: inner.clock.now().plus(backoff(attempts)),
    };
    match trouble {
        Trouble::LookAgain => later("something else came first"),
        Trouble::Wait(reason) => later(&reason),
        Trouble::Failed(report) => Fact::Failed(report),
        // Nothing was touched: it is refused, and no harm done.
        Trouble::Impossible(why) if !pin.touched() => Fact::Refused { why: inner.redacted(&why) },
        // A candidate that can't go on is dropped; what was proven, and the way back, are tried for ever.
        Trouble::Impossible(why) if pin.stage.in_flight() => Fact::Failed(Box::new(FailureReport {
            sentence: inner.redacted(&why),
            technical: String::new(),
            object: String::new(),
            log: Vec::new(),
        })),
        Trouble::Impossible(why) => later(&why),
    }
}
