//! Deleting what should no longer be, each object announced on the barrier.

use std::collections::BTreeSet;

use cluster::{ObjectKey, PrunePlan};
use model::PinId;

use crate::converge::Place;
use crate::inner::Inner;
use crate::trouble::Trouble;

impl Inner {
    /// Prunes what nothing desires any more, as far as the guard lets it go. How many went, and what is held and why.
    pub(crate) async fn prune(&self, place: &Place, keep: &[ObjectKey]) -> Result<(usize, Vec<String>), Trouble> {
        let Some(stored) = place.cluster.read_inventory(&place.instance.id).await? else { return Ok((0, Vec::new())) };
        let keep: BTreeSet<ObjectKey> = keep.iter().cloned().collect();
        if stored.inventory.objects.iter().all(|entry| keep.contains(&entry.key)) {
            return Ok((0, Vec::new()));
        }
        let plan = place.cluster.plan_prune(&place.target, &stored.inventory, &keep, false).await?;
        let gone = self.delete(place, &plan, "prune").await?;
        self.update_inventory(place, "forget pruned", |inventory| inventory.forget(&gone)).await?;
        let held = plan.held.iter().map(|held| format!("{}: {}", held.key, held.why)).collect();
        Ok((plan.delete.len(), held))
    }

    /// Deletes what only a dropped candidate brought, data excepted. What went, or is gone already.
    pub(crate) async fn delete_brought_by(
        &self,
        place: &Place,
        pin: &PinId,
        keep: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>, Trouble> {
        let Some(mut stored) = place.cluster.read_inventory(&place.instance.id).await? else { return Ok(Vec::new()) };
        stored.inventory.objects.retain(|entry| !keep.contains(&entry.key));
        let plan = place.cluster.plan_dropped(&place.target, &stored.inventory, pin).await?;
        self.delete(place, &plan, "delete dropped").await
    }

    async fn delete(&self, place: &Place, plan: &PrunePlan, what: &str) -> Result<Vec<ObjectKey>, Trouble> {
        let mut gone = plan.gone.clone();
        for (key, uid) in &plan.delete {
            let one = PrunePlan { delete: vec![(key.clone(), uid.clone())], ..PrunePlan::default() };
            let effect = format!("{what} {}/{}", key.kind.kind, key.name);
            let delete = || async { Ok::<_, Trouble>(place.cluster.prune(&one).await?) };
            let deleted = self.barrier.around(&effect, delete).await?;
            gone.extend(deleted.into_iter().map(|one| one.key));
        }
        Ok(gone)
    }
}
