//! Applying a set step by step: what a step needs is awaited before its first write. Pins, pushed commits and first installs
//! share it. The way back and repairs go in the same order and wait for nothing: what they bring stood together before, and a
//! need that can't be met (a Job that ended long ago, what others brought) must not keep them from it.

use std::time::Duration;

use cluster::{ClusterError, DryRun, KindKey, ObjectKey, Snapshot, Watcher};
use health::{Decision, Failure, Progress, Verdict, Watch};
use render::{Outside, Rendered, Step};
use serde_json::Value;
use tokio::time::Instant;

use crate::converge::{Place, Report, key, objects_of};
use crate::effects::watch::{Attend, Goal, Watched};
use crate::hooks::{Run, Time};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// What others bring may come unannounced (where a right to watch is missing): it is looked for after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How an apply in steps ended.
pub(crate) enum Stepped {
    /// All of it is applied.
    Applied(Report),
    /// A step does not become Current; what comes after it was not written.
    Failed(Box<Failure>),
    /// Something else came first.
    Stopped,
}

impl Inner {
    /// Applies a set that was dry-run just now.
    pub(crate) async fn apply_in_steps(
        &self,
        place: &Place,
        rendered: &Rendered,
        mut seen: DryRun,
        what: &str,
        attend: &mut impl Attend,
    ) -> Result<Stepped, Trouble> {
        let mut report = Report::of(rendered);
        let run = self.hook_run(place, rendered).await?;
        let mut stale = false;
        if let Some(run) = &run {
            let hooks = run.hooks(rendered, Time::Before);
            if !hooks.is_empty() {
                // What hooks may live in, or be made of.
                self.apply_step(place, &homes(rendered), &seen, what, &mut report).await?;
                let waiting = rendered.objects.len();
                if !self.run_hooks(place, &hooks, (run, Time::Before), &mut report, waiting, attend).await? {
                    return Ok(Stepped::Stopped);
                }
                stale = true;
            }
        }
        for (index, step) in rendered.steps.iter().enumerate() {
            let mut objects = objects_of(rendered, step);
            objects.retain(|object| !report.applied.iter().any(|one| one.key == key(object)));
            if !step.after.is_empty() || !step.outside.is_empty() {
                let waiting: usize = rendered.steps.iter().skip(index).map(|step| step.objects.len()).sum();
                match self.await_needs(place, rendered, step, &report, waiting, attend).await? {
                    Watched::Passed => {}
                    Watched::Failed(failure) => return Ok(Stepped::Failed(failure)),
                    Watched::Stopped => return Ok(Stepped::Stopped),
                }
                stale = true;
            }
            if stale {
                // Time went by, and it may be otherwise by now.
                seen = self.check_some(place, &objects).await?;
            }
            self.apply_step(place, &objects, &seen, what, &mut report).await?;
        }
        if let Some(run) = &run {
            match self.after_all(place, rendered, run, &mut report, attend).await? {
                Watched::Passed => {}
                Watched::Failed(failure) => return Ok(Stepped::Failed(failure)),
                Watched::Stopped => return Ok(Stepped::Stopped),
            }
        }
        self.applied_all(place, rendered, &mut report);
        Ok(Stepped::Applied(report))
    }

    /// The hooks that come when everything is Current.
    async fn after_all(
        &self,
        place: &Place,
        rendered: &Rendered,
        run: &Run,
        report: &mut Report,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        let hooks = run.hooks(rendered, Time::After);
        if hooks.is_empty() {
            return Ok(Watched::Passed);
        }
        let keys = report.applied.iter().map(|one| one.key.clone()).collect();
        let (applied, waiting, stable_for) = (report.applied.clone(), hooks.len(), Duration::ZERO);
        let goal = Goal { keys, applied, needed: None, waiting, stable_for };
        match self.watch_for(place, &goal, attend).await? {
            Watched::Passed => {}
            other => return Ok(other),
        }
        let all_ran = self.run_hooks(place, &hooks, (run, Time::After), report, 0, attend).await?;
        Ok(if all_ran { Watched::Passed } else { Watched::Stopped })
    }

    async fn await_needs(
        &self,
        place: &Place,
        rendered: &Rendered,
        step: &Step,
        report: &Report,
        waiting: usize,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        if !step.after.is_empty() {
            let needed = step.after.iter().filter_map(|index| rendered.objects.get(*index)).map(key).collect();
            let keys = report.applied.iter().map(|one| one.key.clone()).collect();
            let (applied, stable_for) = (report.applied.clone(), Duration::ZERO);
            let goal = Goal { keys, applied, needed: Some(needed), waiting, stable_for };
            match self.watch_for(place, &goal, attend).await? {
                Watched::Passed => {}
                other => return Ok(other),
            }
        }
        if step.outside.is_empty() {
            return Ok(Watched::Passed);
        }
        self.await_others(place, &step.outside, waiting, attend).await
    }

    /// Waits for what the set does not bring.
    async fn await_others(
        &self,
        place: &Place,
        others: &[Outside],
        waiting: usize,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        let id = &place.instance.id;
        let mut watch = Watch::new(self.limits(id)?.0, Duration::ZERO);
        let watcher = self.watcher(&place.instance, &place.cluster, &[]).await;
        let (mut changes, mut woken) = (watcher.changes(), self.wakes.instance(id));
        let mut looked: Option<Instant> = None;
        loop {
            changes.mark_unchanged();
            let now = Instant::now();
            let (sentence, open) = match self.first_open(place, others, &watcher).await {
                Ok(None) => return Ok(Watched::Passed),
                Ok(Some(open)) => {
                    let since = looked.map_or(Duration::ZERO, |at| now.duration_since(at));
                    looked = Some(now);
                    if let Decision::Failed(failure) = watch.observe(&open.verdict, since) {
                        return Ok(Watched::Failed(Box::new(failure)));
                    }
                    (open.sentence(waiting), Some(open))
                }
                // Blind time counts for nothing.
                Err(error) => {
                    looked = None;
                    (format!("the cluster can't be seen, so the clock is stopped: {error}"), None)
                }
            };
            if attend.waiting(watch.observed(), &sentence, &Snapshot::default()).await? {
                return Ok(Watched::Stopped);
            }
            let news = async {
                match open.as_ref().and_then(|open| Some((open.key.as_ref()?, open.live.as_ref()))) {
                    Some((key, live)) if place.cluster.news_of(key, live).await.is_ok() => {}
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = news => {}
                _ = changes.changed() => {}
                _ = woken.changed() => if attend.woken().await? { return Ok(Watched::Stopped) },
                () = tokio::time::sleep(watch.look_again_in().clamp(Duration::from_millis(1), LOOK_AGAIN)) => {}
            }
        }
    }

    /// The first of others' objects that is not Current.
    async fn first_open<'o>(
        &self,
        place: &Place,
        others: &'o [Outside],
        watcher: &Watcher,
    ) -> Result<Option<Open<'o>>, ClusterError> {
        for outside in others {
            let key = key_of(place, outside).await?;
            let live = match &key {
                Some(key) => place.cluster.get(key).await?,
                None => None,
            };
            let verdict = match &live {
                None => missing(place, outside),
                Some(live) => match watcher.judge_other(live, &self.config().health) {
                    Some(verdict) => failed_is_waited_for(place, outside, verdict),
                    None => Verdict::Unknown("the cluster is being looked at".to_owned()),
                },
            };
            if !verdict.is_current() {
                return Ok(Some(Open { outside, key, live, verdict }));
            }
        }
        Ok(None)
    }
}

/// Namespaces and definitions, as far as they wait for nothing.
pub(crate) fn homes(rendered: &Rendered) -> Vec<&render::Object> {
    let first = rendered.steps.first().filter(|step| step.after.is_empty() && step.outside.is_empty());
    let objects = first.map(|step| objects_of(rendered, step)).unwrap_or_default();
    let is_home =
        |object: &&render::Object| matches!(object.key.kind.as_str(), "Namespace" | "CustomResourceDefinition");
    objects.into_iter().filter(is_home).collect()
}

/// An object of others that is waited for.
struct Open<'o> {
    outside: &'o Outside,
    key: Option<ObjectKey>,
    live: Option<Value>,
    verdict: Verdict,
}

impl Open<'_> {
    fn sentence(&self, waiting: usize) -> String {
        let wait = if waiting == 1 { "1 object waits".to_owned() } else { format!("{waiting} objects wait") };
        format!("{}; {wait} for {} ({})", self.verdict.sentence(), self.outside.label(), self.outside.place)
    }
}

async fn key_of(place: &Place, outside: &Outside) -> Result<Option<ObjectKey>, ClusterError> {
    let kind = match outside.version {
        Some(version) => {
            let (group, kind) = (outside.group.clone(), outside.kind.clone());
            Some(KindKey { group, version: version.to_owned(), kind })
        }
        None => place.cluster.served(&outside.group, &outside.kind).await?,
    };
    let namespace = Some(place.instance.namespace.clone());
    Ok(kind.map(|kind| ObjectKey { kind, namespace, name: outside.name.clone() }))
}

fn missing(place: &Place, outside: &Outside) -> Verdict {
    let meant = outside.meant.as_ref().map(|key| format!("; did you mean {}/{} of this set?", key.kind, key.name));
    let sentence = format!("{} is not in the cluster, nor in this set{}", outside.label(), meant.unwrap_or_default());
    Verdict::InProgress(Progress::new(&judged(place, outside), sentence, ""))
}

/// Others mend what is theirs, and the deadline limits the wait for it.
fn failed_is_waited_for(place: &Place, outside: &Outside, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Failed(failure) => {
            let sentence = format!("{} does not work: {}", outside.label(), failure.sentence);
            Verdict::InProgress(Progress::new(&judged(place, outside), sentence, failure.technical))
        }
        verdict => verdict,
    }
}

fn judged(place: &Place, outside: &Outside) -> health::ObjectKey {
    health::ObjectKey {
        group: outside.group.clone(),
        kind: outside.kind.clone(),
        namespace: Some(place.instance.namespace.clone()),
        name: outside.name.clone(),
    }
}
