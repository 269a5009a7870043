//! An instance that git has no longer: its folder is gone, or its project. What it owns runs on, and goes when a named person
//! confirms that. An unreadable config is never "gone".

use std::time::Duration;

use cluster::{ObjectKey, PrunePlan, Target};
use model::{InstanceFact, InstanceId, InstanceState};
use store::StoreError;

use super::{AFTER_TROUBLE, TICK};
use crate::converge::count;
use crate::inner::Inner;
use crate::pruned::Going;
use crate::trouble::Trouble;

/// Does what there is to do. None when there may be more to do at once, else how long nothing is due.
pub(super) async fn turn(
    inner: &Inner,
    id: &InstanceId,
    state: &InstanceState,
) -> Result<Option<Duration>, StoreError> {
    let head = inner.mirror.head();
    let trusted = inner.configuration.trusted(&head);
    let context = trusted.and_then(|config| Some(config.environments.get(&id.environment)?.context.clone()));
    let told = state.left && state.prune_confirmed.is_none();
    let (Some(context), false) = (context, told || *state == InstanceState::default()) else { return Ok(Some(TICK)) };
    inner.store.healthy().await?;
    match look(inner, id, state, &context).await {
        Ok(fact) => {
            inner.append_instance(id, fact).await?;
            Ok(None)
        }
        Err(trouble) => {
            tracing::warn!(instance = %id, %trouble, "what is left of it can't be looked at");
            Ok(Some(AFTER_TROUBLE))
        }
    }
}

async fn look(inner: &Inner, id: &InstanceId, state: &InstanceState, context: &str) -> Result<InstanceFact, Trouble> {
    let cluster = inner.clusters.get(context).await?;
    let Some(stored) = cluster.read_inventory(id).await? else { return Ok(InstanceFact::Removed { objects: 0 }) };
    let mut all = cluster.plan_prune(&Target::new(id.clone(), ""), &stored.inventory, &[].into(), true).await?;
    let hooks = cluster.plan_hooks(&Target::new(id.clone(), ""), &stored.inventory, &[].into()).await?;
    all.delete.extend(hooks.delete);
    let going = names(&all);
    let confirmed = state.prune_confirmed.as_ref();
    if !going.is_empty() && !confirmed.is_some_and(|confirmed| going.iter().all(|name| confirmed.contains(name))) {
        return Ok(InstanceFact::Left { objects: going });
    }
    let (commit, confirmed_by) = (inner.mirror.head(), inner.confirmed_by(id).await?);
    inner.delete_kept(&cluster, &all, &Going { instance: id, commit: &commit, confirmed_by }).await?;
    let left = cluster.plan_prune(&Target::new(id.clone(), ""), &stored.inventory, &[].into(), true).await?;
    if left.delete.iter().any(|one| !all.delete.contains(one)) {
        // Somebody made one anew meanwhile: it is another object, and was not confirmed.
        return Ok(InstanceFact::Left { objects: names(&left) });
    }
    let forget = || async { Ok::<_, Trouble>(cluster.delete_inventory(&stored).await?) };
    inner.barrier.around("delete inventory", forget).await?;
    Ok(InstanceFact::Removed { objects: count(all.delete.len()) })
}

fn names(plan: &PrunePlan) -> Vec<String> {
    let name = |(key, _): &(ObjectKey, String)| format!("{key}: its instance is no longer in git");
    plan.delete.iter().map(name).collect()
}
