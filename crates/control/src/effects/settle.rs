//! After the push: the inventory names the verified commit, and what the candidate no longer has is pruned.

use cluster::inventory::{Inventory, VerifiedAt};
use model::{Effect, Fact, InstanceFact};
use store::PinRecord;

use super::Done;
use crate::converge::keys;
use crate::inner::Inner;
use crate::pruned::Going;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let Some(commit) = pin.commit.clone() else { return Err(Trouble::LookAgain) };
    let candidate = inner.recorded_candidate(pin).await?;
    let place = inner.place(&pin.instance, &candidate.rendered).await?;
    if going_back_began(record) {
        inner.apply_all(&place, &candidate.rendered, "apply recorded").await?;
    }
    let verified = VerifiedAt { commit: commit.clone(), render_hash: candidate.hash() };
    let keep = keys(&candidate.rendered);
    let seen = inner.last_applied.seen(&pin.instance, &verified.render_hash);
    let verify = |inventory: &mut Inventory| inventory.verify(verified.clone(), &seen);
    inner.update_inventory(&place, "settle inventory", verify).await?;
    inner.clear_hooks(&place, &candidate.rendered).await?;
    let going = Going { instance: &pin.instance, commit: &commit, confirmed_by: None };
    let pruned = inner.prune(&place, &keep, &going, None).await?;
    let state = inner.store.instance(&pin.instance).await?;
    let verified = InstanceFact::Verified {
        commit,
        render_hash: candidate.hash(),
        image: Some(pin.to().clone()),
        pin: Some(pin.number),
    };
    let instance_facts = std::iter::once(verified).chain(pruned.fact(&state)).collect();
    Ok(Done { facts: vec![Fact::Settled { pruned: pruned.gone, held: pruned.held }], instance_facts })
}

/// It was cancelled, and turned out to be recorded: what was taken back meanwhile is applied again.
fn going_back_began(record: &PinRecord) -> bool {
    let began = Fact::Began { effect: Effect::ConvergeBack };
    record.facts.iter().any(|recorded| recorded.fact == began)
}
