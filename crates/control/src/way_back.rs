//! The way back from a candidate that does not work, a pin's or a pushed commit's: what is desired is the verified commit
//! again, and ordinary convergence does the rest. What only the candidate brought goes at once, data excepted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cluster::{ObjectKey, Snapshot};
use model::{CommitId, Decider, InstanceFact, InstanceId, PinId, PinNumber, PolicyName, Stage};
use render::Rendered;
use serde_json::Value;

use crate::converge::Place;
use crate::effects::watch::{Attend, Watched};
use crate::inner::Inner;
use crate::quarantine::kept;
use crate::trouble::Trouble;

/// How it is after the way back.
pub(crate) struct Back {
    /// Whether what ran before works again.
    pub healthy: bool,
    /// What is seen, in words.
    pub seen: String,
}

impl Inner {
    /// Makes an instance equal to this commit again. `brought` is the key of the candidate that is dropped, `after` the
    /// newest pin that is not waited for.
    pub(crate) async fn go_back(
        &self,
        id: &InstanceId,
        brought: &PinId,
        to: &CommitId,
        after: PinNumber,
    ) -> Result<Back, Trouble> {
        let instance = self.instance(id)?;
        let rendered = self.rendered_at(&instance, to).await?;
        let place = self.place(id, &rendered).await?;
        self.note_baseline(&place, &rendered).await;
        self.apply_all(&place, &rendered, "converge back").await?;
        forget_candidate(self, brought, &place, &rendered).await?;
        see(self, after, &place, &rendered).await
    }
}

/// Deletes what only the candidate brought.
async fn forget_candidate(inner: &Inner, brought: &PinId, place: &Place, rendered: &Rendered) -> Result<(), Trouble> {
    // Where it can't be told what is left out nothing goes.
    let gone = match kept(rendered) {
        Some(keep) => inner.delete_brought_by(place, brought, &keep).await?,
        None => Vec::new(),
    };
    inner
        .update_inventory(place, "drop from inventory", |inventory| {
            inventory.forget(&gone);
            if inventory.candidate.as_ref().is_some_and(|candidate| candidate.pin.as_ref() == Some(brought)) {
                inventory.candidate = None;
            }
        })
        .await?;
    Ok(())
}

/// Whether the version before works again. A newer pin that waits for its turn is not kept waiting for that.
async fn see(inner: &Inner, after: PinNumber, place: &Place, rendered: &Rendered) -> Result<Back, Trouble> {
    let seen = |healthy, seen: String| Ok(Back { healthy, seen });
    let mut attend = UntilNext { inner, place, after, next: None };
    attend.woken().await?;
    if attend.next.is_none() {
        match inner.watch(place, rendered, &mut attend).await? {
            Watched::Passed => return seen(true, "runs as before".to_owned()),
            Watched::Failed(failure) => return seen(false, inner.redacted(&failure.sentence)),
            Watched::Stopped => {}
        }
    }
    let next = attend.next.map_or_else(|| "another pin".to_owned(), |next| format!("pin {next}"));
    seen(true, format!("not waited for, since {next} is next"))
}

struct UntilNext<'a> {
    inner: &'a Inner,
    place: &'a Place,
    after: PinNumber,
    next: Option<PinNumber>,
}

impl Attend for UntilNext<'_> {
    async fn waiting(&mut self, _observed: Duration, _sentence: &str, seen: &Snapshot) -> Result<bool, Trouble> {
        // Under OrderedReady a StatefulSet does not come back by itself (design 9.5).
        for (statefulset, revision) in stuck(seen) {
            let delete =
                || async { Ok::<_, Trouble>(self.place.cluster.delete_not_ready_pods(&statefulset, &revision).await?) };
            self.inner.barrier.around(&format!("delete stuck pods of {}", statefulset.name), delete).await?;
        }
        Ok(false)
    }

    async fn woken(&mut self) -> Result<bool, Trouble> {
        let open = self.inner.store.open_pins_of(&self.place.instance.id).await?;
        let next = open.into_iter().find(|other| other.pin.stage == Stage::Approved && other.pin.number > self.after);
        self.next = next.map(|record| record.pin.number);
        Ok(self.next.is_some())
    }
}

/// StatefulSets that went back, with the revision of pods that are not ready and hold them up.
fn stuck(seen: &Snapshot) -> BTreeSet<(ObjectKey, String)> {
    let sets = seen.objects.iter().filter(|(key, _)| key.kind.is("apps", "StatefulSet"));
    let of_set = |(key, live): (&ObjectKey, &Arc<Value>)| {
        let wanted = cluster::update_revision(live).map(str::to_owned);
        let uid = live["metadata"]["uid"].clone();
        let pods = seen.children.iter().filter(move |pod| {
            let owners = pod["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
        });
        let revisions = pods
            .filter(|pod| !is_ready(pod))
            .filter_map(|pod| pod["metadata"]["labels"]["controller-revision-hash"].as_str().map(str::to_owned));
        revisions.filter(|revision| Some(revision) != wanted.as_ref()).map(|revision| (key.clone(), revision)).collect()
    };
    sets.flat_map(|set| -> Vec<_> { of_set(set) }).collect()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

/// Both versions are bad: nothing acts by itself here until a person unlocks.
pub(crate) fn freeze(commit: &CommitId) -> Result<InstanceFact, Trouble> {
    let policy: PolicyName =
        "both-versions-bad".parse().map_err(|error: model::InvalidName| Trouble::Impossible(error.to_string()))?;
    let why = format!("the version of commit {} does not work again either", commit.short());
    Ok(InstanceFact::Locked { by: Decider::Policy(policy), why })
}
