//! Yes, no, stop, and try again now.

use chat::ButtonValue;
use model::{Decider, Fact, PersonName, Pin, PinKind, PinNumber, Stage, Surface};
use store::PinRecord;

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

/// A reason that a person typed is cut here.
const LONGEST_REASON: usize = 500;

/// A person's answer to an ask.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub(super) by: &'a PersonName,
    pub(super) surface: Surface,
    pub(super) shown: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
}

impl<'a> Answer<'a> {
    /// Who answers, and where. It counts for what people are asked about now.
    pub fn by(by: &'a PersonName, surface: Surface) -> Self {
        Self { by, surface, shown: None, reason: None }
    }

    /// It counts only for the ask that was shown, by the nonce of its buttons ([`ButtonValue::of`]).
    #[must_use]
    pub fn to(self, shown: &'a str) -> Self {
        Self { shown: Some(shown), ..self }
    }

    /// With a reason that people are told.
    #[must_use]
    pub fn because(self, reason: &'a str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

/// A reason as it is kept; none when nothing is said by it.
pub(super) fn spoken(text: &str) -> Option<String> {
    let text = secrets::clip(&secrets::clean_terminal(text), LONGEST_REASON);
    (!text.trim().is_empty()).then_some(text)
}

impl Control {
    /// Says yes to an ask. The first decision wins. Who pins an older build over a migration that can't be reversed is asked first.
    pub async fn approve(&self, number: PinNumber, answer: Answer<'_>) -> Result<Pin, Problem> {
        let record = self.record(number).await?;
        if record.pin.kind == PinKind::Pin && record.pin.stage == Stage::Asked {
            self.may_answer(&record, answer, Act::Approve(&record.pin))?;
            let place = self.known(&record.pin.instance)?;
            self.asked_first(&place, answer.by, (&record.pin.build.image, false), "approve").await?;
        }
        let by = Decider::Person(answer.by.clone());
        let fact = |_: &Pin| Fact::Approved { by: by.clone(), surface: Some(answer.surface) };
        self.decide(number, |record| self.may_answer(record, answer, Act::Approve(&record.pin)), fact).await
    }

    /// Says no to an ask. The first decision wins.
    pub async fn reject(&self, number: PinNumber, answer: Answer<'_>) -> Result<Pin, Problem> {
        let reason = answer.reason.and_then(spoken);
        let (by, surface) = (answer.by, answer.surface);
        let fact = |_: &Pin| Fact::Rejected { by: by.clone(), surface, reason: reason.clone() };
        self.decide(number, |record| self.may_answer(record, answer, Act::Reject(&record.pin)), fact).await
    }

    /// Stops a pin: an ask is withdrawn, a candidate that is not proven or can't be recorded is dropped.
    pub async fn cancel(&self, number: PinNumber, person: &PersonName, surface: Surface) -> Result<Pin, Problem> {
        let fact = |_: &Pin| Fact::Cancelled { by: person.clone(), surface };
        self.decide(number, |record| self.allowed(person, Act::Cancel(&record.pin)), fact).await
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

    /// Who answers must be allowed to, the question must be open, and it must be the one that was shown.
    fn may_answer(&self, record: &PinRecord, answer: Answer<'_>, act: Act<'_>) -> Result<(), Problem> {
        let (pin, person) = (&record.pin, answer.by);
        self.allowed(person, act)?;
        if answer.shown.is_some_and(|shown| ButtonValue::of(&record.id, pin).nonce != shown) {
            let number = pin.number;
            let what =
                format!("people are asked about something else by now: pin {number} changed after it was shown to you");
            return Err(Problem::new(ProblemCode::TooLate, what, "read what is asked now, and answer that"));
        }
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
