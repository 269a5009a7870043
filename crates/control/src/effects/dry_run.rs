//! The server-side dry run of the whole set, before the first write.

use cluster::{ObjectKey, Refusal};
use model::Fact;
use render::Rendered;
use serde_json::Value;
use store::PinRecord;

use super::Done;
use crate::converge::{Place, key, keys};
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    // It may have changed since the slot was taken; nothing was touched yet.
    if let Some(why) = inner.unmet_need(&place.instance).await? {
        return Err(Trouble::Wait(why));
    }
    let result = inner.check_candidate(&place, &candidate.rendered).await?;
    refuse_clashes(&place, &candidate.rendered).await?;
    let mut unchecked: Vec<String> = result.unchecked.iter().map(|one| format!("{}: {}", one.key, one.why)).collect();
    unchecked.extend(inner.check_hooks(&place, &candidate.rendered).await?);
    unchecked.extend(inner.check_references(&place, &candidate.rendered).await?);
    Ok(Fact::DryRun { unchecked }.into())
}

/// Refuses new objects that could not become Current.
pub(crate) async fn refuse_clashes(place: &Place, rendered: &Rendered) -> Result<(), Trouble> {
    let clashes = clashes(place, rendered).await?;
    if clashes.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = clashes.iter().map(|one| format!("{}: {}", one.key, one.message)).collect();
    Err(Trouble::Impossible(format!("the cluster would refuse it: {}", lines.join("; "))))
}

/// New objects that can't become Current while an old one lives that is pruned only after them (design 9.3).
async fn clashes(place: &Place, rendered: &Rendered) -> Result<Vec<Refusal>, Trouble> {
    let Some(stored) = place.cluster.known_inventory(&place.instance.id).await? else { return Ok(Vec::new()) };
    let staying = keys(rendered);
    let held: Vec<&ObjectKey> = stored.inventory.objects.iter().map(|entry| &entry.key).collect();
    let mut leaving: Vec<(ObjectKey, Value)> = Vec::new();
    for old in held.iter().filter(|old| !staying.contains(old) && !old.kind.is_secret()) {
        leaving.extend(place.cluster.get(old).await?.map(|live| ((*old).clone(), live)));
    }
    let leaving: Vec<(ObjectKey, &Value)> = leaving.iter().map(|(old, live)| (old.clone(), live)).collect();
    let new = rendered.objects.iter().map(|object| (key(object), &object.value));
    let new: Vec<(ObjectKey, &Value)> = new.filter(|(key, _)| !held.contains(&key)).collect();
    Ok(cluster::clashes(&new, &leaving))
}
