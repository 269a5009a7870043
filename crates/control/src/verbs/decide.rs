//! Yes, no, stop, and try again now.

use model::{Decider, Fact, PersonName, Pin, PinNumber, Stage, Surface};

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

/// A reason that a person typed is cut here.
const LONGEST_REASON: usize = 500;

impl Control {
    /// Says yes to an ask. The first decision wins.
    pub async fn approve(&self, number: PinNumber, person: &PersonName, surface: Surface) -> Result<Pin, Problem> {
        let fact = |_: &Pin| Fact::Approved { by: Decider::Person(person.clone()), surface: Some(surface) };
        self.decide(number, |pin| self.may_answer(pin, person, Act::Approve(pin)), fact).await
    }

    /// Says no to an ask. The first decision wins.
    pub async fn reject(
        &self,
        number: PinNumber,
        person: &PersonName,
        surface: Surface,
        reason: Option<&str>,
    ) -> Result<Pin, Problem> {
        let reason = reason.map(|text| secrets::clip(&secrets::clean_terminal(text), LONGEST_REASON));
        let reason = reason.filter(|text| !text.trim().is_empty());
        let fact = |_: &Pin| Fact::Rejected { by: person.clone(), surface, reason: reason.clone() };
        self.decide(number, |pin| self.may_answer(pin, person, Act::Reject(pin)), fact).await
    }

    /// Stops a pin: an ask is withdrawn, a candidate that is not proven or can't be recorded is dropped.
    pub async fn cancel(&self, number: PinNumber, person: &PersonName, surface: Surface) -> Result<Pin, Problem> {
        let fact = |_: &Pin| Fact::Cancelled { by: person.clone(), surface };
        self.decide(number, |pin| self.allowed(person, Act::Cancel(pin)), fact).await
    }

    /// Tries again now what waits for the other side. Nothing is decided by it.
    pub async fn retry(&self, number: PinNumber, person: &PersonName) -> Result<Pin, Problem> {
        let record = self.record(number).await?;
        self.allowed(person, Act::Retry(&record.pin))?;
        let Some(delay) = record.pin.delay.clone() else {
            let what = format!("pin {number} waits for nothing");
            return Err(Problem::new(ProblemCode::TooLate, what, "the page shows where it is"));
        };
        let effect = record.pin.wanted();
        let now = self.inner.clock.now();
        let fact = |_: &Pin| Fact::Delayed { effect, reason: delay.reason.clone(), again_at: now };
        self.decide(number, |_| Ok(()), fact).await
    }

    /// Who answers must be allowed to, and the question must be open.
    fn may_answer(&self, pin: &Pin, person: &PersonName, act: Act<'_>) -> Result<(), Problem> {
        self.allowed(person, act)?;
        if pin.stage == Stage::Asked && pin.approvals.iter().any(|given| given.by == Decider::Person(person.clone())) {
            let what = format!("{person} approved pin {} already", pin.number);
            return Err(Problem::new(ProblemCode::TooLate, what, "another approver must agree"));
        }
        if matches!(pin.stage, Stage::Received | Stage::Proposed) {
            let what = format!("pin {} is not asked about yet", pin.number);
            return Err(Problem::new(ProblemCode::TooLate, what, "try again in a moment"));
        }
        Ok(())
    }
}
