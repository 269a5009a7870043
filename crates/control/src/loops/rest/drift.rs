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
use crate::drift::Edits;
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
pub(super) struct Drift {
    resting: Option<Box<Resting>>,
    unsure: Unsure,
    /// Whether what is of our own kinds is watched though nothing is compared.
    shown: bool,
}

/// Repairs whose answer was lost, by object: what was found, and what we owned before. Looked at again, it shows whether they
/// were made.
type Unsure = HashMap<String, (DriftFound, Option<String>)>;

/// The objects of one verified commit, and what was seen of them. There may be thousands of these, so they hold no object.
struct Resting {
    verified: VerifiedCommit,
    instance: Instance,
    /// What happens to a difference: as the instance says, or as a person wants it this once.
    rule: DriftRule,
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
        while let Some(resting) = &mut self.resting {
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
        self.resting = None;
    }

    /// Compares what changed since the last look. What came of it is there even where not all could be looked at. False where
    /// the watches have told nothing yet.
    pub(super) async fn look(
        &mut self,
        inner: &Inner,
        instance: &Instance,
        state: &InstanceState,
        rule: DriftRule,
        facts: &mut Vec<InstanceFact>,
    ) -> Result<bool, Trouble> {
        let Some(verified) = state.verified.as_ref().filter(|_| rule != DriftRule::Off) else {
            self.forget();
            return self.show(inner, instance, state).await.map(|()| true);
        };
        let is_it = |resting: &Resting| resting.verified == *verified && resting.instance == *instance;
        if !self.resting.as_deref().is_some_and(is_it) {
            self.resting = None;
            let begun = Resting::begin(inner, instance, state, verified, &self.unsure).await?;
            self.resting = Some(Box::new(begun));
        }
        match &mut self.resting {
            Some(resting) => {
                resting.rule = rule;
                Box::pin(resting.look(inner, state, &mut self.unsure, facts)).await
            }
            None => Ok(false),
        }
    }

    /// Where nothing is compared, what is of our own kinds is watched all the same, because people are shown how it stands.
    async fn show(&mut self, inner: &Inner, instance: &Instance, state: &InstanceState) -> Result<(), Trouble> {
        if self.shown || state.verified.is_none() {
            return Ok(());
        }
        let cluster = inner.cluster(instance).await?;
        let stored = cluster.known_inventory(&instance.id).await?;
        let keys = stored.into_iter().flat_map(|stored| stored.inventory.objects).map(|entry| entry.key);
        let ours: Vec<ObjectKey> = keys.filter(|key| key.kind.is_ours()).collect();
        if !ours.is_empty() {
            inner.watcher(instance, &cluster, &ours).await;
        }
        self.shown = true;
        Ok(())
    }
}

impl Resting {
    async fn begin(
        inner: &Inner,
        instance: &Instance,
        state: &InstanceState,
        verified: &VerifiedCommit,
        unsure: &Unsure,
    ) -> Result<Self, Trouble> {
        let cluster = inner.cluster(instance).await?;
        let stored = cluster.known_inventory(&instance.id).await?.map(|stored| stored.inventory);
        let stored = stored.filter(|inventory| is_of(inventory, verified));
        let secrets = instance.watch_secrets;
        let keys = match stored.as_ref().and_then(|inventory| all_seen(inventory, secrets)) {
            Some(keys) => keys,
            None => watched(&inner.rendered_at(instance, &verified.commit).await?, secrets),
        };
        let seen = |key: &ObjectKey| {
            // What was told about, or may have been repaired, is looked at again: it may be over.
            let told = state.drift.contains_key(&key.label()) || unsure.contains_key(&key.label());
            let seen = stored.as_ref().and_then(|inventory| inventory.entry(key)?.seen);
            seen.filter(|_| !told).map_or(Compared::Never, |imprint| Compared::As(Some(imprint)))
        };
        let compared = keys.iter().map(seen).collect();
        let watcher = inner.watcher(instance, &cluster, &keys).await;
        if keys.iter().any(|key| key.kind.is_secret()) {
            watcher.follow_secrets();
        }
        let (changes, repairs) = (watcher.changes_of(&keys), HashMap::new());
        let (verified, instance, rule) = (verified.clone(), instance.clone(), instance.drift);
        Ok(Self { verified, instance, rule, watcher, changes, keys, compared, repairs })
    }

    async fn look(
        &mut self,
        inner: &Inner,
        state: &InstanceState,
        unsure: &mut Unsure,
        facts: &mut Vec<InstanceFact>,
    ) -> Result<bool, Trouble> {
        self.changes.mark_unchanged();
        let Some(now) = self.watcher.imprints(&self.keys) else { return Ok(false) };
        if self.news(&now).next().is_none() {
            return Ok(true);
        }
        let _turn = inner.compare_turns.take(&self.instance).await;
        let rendered = inner.rendered_at(&self.instance, &self.verified.commit).await?;
        let place = inner.place(&self.instance.id, &rendered).await?;
        for desired in &rendered.objects {
            let key = key(desired);
            let Some(at) = self.news(&now).find(|at| self.keys.get(*at) == Some(&key)) else { continue };
            facts.extend(self.compare(inner, state, &place, desired, unsure).await?);
            if let (Some(compared), Some(now)) = (self.compared.get_mut(at), now.get(at)) {
                *compared = Compared::As(*now);
            }
        }
        Ok(true)
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
        unsure: &mut Unsure,
    ) -> Result<Option<InstanceFact>, Trouble> {
        let key = key(desired);
        let object = key.label();
        let known = state.drift.get(&object);
        let Edits { lines: mut what, mut fields, own, .. } = inner.edits_of(place, desired).await?;
        let tried = unsure.remove(&object);
        if what.is_empty() {
            // It is as it should be: by our repair, if what we own is not what we owned.
            if let Some((found, _)) = tried.filter(|(_, before)| *before != own) {
                self.note_repair(inner, &key);
                return Ok(Some(InstanceFact::Drifted(Box::new(found))));
            }
            return Ok(known.map(|_| InstanceFact::DriftGone { object }));
        }
        cut(&mut what);
        fields.truncate(MOST_FIELDS);
        let what: Vec<String> = what.iter().map(|line| inner.redacted(line)).collect();
        let given_up = known.is_some_and(|known| known.done == DriftDone::GivenUp);
        let given_up = (given_up || self.is_fought(inner, &key)) && state.sync_wanted.is_none();
        let done = match self.rule {
            DriftRule::Repair if given_up => DriftDone::GivenUp,
            DriftRule::Repair => DriftDone::Repaired,
            DriftRule::Report | DriftRule::Off => DriftDone::Reported,
        };
        // Half-way through a repair it is ours already: who made the difference was seen before.
        let what = match tried {
            Some((before, _)) if before.fields == fields => before.what,
            _ => what,
        };
        let found = DriftFound { object, what, done, fields };
        if done == DriftDone::Repaired {
            // What was done must be written down, so there must be room for it.
            inner.store.healthy().await?;
            match inner.repair(place, desired).await {
                // The answer may be lost, and the repair made.
                Err(trouble @ Trouble::Wait(_)) => {
                    unsure.insert(found.object.clone(), (found, own));
                    return Err(trouble);
                }
                repaired => repaired?,
            }
            self.note_repair(inner, &key);
        }
        let is_news = done == DriftDone::Repaired || known != Some(&found);
        tracing::info!(instance = %self.instance.id, object = found.object, ?done, "drift");
        Ok(is_news.then(|| InstanceFact::Drifted(Box::new(found))))
    }

    fn note_repair(&mut self, inner: &Inner, key: &ObjectKey) {
        self.repairs.entry(key.clone()).or_default().push_back(inner.clock.now());
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
fn all_seen(inventory: &Inventory, secrets: bool) -> Option<Vec<ObjectKey>> {
    let watched = inventory.objects.iter().filter(|entry| secrets || !entry.key.kind.is_secret());
    watched.map(|entry| entry.seen.map(|_| entry.key.clone())).collect()
}

/// Secrets are watched where that is wanted.
fn watched(rendered: &render::Rendered, secrets: bool) -> Vec<ObjectKey> {
    rendered.objects.iter().map(key).filter(|key| secrets || !key.kind.is_secret()).collect()
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
