//! Dropping a candidate: what its instance is desired to be is the verified commit again, and ordinary convergence does the
//! rest ([`crate::way_back`]).

use model::{CommitId, DropReason, Fact, InstanceFact, Stage};
use store::PinRecord;

use super::{Done, push};
use crate::inner::Inner;
use crate::trouble::Trouble;
use crate::way_back::{self, Back};

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    if let Some(commit) = got_through(inner, record).await {
        return Ok(Fact::Pushed { commit }.into());
    }
    let state = inner.store.instance(&pin.instance).await?;
    // A first install has no verified commit: then HEAD alone is desired.
    let to = state.verified.map(|verified| verified.commit);
    let commit = to.clone().unwrap_or_else(|| inner.mirror.head());
    let Back { healthy, seen } = inner.go_back(&pin.instance, &record.id, &commit, pin.number).await?;
    let both_bad = !healthy && matches!(pin.stage, Stage::Dropping(DropReason::Failed));
    let instance_facts: Vec<InstanceFact> = if both_bad { vec![way_back::freeze(&commit)?] } else { Vec::new() };
    Ok(Done { facts: vec![Fact::ConvergedBack { to, healthy, seen }], instance_facts })
}

/// A push may have got through while a person cancelled: then it is recorded, and what is recorded runs on. A remote that
/// can't be asked keeps nobody from going back.
async fn got_through(inner: &Inner, record: &PinRecord) -> Option<CommitId> {
    record.pin.commit.as_ref()?;
    let head = inner.mirror.fetch().await.ok()?.head;
    push::recorded_as(inner, record, &head).await.ok()?
}
