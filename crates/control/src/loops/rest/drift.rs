//! Drift: while an instance rests on its verified commit, whatever the cluster reports about its objects is compared with
//! what is desired. The watches tell; nothing is asked while nothing changes, and after a restart nothing is asked about what is
//! as the inventory says that it was.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use cluster::inventory::Inventory;
use cluster::{Changes, Imprint, ObjectKey, Watcher};
use config_repo::{DriftRule, Instance};
use model::{DriftDone, DriftFound, InstanceFact, InstanceState, Timestamp, VerifiedCommit};

use crate::converge::{Place, key};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// So often one object is repaired
const MOST_REPAIRS: usize = 3;
/// within this time; who keeps changing it then is not fought any more.
const FIGHT: Duration = Duration::from_mins(10);
/// Fields that are told of one object.
const MOST_FIELDS: usize = 10;

/// What is remembered of one instance's objects while it rests.
#[derive(Default)]
pub(super) struct Drift(Option<Box<Resting>>);

/// The objects of one verified commit, and what was seen of them. There may be thousands of these, so they hold no object.
struct Resting {
    verified: VerifiedCommit,
    instance: Instance,
    watcher: Watcher,
    changes: Changes,
    keys: Vec<ObjectKey>,
    /// How each was when it was last compared.
    compared: Vec<Compared>,
    repairs: HashMap<ObjectKey, VecDeque<Timestamp>>,
}

/// How an object was when it was last compared with what is desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Never,
    /// It was gone, or had this imprint.
    As(Option<Imprint>),
}

impl Drift {
    /// Comes back when the cluster reports something about the instance; never while nothing is watched.
    pub(super) async fn reported(&mut self) {
        while let Some(resting) = &mut self.0 {
            // What parts of Kubernetes write (a status) is not worth a turn.
            resting.changes.changed().await;
            if resting.has_news() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Nothing is watched any more: something else is desired, or about to be.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// Compares what changed since the last look. What came of it.
    pub(super) async fn look(
        &mut self,
        inner: &Inner,
        instance: &Instance,
        state: &InstanceState,
    ) -> Result<Vec<InstanceFact>, Trouble> {
        let Some(verified) = state.verified.as_ref().filter(|_| instance.drift != DriftRule::Off) else {
            self.forget();
            return Ok(Vec::new());
        };
        if self.0.as_ref().is_none_or(|resting| resting.verified != *verified || resting.instance != *instance) {
            self.0 = None;
            self.0 = Some(Box::new(Resting::begin(inner, instance, state, verified).await?));
        }
        match &mut self.0 {
            Some(resting) => Box::pin(resting.look(inner, state)).await,
            None => Ok(Vec::new()),
        }
    }
}

impl Resting {
    async fn begin(
        inner: &Inner,
        instance: &Instance,
        state: &InstanceState,
        verified: &VerifiedCommit,
    ) -> Result<Self, Trouble> {
        let cluster = inner.cluster(instance).await?;
        let stored = cluster.known_inventory(&instance.id).await?.map(|stored| stored.inventory);
        let stored = stored.filter(|inventory| is_of(inventory, verified));
        let keys = match stored.as_ref().and_then(all_seen) {
            Some(keys) => keys,
            None => watched(&inner.rendered_at(instance, &verified.commit).await?),
        };
        let seen = |key: &ObjectKey| {
            // What was told about is looked at again: it may be over.
            let told = state.drift.contains_key(&name(key));
            let seen = stored.as_ref().and_then(|inventory| inventory.entry(key)?.seen);
            seen.filter(|_| !told).map_or(Compared::Never, |imprint| Compared::As(Some(imprint)))
        };
        let compared = keys.iter().map(seen).collect();
        let watcher = inner.watcher(instance, &cluster, &keys).await;
        let (changes, repairs) = (watcher.changes_of(&keys), HashMap::new());
        let (verified, instance) = (verified.clone(), instance.clone());
        Ok(Self { verified, instance, watcher, changes, keys, compared, repairs })
    }

    async fn look(&mut self, inner: &Inner, state: &InstanceState) -> Result<Vec<InstanceFact>, Trouble> {
        self.changes.mark_unchanged();
        let Some(now) = self.watcher.imprints(&self.keys) else { return Ok(Vec::new()) };
        if self.news(&now).next().is_none() {
            return Ok(Vec::new());
        }
        let _turn = inner.compare_turns.take(&self.instance).await;
        let rendered = inner.rendered_at(&self.instance, &self.verified.commit).await?;
        let place = inner.place(&self.instance.id, &rendered).await?;
        let mut facts = Vec::new();
        for desired in &rendered.objects {
            let key = key(desired);
            let Some(at) = self.news(&now).find(|at| self.keys.get(*at) == Some(&key)) else { continue };
            facts.extend(self.compare(inner, state, &place, desired, &key).await?);
            if let (Some(compared), Some(now)) = (self.compared.get_mut(at), now.get(at)) {
                *compared = Compared::As(*now);
            }
        }
        Ok(facts)
    }

    fn has_news(&self) -> bool {
        self.watcher.imprints(&self.keys).is_some_and(|now| self.news(&now).next().is_some())
    }

    /// Which objects are otherwise than when they were compared.
    fn news(&self, now: &[Option<Imprint>]) -> impl Iterator<Item = usize> {
        let differs = self.compared.iter().zip(now).map(|(compared, now)| *compared != Compared::As(*now));
        differs.enumerate().filter_map(|(at, differs)| differs.then_some(at))
    }

    async fn compare(
        &mut self,
        inner: &Inner,
        state: &InstanceState,
        place: &Place,
        desired: &render::Object,
        key: &ObjectKey,
    ) -> Result<Option<InstanceFact>, Trouble> {
        let object = name(key);
        let known = state.drift.get(&object);
        let mut what = inner.edits_of(place, desired).await?;
        if what.is_empty() {
            return Ok(known.map(|_| InstanceFact::DriftGone { object }));
        }
        cut(&mut what);
        let what: Vec<String> = what.iter().map(|line| inner.redacted(line)).collect();
        let given_up = known.is_some_and(|known| known.done == DriftDone::GivenUp);
        let given_up = given_up || self.is_fought(inner, key);
        let done = match self.instance.drift {
            DriftRule::Repair if given_up => DriftDone::GivenUp,
            DriftRule::Repair => DriftDone::Repaired,
            DriftRule::Report | DriftRule::Off => DriftDone::Reported,
        };
        if done == DriftDone::Repaired {
            // What was done must be written down, so there must be room for it.
            inner.store.healthy().await?;
            inner.repair(place, desired).await?;
            self.repairs.entry(key.clone()).or_default().push_back(inner.clock.now());
        }
        let found = DriftFound { object, what, done };
        let is_news = done == DriftDone::Repaired || known != Some(&found);
        tracing::info!(instance = %self.instance.id, object = found.object, ?done, "drift");
        Ok(is_news.then(|| InstanceFact::Drifted(Box::new(found))))
    }

    /// Whether it was repaired so often that somebody else must be changing it on purpose.
    fn is_fought(&mut self, inner: &Inner, key: &ObjectKey) -> bool {
        let now = inner.clock.now();
        let Some(times) = self.repairs.get_mut(key) else { return false };
        times.retain(|at| now.since(*at) < FIGHT);
        times.len() >= MOST_REPAIRS
    }
}

/// Whether what the inventory knows is about this render.
fn is_of(inventory: &Inventory, verified: &VerifiedCommit) -> bool {
    let hash = inventory.verified.as_ref().map(|at| &at.render_hash);
    inventory.candidate.is_none() && hash == Some(&verified.render_hash)
}

/// The objects of an inventory, when each of them was seen as desired: then nothing has to be rendered to know them.
fn all_seen(inventory: &Inventory) -> Option<Vec<ObjectKey>> {
    let watched = inventory.objects.iter().filter(|entry| !entry.key.kind.is_secret());
    watched.map(|entry| entry.seen.map(|_| entry.key.clone())).collect()
}

/// Secrets are not watched.
fn watched(rendered: &render::Rendered) -> Vec<ObjectKey> {
    rendered.objects.iter().map(key).filter(|key| !key.kind.is_secret()).collect()
}

fn name(key: &ObjectKey) -> String {
    format!("{}/{}", key.kind.kind, key.name)
}

fn cut(what: &mut Vec<String>) {
    if what.len() > MOST_FIELDS {
        let more = what.len() - MOST_FIELDS;
        what.truncate(MOST_FIELDS);
        what.push(format!("and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_fields_are_cut_and_it_is_said() {
        let mut what: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        cut(&mut what);
        assert_eq!((what.len(), what.last().unwrap().as_str()), (11, "and 2 more"));
    }
}
