//! Looking at our own custom resources, one task for each instance that has any. The watches tell; the cluster is asked for nothing
//! but the last lines of what failed, once for each failure.

use std::collections::{BTreeSet, HashSet};

use cluster::KindKey;
use futures::future::BoxFuture;
use health::LogSource;
use model::{CommitId, InstanceId};
use tokio::task::JoinSet;

use super::unbroken::unbroken;
use crate::Control;
use crate::apps::{AppsView, Watched};
use crate::inner::Inner;

/// Looks at the Apps of every instance.
pub(super) async fn run(control: Control) {
    let (mut followed, mut tasks) = (HashSet::new(), JoinSet::new());
    let mut due = control.inner.apps.instances();
    loop {
        for id in due {
            if followed.insert(id.clone()) {
                tasks.spawn(boxed(control.clone(), id));
            }
        }
        control.inner.apps.begun.notified().await;
        due = control.inner.apps.take_new();
    }
}

/// Boxed, so that the future's type is named once.
fn boxed(control: Control, id: InstanceId) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let what = format!("looking at the Apps of {id}");
        unbroken(&control, &what, || follow(control.clone(), id.clone())).await;
    })
}

async fn follow(control: Control, id: InstanceId) {
    let inner = &control.inner;
    let mut lines = Lines::default();
    // What is watched from here on is told by the receiver.
    while let Some((watched, mut moved)) = inner.apps.followed(&id) {
        let needs = watched.needs();
        let kinds: BTreeSet<KindKey> = needs.iter().map(|key| key.kind.clone()).collect();
        watched.watcher.follow_beside(&kinds.into_iter().collect::<Vec<_>>());
        let keys: Vec<_> = watched.keys.iter().cloned().chain(needs).collect();
        // Listened to before it is looked at: what comes in between wakes.
        let mut changes = watched.watcher.changes_of(&keys);
        lines.look(inner, &id, &watched).await;
        tokio::select! {
            () = changes.changed() => {}
            _ = moved.changed() => {}
        }
    }
}

/// The lines of what failed that were read, so that they are not read again.
#[derive(Default)]
struct Lines {
    read: Vec<Read>,
    /// The commit whose Secrets are known.
    known: Option<CommitId>,
}

/// The lines of one App's failure.
struct Read {
    source: LogSource,
    /// What was said of it when they were read: a container that starts and stops again says more each time.
    message: String,
    lines: Vec<String>,
}

impl Lines {
    async fn look(&mut self, inner: &Inner, id: &InstanceId, watched: &Watched) {
        let (mut view, sources) = watched.view();
        self.read.retain(|read| sources.iter().flatten().any(|source| *source == read.source));
        self.put(&mut view, &sources);
        inner.tell_of_apps(id, view.clone());
        for (app, source) in view.apps.iter().zip(&sources) {
            let Some(source) = source else { continue };
            if self.read.iter().any(|read| read.source == *source && read.message == app.message) {
                continue;
            }
            let lines = self.of(inner, id, watched, source).await;
            self.read.retain(|read| read.source != *source);
            self.read.push(Read { source: source.clone(), message: app.message.clone(), lines });
        }
        self.put(&mut view, &sources);
        inner.tell_of_apps(id, view);
    }

    fn put(&self, view: &mut AppsView, sources: &[Option<LogSource>]) {
        for (app, source) in view.apps.iter_mut().zip(sources) {
            let read = source.as_ref().and_then(|source| self.read.iter().find(|read| read.source == *source));
            app.lines = read.map(|read| read.lines.clone()).unwrap_or_default();
        }
    }

    async fn of(&mut self, inner: &Inner, id: &InstanceId, watched: &Watched, source: &LogSource) -> Vec<String> {
        match self.learn(inner, id).await {
            Ok(()) => inner.last_lines(&watched.cluster, source).await,
            Err(why) => vec![format!("(no lines: what in them is secret is not known: {})", inner.redacted(&why))],
        }
    }

    /// After a restart nothing may have been rendered yet, and so no Secret be known that could stand in a line.
    async fn learn(&mut self, inner: &Inner, id: &InstanceId) -> Result<(), String> {
        let verified = inner.store.instance(id).await.map_err(|error| error.to_string())?.verified;
        let Some(verified) = verified.filter(|verified| self.known.as_ref() != Some(&verified.commit)) else {
            return Ok(());
        };
        let instance = inner.instance(id).map_err(|trouble| trouble.to_string())?;
        inner.rendered_at(&instance, &verified.commit).await.map_err(|trouble| trouble.to_string())?;
        self.known = Some(verified.commit);
        Ok(())
    }
}
