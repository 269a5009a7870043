//! The candidate: the edit on the newest HEAD, rendered. When that is not what people approved, they are asked again.

use model::{Decider, Fact, Pin};
use store::PinRecord;

use super::{Done, propose};
use crate::candidate::Candidate;
use crate::converge::count;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let instance = inner.instance(&pin.instance)?;
    let head = inner.mirror.fetch().await?.head;
    let candidate = Candidate::on(inner, &instance, pin, &head).await?;
    let as_approved = pin.proposal.as_ref().is_some_and(|proposal| proposal.render_hash == candidate.hash());
    let same_from = pin.from() == Some(&candidate.from);
    if as_approved || (decided_by_policy(pin) && same_from) {
        let objects = count(candidate.rendered.objects.len());
        return Ok(Fact::Rendered { base: candidate.base.clone(), render_hash: candidate.hash(), objects }.into());
    }
    let state = inner.store.instance(&instance.id).await?;
    Ok(Fact::Proposed(Box::new(propose::proposal(inner, &instance, &state, candidate).await?)).into())
}

fn decided_by_policy(pin: &Pin) -> bool {
    pin.approvals.iter().all(|approval| matches!(approval.by, Decider::Policy(_)))
}

impl Inner {
    /// The candidate that the pin recorded, made again from its base. Its hash must be the recorded one.
    pub(crate) async fn recorded_candidate(&self, pin: &Pin) -> Result<Candidate, Trouble> {
        let Some(recorded) = &pin.candidate else {
            return Err(Trouble::Impossible("the pin has no candidate".to_owned()));
        };
        let instance = self.instance(&pin.instance)?;
        let candidate = Candidate::on(self, &instance, pin, &recorded.base).await?;
        if candidate.hash() == recorded.render_hash {
            return Ok(candidate);
        }
        let why = "its commit renders to something else than before: pinnace.yaml or Pinnace itself changed meanwhile";
        Err(Trouble::Impossible(why.to_owned()))
    }
}
