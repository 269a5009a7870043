//! Deleting what should no longer be: only what the inventory holds, only what bears our mark, never past the guard.

use std::collections::BTreeSet;

use model::PinId;

use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::inventory::Inventory;
use crate::key::ObjectKey;
use crate::mark::{Ownership, Target, ownership};
use crate::objects::uid;

mod guard;

pub use guard::{Held, PruneCandidate, PrunePlan, decide, decide_dropped};

/// What became of an object that was to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Which object.
    pub key: ObjectKey,
    /// False when it was gone already.
    pub existed: bool,
}

impl ClusterClient {
    /// Looks at what the inventory holds beyond `keep` and decides what may go. Deletes nothing.
    ///
    /// `confirmed` says that a named person agreed to what an earlier plan held back.
    pub async fn plan_prune(
        &self,
        target: &Target,
        inventory: &Inventory,
        keep: &BTreeSet<ObjectKey>,
        confirmed: bool,
    ) -> Result<PrunePlan, ClusterError> {
        let superfluous = inventory.objects.iter().map(|e| &e.key).filter(|key| !keep.contains(key));
        let candidates = self.look_at(target, superfluous).await?;
        Ok(decide(&candidates, inventory.objects.len(), confirmed))
    }

    /// What a dropped candidate brought into the cluster and must leave at once; what holds data stays.
    pub async fn plan_dropped(
        &self,
        target: &Target,
        inventory: &Inventory,
        pin: &PinId,
    ) -> Result<PrunePlan, ClusterError> {
        let brought = inventory.objects.iter().filter(|e| e.created_by.as_ref() == Some(pin)).map(|e| &e.key);
        Ok(decide_dropped(&self.look_at(target, brought).await?))
    }

    /// Deletes what a plan lets go, one after the other, each with its uid as condition.
    ///
    /// An object that was replaced since the plan was made stays, and the next plan looks at it again.
    pub async fn prune(&self, plan: &PrunePlan) -> Result<Vec<Deleted>, ClusterError> {
        let mut deleted = Vec::new();
        for (key, uid) in &plan.delete {
            match self.delete(key, uid).await {
                Ok(existed) => deleted.push(Deleted { key: key.clone(), existed }),
                Err(ClusterError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    /// What hooks made that no hook of the set makes any more, or all of it where the set is none.
    pub async fn plan_hooks(
        &self,
        target: &Target,
        inventory: &Inventory,
        keep: &BTreeSet<ObjectKey>,
    ) -> Result<PrunePlan, ClusterError> {
        let left = inventory.hooks.iter().map(|hook| &hook.key).filter(|key| !keep.contains(key));
        Ok(decide_dropped(&self.look_at(target, left).await?))
    }

    async fn look_at<'a>(
        &self,
        target: &Target,
        keys: impl Iterator<Item = &'a ObjectKey>,
    ) -> Result<Vec<PruneCandidate>, ClusterError> {
        let mut candidates = Vec::new();
        for key in keys {
            let live = match self.get(key).await {
                Ok(live) => live,
                // Its CRD is gone, and so is every object of it.
                Err(ClusterError::UnknownKind { .. }) => None,
                Err(error) => return Err(error),
            };
            candidates.push(PruneCandidate {
                key: key.clone(),
                uid: live.as_ref().map(|live| uid(live).to_owned()),
                marked: live.as_ref().is_some_and(|live| ownership(live, &target.instance) == Ownership::Ours),
                kept: live.as_ref().is_some_and(is_kept),
                deletes_volumes: live.as_ref().is_some_and(|live| {
                    live.pointer("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted")
                        .is_some_and(|v| v == "Delete")
                }),
            });
        }
        Ok(candidates)
    }
}

/// Helm's word for what outlives its chart.
fn is_kept(live: &serde_json::Value) -> bool {
    live.pointer("/metadata/annotations/helm.sh~1resource-policy").is_some_and(|policy| policy == "keep")
}
