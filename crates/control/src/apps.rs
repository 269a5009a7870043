//! How our own custom resources stand, as the watches of their instances tell it: in memory, and found again by looking. Who shows
//! it asks nobody.

mod databases;
mod read;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cluster::{ClusterClient, KindKey, ObjectKey, Watcher};
use health::LogSource;
use model::InstanceId;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::inner::Inner;

pub(crate) use databases::{named, needed};
pub use read::RETRIED;
pub(crate) use read::app;
pub use views::{AppView, AppsView, MigrationState, MigrationView, NeedState, NeedView};

/// The API version of our kinds.
const VERSION: &str = "pinnace.dev/v1alpha1";

/// What is watched for one instance.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) watcher: Watcher,
    pub(crate) cluster: ClusterClient,
    /// Those of its objects that are of our kinds.
    pub(crate) keys: BTreeSet<ObjectKey>,
}

/// One instance's, and who is told when something else is watched.
struct Followed {
    watched: Watched,
    moved: watch::Sender<u64>,
}

/// Of every instance: what is watched of our kinds, and how it stands.
#[derive(Default)]
pub(crate) struct Apps {
    followed: Mutex<BTreeMap<InstanceId, Followed>>,
    seen: Mutex<BTreeMap<InstanceId, AppsView>>,
    /// Instances that nobody looks after yet.
    new: Mutex<Vec<InstanceId>>,
    /// There are such instances. One loop waits.
    pub(crate) begun: Notify,
}

impl Apps {
    /// Notes that these objects of an instance are watched. Those that are of other kinds are of no interest here.
    pub(crate) fn note(&self, id: &InstanceId, watcher: &Watcher, cluster: &ClusterClient, keys: &[ObjectKey]) {
        let keys: BTreeSet<ObjectKey> = keys.iter().filter(|key| key.kind.is_ours()).cloned().collect();
        if keys.is_empty() {
            return;
        }
        let mut all = lock(&self.followed);
        let Some(Followed { watched, moved }) = all.get_mut(id) else {
            let watched = Watched { watcher: watcher.clone(), cluster: cluster.clone(), keys };
            all.insert(id.clone(), Followed { watched, moved: watch::Sender::new(0) });
            lock(&self.new).push(id.clone());
            self.begun.notify_one();
            return;
        };
        if watched.watcher.namespace() != watcher.namespace() {
            *watched = Watched { watcher: watcher.clone(), cluster: cluster.clone(), keys };
        } else if keys.is_subset(&watched.keys) {
            return;
        } else {
            watched.keys.extend(keys);
        }
        moved.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Every instance that is watched.
    pub(crate) fn instances(&self) -> Vec<InstanceId> {
        lock(&self.followed).keys().cloned().collect()
    }

    /// Those that nobody looks after yet; from now on somebody does.
    pub(crate) fn take_new(&self) -> Vec<InstanceId> {
        std::mem::take(&mut *lock(&self.new))
    }

    /// What is watched of an instance, and who tells when that is something else.
    pub(crate) fn followed(&self, id: &InstanceId) -> Option<(Watched, watch::Receiver<u64>)> {
        lock(&self.followed).get(id).map(|followed| (followed.watched.clone(), followed.moved.subscribe()))
    }

    /// Notes how those of an instance stand. True when that is news.
    pub(crate) fn tell(&self, id: &InstanceId, view: AppsView) -> bool {
        let mut seen = lock(&self.seen);
        if seen.get(id).unwrap_or(&AppsView::default()) == &view {
            return false;
        }
        seen.insert(id.clone(), view);
        true
    }

    /// How those of an instance stand.
    pub(crate) fn of(&self, id: &InstanceId) -> AppsView {
        lock(&self.seen).get(id).cloned().unwrap_or_default()
    }

    /// The same without lines: whoever wants those looks at one instance.
    pub(crate) fn brief(&self, id: &InstanceId) -> AppsView {
        let mut view = self.of(id);
        view.apps.iter_mut().for_each(|app| app.lines.clear());
        view
    }
}

impl Inner {
    /// Notes how those of an instance stand, as far as people may see it, and wakes who looks when that is news.
    pub(crate) fn tell_of_apps(&self, id: &InstanceId, view: AppsView) {
        if self.apps.tell(id, self.fit(view)) {
            self.wakes.changed();
        }
    }

    /// Fit to be shown: what is known to be secret by now is nowhere in it.
    pub(crate) fn fit(&self, view: AppsView) -> AppsView {
        view.shown(&|text| self.redacted(text))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is seen of an object, and why not.
pub(crate) enum Sight {
    /// It is there.
    There(Box<Value>),
    /// It is not there.
    Gone,
    /// It can't be seen.
    Blind(Option<String>),
}

impl Watched {
    /// One object as it is known now. Costs no request.
    pub(crate) fn sight(&self, key: &ObjectKey) -> Sight {
        let sees = self.watcher.keys(&key.kind).is_some();
        match (self.watcher.seen(key), sees) {
            (Some(object), true) => Sight::There(Box::new(object)),
            (None, true) => Sight::Gone,
            (_, false) => Sight::Blind(self.watcher.trouble(&key.kind).map(|trouble| trouble.to_string())),
        }
    }

    /// What is known of the instance's objects of our kinds, and where the lines of each App are.
    pub(crate) fn view(&self) -> (AppsView, Vec<Option<LogSource>>) {
        let (mut view, mut lines) = (AppsView::default(), Vec::new());
        let mut needs = BTreeSet::new();
        for key in self.keys.iter().filter(|key| key.kind.kind == "App") {
            if let Sight::Blind(why) = self.sight(key) {
                view.unseen = Some(why.unwrap_or_else(|| "the cluster is being looked at".to_owned()));
            }
            // What was seen before holds until something else is seen.
            let Some(object) = self.watcher.seen(key) else { continue };
            let (mut app, source) = app(&object, self.cluster.context());
            app.needs = needed(&object, &|key| self.sight(key));
            needs.extend(named(&object));
            view.apps.push(app);
            lines.push(source);
        }
        let beside = self.keys.iter().filter(|key| key.kind.kind != "App" && !needs.contains(*key));
        view.databases.extend(beside.filter_map(|key| match self.sight(key) {
            Sight::Gone => None,
            sight => Some(databases::of(key, sight)),
        }));
        (view, lines)
    }

    /// The objects that its Apps need.
    pub(crate) fn needs(&self) -> Vec<ObjectKey> {
        let apps = self.keys.iter().filter(|key| key.kind.kind == "App");
        apps.filter_map(|key| self.watcher.seen(key)).flat_map(|object| named(&object)).collect()
    }
}

/// A kind of ours.
pub(crate) fn kind(kind: &str) -> KindKey {
    KindKey::new(VERSION, kind)
}
