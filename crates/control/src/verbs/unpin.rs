//! Unpin: the twin of a pin. It pins the version before and switches automatic pins off until a person unlocks.

use model::{Build, Decider, ImageRef, InstanceFact, InstanceId, PersonName, PinKind, PinNumber};

use crate::Control;
use crate::authorize::Act;
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};

impl Control {
    /// Goes back to the version before the pin that was recorded last. The click is the decision where one approver is
    /// enough; where a quorum is needed the others are asked.
    pub async fn unpin(&self, instance: &InstanceId, person: &PersonName, why: &str) -> Result<PinNumber, Problem> {
        let place = self.known(instance)?;
        self.allowed(person, Act::Unpin(instance))?;
        let Some(last) = self.inner.store.last_done(instance).await? else {
            let what = format!("{instance} was never pinned");
            return Err(Problem::new(ProblemCode::TooLate, what, "there is no version before to go back to"));
        };
        let Some(from) = last.pin.from().cloned() else {
            let what = format!("nothing ran in {instance} before pin {}", last.pin.number);
            return Err(Problem::new(ProblemCode::TooLate, what, "there is no version before to go back to"));
        };
        if !self.has_worked(instance, &from).await? {
            let what = format!("{} was never seen to work in {instance}", from.version());
            return Err(Problem::new(ProblemCode::TooLate, what, "pin the build that should run instead"));
        }
        self.asked_first(&place, person, (&from, true), "unpin").await?;
        let announced = self.inner.announced(instance, &from).await?;
        let build = Build { image: from, chart: last.pin.from_chart().cloned(), announced };
        let kind = PinKind::Unpin { of: last.pin.number };
        let id = Inner::new_pin_id()?;
        let now = self.inner.clock.now();
        let why = if why.trim().is_empty() { format!("unpinned by {person}") } else { secrets::clip(why, 200) };
        // Locked first: a crash in between leaves a lock that is seen, and not an unpin that is pinned over.
        self.inner.append_instance(instance, InstanceFact::Locked { by: Decider::Person(person.clone()), why }).await?;
        let opened = self.inner.store.open_pin(&id, instance, kind, build, Some(person.clone()), now).await?;
        self.inner.wakes.wake(instance);
        Ok(opened.number())
    }

    /// Whether a version was ever seen Current there: what a first pin took the place of may never have come up.
    async fn has_worked(&self, instance: &InstanceId, image: &ImageRef) -> Result<bool, Problem> {
        let facts = self.inner.store.instance_facts(instance).await?;
        Ok(facts.iter().any(|recorded| match &recorded.fact {
            InstanceFact::Verified { image: Some(worked), .. } | InstanceFact::ReadBack { image: worked, .. } => {
                worked.same_content(image)
            }
            _ => false,
        }))
    }
}
