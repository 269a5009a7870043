//! Drift: while an instance rests on its verified commit, whatever the cluster reports about its objects is compared with
//! what is desired. The watches tell; nothing is asked while nothing changes.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use cluster::{ObjectKey, Watcher};
use config_repo::{DriftRule, Instance};
use model::{DriftDone, DriftFound, InstanceFact, InstanceState, Timestamp, VerifiedCommit};
use render::Rendered;
use serde_json::Value;
use tokio::sync::watch;

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
pub(super) struct Drift(Option<Resting>);

/// The objects of one verified commit, and what was seen of them.
struct Resting {
    verified: VerifiedCommit,
    instance: Instance,
    place: Place,
    rendered: Rendered,
    keys: Vec<ObjectKey>,
    watcher: Watcher,
    changes: watch::Receiver<u64>,
    seen: HashMap<ObjectKey, Seen>,
    repairs: HashMap<ObjectKey, VecDeque<Timestamp>>,
}

/// How an object was when it was last compared.
struct Seen {
    live: Option<Arc<Value>>,
    mark: u64,
}

impl Drift {
    /// Comes back when the cluster reports something about the instance; never while nothing is watched.
    pub(super) async fn reported(&mut self) {
        while let Some(resting) = &mut self.0 {
            // Others in the namespace change too, and this one's status: neither is worth a turn.
            if resting.changes.changed().await.is_err() || resting.has_news() {
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
            self.0 = Some(Resting::begin(inner, instance, verified).await?);
        }
        match &mut self.0 {
            Some(resting) => resting.look(inner, state).await,
            None => Ok(Vec::new()),
        }
    }
}

impl Resting {
    async fn begin(inner: &Inner, instance: &Instance, verified: &VerifiedCommit) -> Result<Self, Trouble> {
        let rendered = inner.rendered_at(instance, &verified.commit).await?;
        let place = inner.place(&instance.id, &rendered).await?;
        let keys: Vec<ObjectKey> = rendered.objects.iter().map(key).filter(|key| !key.kind.is_secret()).collect();
        let watcher = inner.watcher(&place, &keys).await;
        let changes = watcher.changes();
        let (seen, repairs) = (HashMap::new(), HashMap::new());
        let (verified, instance) = (verified.clone(), instance.clone());
        Ok(Self { verified, instance, place, rendered, keys, watcher, changes, seen, repairs })
    }

    async fn look(&mut self, inner: &Inner, state: &InstanceState) -> Result<Vec<InstanceFact>, Trouble> {
        self.changes.mark_unchanged();
        let Some(live) = self.watcher.objects(&self.keys) else { return Ok(Vec::new()) };
        let mut facts = Vec::new();
        for at in 0..self.rendered.objects.len() {
            let key = key(&self.rendered.objects[at]);
            let live = live.get(&key);
            if !key.kind.is_secret() && self.is_news(&key, live) {
                let object = self.rendered.objects[at].clone();
                facts.extend(self.compare(inner, state, &object, &key).await?);
                self.seen.insert(key, Seen { mark: mark(live), live: live.cloned() });
            }
        }
        Ok(facts)
    }

    fn has_news(&mut self) -> bool {
        let Some(live) = self.watcher.objects(&self.keys) else { return false };
        let keys = self.keys.clone();
        keys.iter().any(|key| self.is_news(key, live.get(key)))
    }

    /// Whether an object is otherwise than when it was compared. Its status is not: that changes all the time, and is
    /// never desired.
    fn is_news(&mut self, key: &ObjectKey, live: Option<&Arc<Value>>) -> bool {
        let Some(seen) = self.seen.get_mut(key) else { return true };
        let same = match (&seen.live, live) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if same || seen.mark == mark(live) {
            seen.live = live.cloned();
            return false;
        }
        true
    }

    async fn compare(
        &mut self,
        inner: &Inner,
        state: &InstanceState,
        desired: &render::Object,
        key: &ObjectKey,
    ) -> Result<Option<InstanceFact>, Trouble> {
        let object = format!("{}/{}", key.kind.kind, key.name);
        let known = state.drift.get(&object);
        let mut what = inner.edits_of(&self.place, desired).await?;
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
            inner.repair(&self.place, desired).await?;
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

fn cut(what: &mut Vec<String>) {
    if what.len() > MOST_FIELDS {
        let more = what.len() - MOST_FIELDS;
        what.truncate(MOST_FIELDS);
        what.push(format!("and {more} more"));
    }
}

/// A number that changes with whatever of an object may be desired.
fn mark(live: Option<&Arc<Value>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let Some(object) = live.and_then(|live| live.as_object()) else { return 0 };
    for (name, value) in object {
        match name.as_str() {
            "status" => {}
            "metadata" => mark_metadata(value, &mut hasher),
            _ => (name, value.to_string()).hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Versions and owners move with every write of the status; who owns what is looked at when something else changed.
fn mark_metadata(metadata: &Value, hasher: &mut DefaultHasher) {
    for (name, value) in metadata.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "resourceVersion" | "managedFields") {
            (name, value.to_string()).hash(hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(version: &str, ready: u32, greeting: &str) -> Arc<Value> {
        Arc::new(json!({
            "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": version, "managedFields": [version]},
            "data": {"GREETING": greeting}, "status": {"ready": ready},
        }))
    }

    #[test]
    fn a_status_is_no_news_and_a_field_is() {
        let before = mark(Some(&object("1", 0, "hello")));
        assert_eq!(mark(Some(&object("2", 1, "hello"))), before);
        assert_ne!(mark(Some(&object("2", 1, "bye"))), before);
        assert_ne!(mark(None), before);
    }

    #[test]
    fn many_fields_are_cut_and_it_is_said() {
        let mut what: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        cut(&mut what);
        assert_eq!((what.len(), what.last().unwrap().as_str()), (11, "and 2 more"));
    }
}
