//! Yes, no and stop, said to a fleet pin: to all its instances at once.

use model::{Fleet, FleetFact, FleetNumber, InstanceId, PersonName, Pin, Surface};
use sha2::{Digest as _, Sha256};
use store::{FleetRecord, StoreError};

use super::MOST_TRIES;
use super::decide::{Answer, spoken};
use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

impl Control {
    /// Says yes to every pin of a fleet that people are asked about, as they are asked about it now.
    pub async fn approve_fleet(&self, number: FleetNumber, answer: Answer<'_>) -> Result<Fleet, Problem> {
        self.decide_fleet(number, |record, pins| {
            self.allowed_fleet(answer.by, record)?;
            for pin in pins {
                self.allowed(answer.by, Act::Approve(pin))?;
            }
            may_answer_fleet(record, pins, answer)?;
            let covers = Fleet::covers(pins);
            Ok(FleetFact::Approved { by: answer.by.clone(), surface: answer.surface, covers })
        })
        .await
    }

    /// Says no to a fleet pin that people are asked about.
    pub async fn reject_fleet(&self, number: FleetNumber, answer: Answer<'_>) -> Result<Fleet, Problem> {
        self.decide_fleet(number, |record, pins| {
            self.allowed_fleet(answer.by, record)?;
            may_answer_fleet(record, pins, answer)?;
            let reason = answer.reason.and_then(spoken);
            Ok(FleetFact::Rejected { by: answer.by.clone(), surface: answer.surface, reason })
        })
        .await
    }

    /// Stops a fleet pin: nothing more is begun. What runs is left to its own end.
    pub async fn cancel_fleet(
        &self,
        number: FleetNumber,
        person: &PersonName,
        surface: Surface,
    ) -> Result<Fleet, Problem> {
        self.decide_fleet(number, |record, _| {
            self.allowed_fleet(person, record)?;
            Ok(FleetFact::Cancelled { by: person.clone(), surface })
        })
        .await
    }

    pub(crate) async fn fleet_record(&self, number: FleetNumber) -> Result<(FleetRecord, Vec<Pin>), Problem> {
        let Some(record) = self.inner.store.fleet(number).await? else {
            let what = format!("there is no fleet pin {number}");
            return Err(Problem::new(ProblemCode::NotFound, what, "the page lists the fleet pins that there are"));
        };
        let pins = self.inner.store.pins_of_fleet(number).await?;
        Ok((record, pins.into_iter().map(|record| record.pin).collect()))
    }

    async fn decide_fleet(
        &self,
        number: FleetNumber,
        fact: impl Fn(&FleetRecord, &[Pin]) -> Result<FleetFact, Problem>,
    ) -> Result<Fleet, Problem> {
        for _ in 0..MOST_TRIES {
            let (record, pins) = self.fleet_record(number).await?;
            let (fact, now) = (fact(&record, &pins)?, self.inner.clock.now());
            match self.inner.store.append_fleet(number, record.fleet.facts, fact, now).await {
                Ok(fleet) => {
                    self.inner.wakes.fleets.notify_one();
                    self.inner.wakes.chat.notify_one();
                    self.inner.wakes.changed();
                    return Ok(fleet);
                }
                Err(StoreError::FleetConflict { .. }) => {}
                Err(StoreError::IllegalFleet(illegal)) => {
                    let what = format!("fleet pin {number} is {} already", illegal.state);
                    return Err(Problem::new(ProblemCode::TooLate, what, "the page shows where it is"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Problem::new(ProblemCode::Unavailable, format!("fleet pin {number} changes too fast"), "try again"))
    }

    fn allowed_fleet(&self, person: &PersonName, record: &FleetRecord) -> Result<(), Problem> {
        let place = InstanceId::only(record.fleet.project.clone(), record.fleet.environment.clone());
        self.allowed(person, Act::Fleet(&place))
    }
}

/// The question must be open, whole, and the one that was shown.
fn may_answer_fleet(record: &FleetRecord, pins: &[Pin], answer: Answer<'_>) -> Result<(), Problem> {
    let (fleet, number) = (&record.fleet, record.fleet.number);
    let late = |what: String, next| Err(Problem::new(ProblemCode::TooLate, what, next));
    if fleet.ended || fleet.stopped.is_some() {
        return late(format!("fleet pin {number} is {} already", fleet.state()), "the page shows where it is");
    }
    if !fleet.is_asked(pins) {
        return late(format!("fleet pin {number} is not being asked about now"), "the page shows where it is");
    }
    if answer.shown.is_some_and(|shown| shown != shown_fleet(pins)) {
        let what = format!("people are asked about something else by now: {number} changed after it was shown to you");
        return late(what, "read what is asked now, and answer that");
    }
    let covers = Fleet::covers(pins);
    if fleet.approvals.iter().any(|given| given.by == *answer.by && given.covers == covers) {
        return late(format!("{} approved {number} already", answer.by), "another approver must agree");
    }
    Ok(())
}

/// Names what people are asked about a fleet pin, so that nobody answers what they have not seen.
pub fn shown_fleet(pins: &[Pin]) -> String {
    let mut digest = Sha256::new();
    for (number, hash) in Fleet::covers(pins) {
        digest.update(format!("{number} {hash}\n"));
    }
    digest.finalize().iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
