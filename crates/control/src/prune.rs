//! Deleting what should no longer be, each object announced on the barrier.

use std::collections::BTreeSet;

use cluster::inventory::StoredInventory;
use cluster::{ClusterClient, ObjectKey, PrunePlan};
use model::{InstanceFact, InstanceState, PinId};

use crate::converge::{Place, count};
use crate::inner::Inner;
use crate::pruned::Going;
use crate::trouble::Trouble;

/// What pruning came to.
pub(crate) struct Pruned {
    /// How many objects went.
    pub gone: u32,
    /// What is held back, as `Kind/name: why`.
    pub held: Vec<String>,
}

impl Pruned {
    /// The fact that changes what is held, where that is news.
    pub(crate) fn fact(&self, state: &InstanceState) -> Option<InstanceFact> {
        let is_news = self.held != state.prune_held || state.prune_confirmed.is_some();
        is_news.then(|| InstanceFact::PruneHeld { objects: self.held.clone() })
    }
}

impl Inner {
    /// Prunes what nothing desires any more, as far as the guard lets it go. `confirmed` is what a named person let go: it
    /// counts when it is all that the guard would hold.
    pub(crate) async fn prune(
        &self,
        place: &Place,
        keep: &[ObjectKey],
        going: &Going<'_>,
        confirmed: Option<&[String]>,
    ) -> Result<Pruned, Trouble> {
        let keep: BTreeSet<ObjectKey> = keep.iter().cloned().collect();
        let none = Pruned { gone: 0, held: Vec::new() };
        let leaves = |stored: &StoredInventory| stored.inventory.objects.iter().any(|entry| !keep.contains(&entry.key));
        if !place.cluster.known_inventory(&place.instance.id).await?.as_ref().is_some_and(leaves) {
            return Ok(none);
        }
        // What is deleted must stand there now.
        let Some(stored) = place.cluster.read_inventory(&place.instance.id).await? else { return Ok(none) };
        let mut plan = place.cluster.plan_prune(&place.target, &stored.inventory, &keep, false).await?;
        if confirmed.is_some_and(|confirmed| held(&plan).iter().all(|object| confirmed.contains(object))) {
            plan = place.cluster.plan_prune(&place.target, &stored.inventory, &keep, true).await?;
        }
        let gone = self.delete_kept(&place.cluster, &plan, going).await?;
        self.update_inventory(place, "forget pruned", |inventory| inventory.forget(&gone)).await?;
        Ok(Pruned { gone: count(plan.delete.len()), held: held(&plan) })
    }

    /// Deletes what only a dropped candidate brought, data excepted. What went, or is gone already.
    pub(crate) async fn delete_brought_by(
        &self,
        place: &Place,
        pin: &PinId,
        keep: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>, Trouble> {
        let Some(mut stored) = place.cluster.read_inventory(&place.instance.id).await? else {
            return Ok(Vec::new());
        };
        stored.inventory.objects.retain(|entry| !keep.contains(&entry.key));
        let plan = place.cluster.plan_dropped(&place.target, &stored.inventory, pin).await?;
        self.delete(&place.cluster, &plan, "delete dropped").await
    }

    /// Deletes what a plan lets go, and keeps what it was. What went, or is gone already.
    pub(crate) async fn delete_kept(
        &self,
        cluster: &ClusterClient,
        plan: &PrunePlan,
        going: &Going<'_>,
    ) -> Result<Vec<ObjectKey>, Trouble> {
        for (key, uid) in &plan.delete {
            self.keep_pruned(cluster, key, uid, going).await?;
        }
        self.delete(cluster, plan, "prune").await
    }

    /// Deletes what a plan lets go. What went, or is gone already.
    pub(crate) async fn delete(
        &self,
        cluster: &ClusterClient,
        plan: &PrunePlan,
        what: &str,
    ) -> Result<Vec<ObjectKey>, Trouble> {
        let mut gone = plan.gone.clone();
        for (key, uid) in &plan.delete {
            let one = PrunePlan { delete: vec![(key.clone(), uid.clone())], ..PrunePlan::default() };
            let effect = format!("{what} {}/{}", key.kind.kind, key.name);
            let delete = || async { Ok::<_, Trouble>(cluster.prune(&one).await?) };
            let deleted = self.barrier.around(&effect, delete).await?;
            gone.extend(deleted.into_iter().map(|one| one.key));
        }
        Ok(gone)
    }
}

fn held(plan: &PrunePlan) -> Vec<String> {
    plan.held.iter().map(|held| format!("{}: {}", held.key, held.why)).collect()
}
