//! The inventory is written before the first apply: whatever may come into being is known to be ours.

use cluster::ObjectKey;
use cluster::inventory::CandidateMark;
use model::Fact;
use render::Rendered;
use store::PinRecord;

use super::Done;
use crate::converge::Place;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    let keys = keys(&place, &candidate.rendered);
    let mark =
        CandidateMark { pin: Some(record.id.clone()), render_hash: candidate.hash(), base: candidate.base.clone() };
    inner
        .update_inventory(&place, "write inventory", |inventory| {
            inventory.add_candidate_objects(&keys, Some(&record.id));
            inventory.candidate = Some(mark.clone());
        })
        .await?;
    Ok(Fact::Inventoried.into())
}

/// The keys of a set, in the namespace that they go to.
pub(crate) fn keys(place: &Place, rendered: &Rendered) -> Vec<ObjectKey> {
    let of = |object: &render::Object| {
        let mut key = ObjectKey::of(&object.value);
        key.namespace.get_or_insert_with(|| place.target.default_namespace().to_owned());
        key
    };
    rendered.objects.iter().map(of).collect()
}
