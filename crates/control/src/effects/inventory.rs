//! The inventory is written before the first apply: whatever may come into being is known to be ours.

use cluster::inventory::CandidateMark;
use model::Fact;
use store::PinRecord;

use super::Done;
use crate::converge::keys;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    let keys = keys(&candidate.rendered);
    let mark = CandidateMark {
        pin: Some(record.id.clone()),
        render_hash: candidate.hash(),
        base: candidate.base.clone(),
        restarts: Some(inner.restarts(&place, &candidate.rendered).await),
    };
    inner
        .update_inventory(&place, "write inventory", |inventory| {
            inventory.add_candidate_objects(&keys, Some(&record.id));
            inventory.candidate = Some(mark.clone());
        })
        .await?;
    Ok(Fact::Inventoried.into())
}
