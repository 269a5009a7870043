//! The verbs that people and senders call. Each reads the pin, asks `authorize`, appends one fact by
//! compare-and-set and answers; what follows from the fact is the loops' work.

mod accept_rewrite;
mod adopt;
mod again;
mod confirm_prune;
mod decide;
mod fleet;
mod lock;
mod mend_head;
mod receive;
mod restore;
mod return_instance;
mod sync;
mod unpin;
mod write_drift;

pub use adopt::shown_adoption;
pub use confirm_prune::shown_prune;
pub use decide::Answer;
pub use fleet::shown_fleet;
pub use receive::Receipt;

use model::{Fact, IllegalFact, Outcome, Pin, PinNumber, Stage};
use store::{PinRecord, StoreError};

use crate::problem::{Problem, ProblemCode};
use crate::{Control, authorize};

/// How often a decision is tried again when another fact came between reading and appending.
const MOST_TRIES: u32 = 20;

impl Control {
    pub(crate) async fn record(&self, number: PinNumber) -> Result<PinRecord, Problem> {
        let found = self.inner.store.pin(number).await?;
        found.ok_or_else(|| {
            Problem::new(
                ProblemCode::NotFound,
                format!("there is no pin {number}"),
                "the page lists the pins that there are",
            )
        })
    }

    /// Appends what a person decided. Facts of the loops may come between (a delay, a watched line), so it is tried again
    /// on the new state; a fact that ends what the person decided about makes it too late.
    async fn decide(
        &self,
        number: PinNumber,
        allow: impl Fn(&PinRecord) -> Result<(), Problem>,
        fact: impl Fn(&Pin) -> Fact,
    ) -> Result<Pin, Problem> {
        for _ in 0..MOST_TRIES {
            let record = self.record(number).await?;
            allow(&record)?;
            let appended = self.inner.append(&record, &[fact(&record.pin)], &[]).await;
            match appended {
                Ok(pin) => return Ok(pin),
                Err(StoreError::Conflict { .. }) => {}
                Err(StoreError::Illegal(illegal)) => return Err(too_late(&record.pin, &illegal)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Problem::new(ProblemCode::Unavailable, format!("pin {number} changes too fast"), "try again"))
    }

    pub(crate) fn allowed(&self, person: &model::PersonName, act: authorize::Act<'_>) -> Result<(), Problem> {
        authorize::authorize(&self.inner.config(), person, act)
    }
}

/// Says what became of the pin instead.
fn too_late(pin: &Pin, illegal: &IllegalFact) -> Problem {
    let state = match &pin.stage {
        Stage::Ended(Outcome::Rejected { by, .. }) => format!("already rejected by {by}"),
        Stage::Ended(Outcome::Expired) => "expired".to_owned(),
        Stage::Ended(Outcome::Superseded { by }) => format!("replaced by {by}"),
        Stage::Ended(Outcome::Cancelled { by }) => format!("already cancelled by {by}"),
        Stage::Ended(Outcome::Done { .. }) => "already done".to_owned(),
        Stage::Ended(Outcome::Dropped { .. }) => "already dropped".to_owned(),
        Stage::Ended(Outcome::Refused { .. }) => "refused: it can't be done".to_owned(),
        _ if !pin.approvals.is_empty() => format!("already approved by {}", pin.approved_by()),
        _ => illegal.stage.to_owned(),
    };
    Problem::new(ProblemCode::TooLate, format!("pin {} is {state}", pin.number), "the page shows where it is")
}
