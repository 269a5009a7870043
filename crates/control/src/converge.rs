//! Making the cluster equal to what is desired: the one path of pins, first installs and dropped candidates.

use std::collections::BTreeMap;

use cluster::inventory::{Inventory, StoredInventory};
use cluster::{
    Applied, Autoscaled, Change, ClusterClient, ClusterError, DryRun, KindKey, ObjectKey, Outcome, Owned, Refusal,
    Target, Unchecked,
};
use config_repo::Instance;
use futures::StreamExt;
use futures::future::BoxFuture;
use model::InstanceId;
use render::{Rendered, Step};
use serde_json::Value;

use crate::emptied::emptied;
use crate::inner::Inner;
use crate::trouble::Trouble;
use crate::uses::Uses;

/// How many objects of a wave are written at once.
const CONCURRENCY: usize = 8;
/// How long a CRD or a namespace of the set may take to stand.
const ESTABLISHED_WITHIN: std::time::Duration = std::time::Duration::from_secs(30);
/// How often an inventory is read again because somebody wrote in between.
const MOST_CONFLICTS: u32 = 5;

/// Where an instance is: its cluster, and what may be written there for it.
pub(crate) struct Place {
    pub instance: Instance,
    pub cluster: ClusterClient,
    pub target: Target,
    /// What the pods of the set read.
    pub uses: Uses,
}

/// What applying a set did.
#[derive(Default)]
pub(crate) struct Report {
    pub applied: Vec<Applied>,
    pub notes: Vec<String>,
}

impl Report {
    /// Nothing was applied yet.
    pub(crate) fn of(rendered: &Rendered) -> Self {
        Self { notes: rendered.left_out.clone(), ..Self::default() }
    }

    pub(crate) fn changed(&self) -> u32 {
        count(self.applied.iter().filter(|one| one.outcome != Outcome::Unchanged).count())
    }

    pub(crate) fn objects(&self) -> u32 {
        count(self.applied.len())
    }
}

pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The key of an object as the cluster has it: rendering put each into its namespace.
pub(crate) fn key(object: &render::Object) -> ObjectKey {
    let kind = KindKey {
        group: object.key.group.clone(),
        version: object.version().to_owned(),
        kind: object.key.kind.clone(),
    };
    ObjectKey { kind, namespace: object.key.namespace.clone(), name: object.key.name.clone() }
}

/// The keys of a set.
pub(crate) fn keys(rendered: &Rendered) -> Vec<ObjectKey> {
    rendered.objects.iter().map(key).collect()
}

/// The objects of a step.
pub(crate) fn objects_of<'r>(rendered: &'r Rendered, step: &Step) -> Vec<&'r render::Object> {
    step.objects.iter().filter_map(|index| rendered.objects.get(*index)).collect()
}

/// Nothing of a set is written when the cluster would refuse a part of it.
fn refuse(objects: &[&render::Object], seen: DryRun) -> Result<DryRun, Trouble> {
    if seen.refused.is_empty() {
        return Ok(seen);
    }
    let lines: Vec<String> = seen.refused.iter().map(|one| refused(objects, one)).collect();
    Err(Trouble::Impossible(format!("the cluster would refuse it: {}", lines.join("; "))))
}

/// What the cluster would refuse, with its place in git.
fn refused(objects: &[&render::Object], refusal: &Refusal) -> String {
    let object = objects.iter().find(|object| key(object) == refusal.key);
    let place = object.map(|object| format!("{}: ", object.place)).unwrap_or_default();
    format!("{place}{}: {}", refusal.key, refusal.message)
}

/// The objects as plain values, in their order.
pub(crate) fn values(rendered: &Rendered) -> Vec<Value> {
    rendered.objects.iter().map(|object| object.value.clone()).collect()
}

impl Inner {
    /// Finds the place of an instance, knowing what it owns and what autoscalers own there.
    pub(crate) async fn place(&self, id: &InstanceId, rendered: &Rendered) -> Result<Place, Trouble> {
        let instance = self.instance(id)?;
        let cluster = self.cluster(&instance).await?;
        let mut target = Target::new(id.clone(), &instance.namespace);
        target.cluster_scoped = !instance.cluster_kinds.is_empty();
        let stored = cluster.known_inventory(id).await?;
        if let Some(stored) = &stored {
            target.known_uids = stored.inventory.uids().map(str::to_owned).collect();
        }
        let mut uses = self.uses(&instance, rendered, stored.as_ref()).await?;
        target.used = std::mem::take(&mut uses.said);
        target.known_uids.extend(self.store.instance(id).await?.adopting);
        let objects = values(rendered);
        target.autoscaled = Autoscaled::by(&objects, &instance.namespace);
        if objects.iter().any(|object| object["spec"]["replicas"].is_number()) {
            let seen = self.clusters.watcher(id, &cluster, &instance.namespace, &[]).await.autoscaled().await;
            target.autoscaled.extend(match seen {
                Some(autoscaled) => autoscaled,
                None => cluster.autoscaled(&instance.namespace).await?,
            });
        }
        Ok(Place { instance, cluster, target, uses })
    }

    /// The server-side dry run of a whole set: what is there, and that all of it would be taken.
    pub(crate) async fn check(&self, place: &Place, rendered: &Rendered) -> Result<DryRun, Trouble> {
        let seen = self.dry_run(place, rendered).await?;
        refuse(&rendered.objects.iter().collect::<Vec<_>>(), seen)
    }

    /// As [`Self::check`], for what is tried.
    pub(crate) async fn check_candidate(&self, place: &Place, rendered: &Rendered) -> Result<DryRun, Trouble> {
        let seen = self.dry_run_candidate(place, rendered).await?;
        refuse(&rendered.objects.iter().collect::<Vec<_>>(), seen)
    }

    /// As [`Self::dry_run`], for what is tried: a value that would become empty is refused too. The way back is not asked.
    pub(crate) async fn dry_run_candidate(&self, place: &Place, rendered: &Rendered) -> Result<DryRun, Trouble> {
        let mut seen = self.dry_run(place, rendered).await?;
        let emptied = emptied(rendered, &seen);
        seen.checked.retain(|one| !emptied.iter().any(|refused| refused.key == one.key));
        seen.refused.extend(emptied);
        Ok(seen)
    }

    /// What the dry run of a whole set says. A kind that is not served yet may be what an earlier step brings (an operator defines
    /// it): that object is checked again before its own step.
    pub(crate) async fn dry_run(&self, place: &Place, rendered: &Rendered) -> Result<DryRun, Trouble> {
        let mut seen = place.cluster.dry_run(&place.target, &values(rendered), &BTreeMap::new()).await?;
        let later = rendered.steps.iter().filter(|step| !step.after.is_empty() || !step.outside.is_empty());
        let later: Vec<ObjectKey> = later.flat_map(|step| objects_of(rendered, step)).map(key).collect();
        for refusal in std::mem::take(&mut seen.refused) {
            let is_later = later.contains(&refusal.key);
            let kind = if is_later { place.cluster.kind(&refusal.key.kind).await.map(drop) } else { Ok(()) };
            match kind {
                Err(ClusterError::UnknownKind { .. }) => {
                    let why = "its kind is not served yet: it is checked before its step".to_owned();
                    seen.unchecked.push(Unchecked { key: refusal.key, why });
                }
                _ => seen.refused.push(refusal),
            }
        }
        Ok(seen)
    }

    /// The dry run of some objects.
    pub(crate) async fn check_some(&self, place: &Place, objects: &[&render::Object]) -> Result<DryRun, Trouble> {
        let values: Vec<Value> = objects.iter().map(|object| object.value.clone()).collect();
        refuse(objects, place.cluster.dry_run(&place.target, &values, &BTreeMap::new()).await?)
    }

    /// Dry-runs a set and applies it in order, without waiting between its steps: it was applied before, or has to be there
    /// soon. `what` names it on the barrier.
    pub(crate) async fn apply_all(&self, place: &Place, rendered: &Rendered, what: &str) -> Result<Report, Trouble> {
        let seen = self.check(place, rendered).await?;
        self.apply_seen(place, rendered, &seen, what).await
    }

    async fn apply_seen(
        &self,
        place: &Place,
        rendered: &Rendered,
        seen: &DryRun,
        what: &str,
    ) -> Result<Report, Trouble> {
        let mut report = Report::of(rendered);
        for step in &rendered.steps {
            self.apply_step(place, &objects_of(rendered, step), seen, what, &mut report).await?;
        }
        self.applied_all(place, rendered, &mut report);
        Ok(report)
    }

    /// All of a set was applied: what is remembered of that, and what is told.
    pub(crate) fn applied_all(&self, place: &Place, rendered: &Rendered, report: &mut Report) {
        let id = &place.instance.id;
        report.notes.extend(self.taken.give_out(id));
        self.last_applied.remember(id, rendered.hash.to_string(), report.applied.clone());
    }

    /// Applies the objects of one step, in the order of their waves.
    pub(crate) async fn apply_step(
        &self,
        place: &Place,
        objects: &[&render::Object],
        seen: &DryRun,
        what: &str,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let values: Vec<Value> = objects.iter().map(|object| object.value.clone()).collect();
        for wave in cluster::waves(&values) {
            self.apply_wave(place, &wave, seen, what, report).await?;
            place.cluster.wait_until_established(&wave, ESTABLISHED_WITHIN).await?;
        }
        Ok(())
    }

    async fn apply_wave(
        &self,
        place: &Place,
        wave: &[&Value],
        seen: &DryRun,
        what: &str,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        // On the barrier one effect comes after the other, so that every run announces the same list.
        let at_once = if self.barrier.is_on() { 1 } else { CONCURRENCY };
        let of = |object| -> BoxFuture<'_, _> { Box::pin(self.apply_object(place, object, seen, what)) };
        let writes: Vec<_> = wave.iter().map(|&object| of(object)).collect();
        let mut writes = futures::stream::iter(writes).buffered(at_once);
        while let Some(written) = writes.next().await {
            let (applied, notes) = written?;
            report.notes.extend(notes);
            report.applied.push(applied);
        }
        Ok(())
    }

    async fn apply_object(
        &self,
        place: &Place,
        object: &Value,
        seen: &DryRun,
        what: &str,
    ) -> Result<(Applied, Vec<String>), Trouble> {
        let key = ObjectKey::of(object);
        let live = seen.live.get(&key).map(AsRef::as_ref);
        let effect = format!("{what} {}/{}", key.kind.kind, key.name);
        let is_so = seen.checked.iter().any(|one| one.key == key && one.change == Change::Nothing);
        let anew = seen.checked.iter().any(|one| one.key == key && one.change == Change::Replace);
        if let Some(live) = live.filter(|_| anew) {
            return self.replace(place, object, &key, live).await;
        }
        let write = || async {
            // What is as desired is not written.
            if let (true, Some(live)) = (is_so, live)
                && let Some(applied) = place.cluster.as_applied(&place.target, object, live).await?
            {
                return Ok((applied, Vec::new()));
            }
            self.write_one(place, object, &key, live).await
        };
        self.barrier.around(&effect, write).await
    }

    /// Deletes an object that can't change in place, and makes it anew.
    async fn replace(
        &self,
        place: &Place,
        object: &Value,
        key: &ObjectKey,
        live: &Value,
    ) -> Result<(Applied, Vec<String>), Trouble> {
        let name = key.label();
        let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
        let replace = || async {
            place.cluster.delete(key, uid).await?;
            place.cluster.wait_until_gone(key, uid, ESTABLISHED_WITHIN).await?;
            let note = format!("{name} could not change in place: it was deleted and made anew");
            let (applied, notes) = self.write_one(place, object, key, None).await?;
            Ok((applied, std::iter::once(note).chain(notes).collect()))
        };
        self.barrier.around(&format!("replace {name}"), replace).await
    }

    /// Makes one object equal to what is desired again. It is created where it is gone.
    pub(crate) async fn repair(&self, place: &Place, object: &render::Object) -> Result<(), Trouble> {
        let key = key(object);
        let live = place.cluster.get(&key).await?;
        let effect = format!("repair {}/{}", key.kind.kind, key.name);
        let write = || self.write_one(place, &object.value, &key, live.as_ref());
        self.barrier.around(&effect, write).await?;
        // Who repairs has told what was found.
        self.taken.give_out(&place.instance.id);
        Ok(())
    }

    /// Takes back what people's tools own of an object, then applies it.
    async fn write_one(
        &self,
        place: &Place,
        object: &Value,
        key: &ObjectKey,
        live: Option<&Value>,
    ) -> Result<(Applied, Vec<String>), Trouble> {
        let mut notes = Vec::new();
        let mut taken_back = None;
        if let Some(live) = live {
            let name = key.label();
            let keep = |taken: &[Owned]| {
                self.taken.keep(&place.instance.id, taken.iter().map(|owned| note(&name, owned, "taken back")));
            };
            // Kept before it is written: its answer may be lost.
            keep(&cluster::to_take_back(live));
            let (result, after) = place.cluster.take_back(key, live).await?;
            keep(&result.taken);
            notes.extend(result.foreign.iter().map(|owned| note(&name, owned, "left alone")));
            taken_back = after;
        }
        let applied = place.cluster.apply_one(&place.target, object, taken_back.as_ref().or(live)).await?;
        if let Some(left_out) = &applied.left_out {
            notes.push(format!("{}/{}: {} is left to {}", key.kind.kind, key.name, left_out.path, left_out.owner));
        }
        Ok((applied, notes))
    }

    /// Changes the inventory, whoever else writes it meanwhile. `effect` names it on the barrier.
    pub(crate) async fn update_inventory(
        &self,
        place: &Place,
        effect: &str,
        change: impl Fn(&mut Inventory),
    ) -> Result<Inventory, Trouble> {
        for _ in 0..MOST_CONFLICTS {
            let read = place.cluster.known_inventory(&place.instance.id).await?;
            let (mut inventory, version) = match read {
                Some(StoredInventory { inventory, resource_version }) => (inventory, Some(resource_version)),
                None => (Inventory::empty(place.instance.id.clone()), None),
            };
            let before = inventory.clone();
            change(&mut inventory);
            place.uses.note(&mut inventory);
            if inventory == before && version.is_some() {
                return Ok(inventory);
            }
            let write = || async {
                place.cluster.write_inventory(&inventory, version.as_deref()).await.map_err(InventoryTrouble::Cluster)
            };
            match self.barrier.around(effect, write).await {
                Ok(stored) => return Ok(stored.inventory),
                Err(InventoryTrouble::Cluster(ClusterError::Conflict { .. })) => {}
                Err(InventoryTrouble::Cluster(error)) => return Err(error.into()),
                Err(InventoryTrouble::Injected(injected)) => return Err(injected.into()),
            }
        }
        Err(Trouble::Wait("the inventory is being changed by somebody else; is a second server running?".to_owned()))
    }
}

/// `Deployment/web: spec.replicas, set by kubectl-edit at 14:02, is taken back`
fn note(object: &str, owned: &Owned, what: &str) -> String {
    let fields = secrets::clip(&owned.fields.join(", "), 200);
    format!("{object}: {fields}, set by {} at {}, {what}", owned.manager, owned.at)
}

enum InventoryTrouble {
    Cluster(ClusterError),
    Injected(crate::Injected),
}

impl From<crate::Injected> for InventoryTrouble {
    fn from(injected: crate::Injected) -> Self {
        Self::Injected(injected)
    }
}
