//! Announced builds: the registry is asked what each really is, and pins are opened where the project runs.

mod confirm;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use config_repo::Project;
use futures::{StreamExt as _, TryStreamExt as _};
use model::{EnvironmentName, PinKind, ProjectName};
use store::{BuildId, BuildRow, BuildState, NewFleet, NewPin, OpenedPin, Opening, StoreError};

use confirm::{Confirmed, Unconfirmed};

use super::until_writable::until_writable;
use crate::Control;
use crate::backoff::backoff;
use crate::inner::Inner;

/// How many announcements are taken in hand at a time.
const BATCH: u32 = 200;
/// How many projects' builds are looked up at a time, so that one whose registry is slow delays few others.
const PROJECTS_AT_ONCE: usize = 8;
/// How many builds of one project are looked up at a time.
const ASKED_AT_ONCE: usize = 4;
/// A registry may show a new tag late: it is asked this often before the build is recorded as unknown.
const MOST_ATTEMPTS_NOT_FOUND: u32 = 5;
/// Without a signal the loop looks again after this long.
const TICK: Duration = Duration::from_secs(30);

pub(super) async fn run(control: Control) {
    loop {
        match resolve_due(&control).await {
            Ok(true) => {}
            Ok(false) => wait(&control).await,
            Err(error) => {
                tracing::warn!(%error, "builds could not be read, or what they are not written down");
                until_writable(&control, "builds").await;
            }
        }
    }
}

async fn wait(control: &Control) {
    let now = control.inner.clock.now();
    let retry = control.inner.store.next_build_retry().await.ok().flatten();
    let pause = retry.map_or(TICK, |at| at.since(now).min(TICK)).max(Duration::from_millis(20));
    tokio::select! {
        () = control.inner.wakes.builds.notified() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Takes what is due in hand, coalesced: of builds that say the same only the newest asks the registry.
async fn resolve_due(control: &Control) -> Result<bool, StoreError> {
    let rows = control.inner.store.builds_to_resolve(control.inner.clock.now(), BATCH).await?;
    let worked = !rows.is_empty();
    let (newest, superseded) = coalesced(rows);
    if !superseded.is_empty() {
        control.inner.store.builds_superseded(superseded, control.inner.clock.now()).await?;
        control.inner.wakes.changed();
    }
    let projects = newest.into_values().map(|builds| resolve_all(control, builds));
    futures::stream::iter(projects).buffer_unordered(PROJECTS_AT_ONCE).try_collect::<()>().await?;
    Ok(worked)
}

/// Builds by project, oldest first.
type ByProject = BTreeMap<ProjectName, Vec<BuildRow>>;

/// The builds that say something of their own; and those that a newer one says again, with it.
fn coalesced(rows: Vec<BuildRow>) -> (ByProject, Vec<(BuildId, BuildId)>) {
    let mut newest = ByProject::new();
    let mut said: HashMap<String, BuildId> = HashMap::new();
    let mut superseded = Vec::new();
    for row in rows.into_iter().rev() {
        match said.entry(said_by(&row)) {
            Entry::Occupied(newer) => superseded.push((row.id, *newer.get())),
            Entry::Vacant(first) => {
                first.insert(row.id);
                newest.entry(row.project.clone()).or_default().push(row);
            }
        }
    }
    for builds in newest.values_mut() {
        builds.reverse();
    }
    (newest, superseded)
}

/// What the registry is asked about, by project; no name holds a space.
fn said_by(row: &BuildRow) -> String {
    let said = &row.announcement;
    let tag = said.tag.as_ref().map(ToString::to_string).unwrap_or_default();
    let digest = said.digest.as_ref().map(ToString::to_string).unwrap_or_default();
    let chart = said.chart.as_ref().map(|chart| format!("{} {}", chart.name, chart.version)).unwrap_or_default();
    format!("{} {} {tag} {digest} {chart}", row.project, said.image)
}

/// Asks about some builds of a project at a time. Their pins are opened in the order in which they were announced, so that
/// the newest build has the newest pin.
async fn resolve_all(control: &Control, builds: Vec<BuildRow>) -> Result<(), StoreError> {
    let asked = builds.into_iter().map(async |row| {
        let answer = confirm::confirm(control, &row).await;
        (row, answer)
    });
    let mut answers = std::pin::pin!(futures::stream::iter(asked).buffered(ASKED_AT_ONCE));
    while let Some((row, answer)) = answers.next().await {
        settle(control, row, answer).await?;
    }
    Ok(())
}

async fn settle(control: &Control, row: BuildRow, answer: Result<Confirmed, Unconfirmed>) -> Result<(), StoreError> {
    let (store, now) = (&control.inner.store, control.inner.clock.now());
    let attempts = attempts(&row.state) + 1;
    match answer {
        Ok(confirmed) => {
            let opening = opening(control, &row, &confirmed).await?;
            let opened = store.build_resolved_into(row.id, &confirmed.digest, opening, now).await?;
            for number in opened.into_iter().map(OpenedPin::number) {
                if let Some(record) = store.pin(number).await? {
                    tracing::info!(pin = %number, instance = %record.pin.instance, "a build is here");
                    control.inner.wakes.wake(&record.pin.instance);
                }
            }
        }
        Err(error) if error.gives_up(attempts) => {
            tracing::warn!(%error, project = %row.project, "a build is unknown and not asked about");
            store.build_unknown(row.id, &error.to_string(), now).await?;
        }
        Err(error) => {
            store.build_retry(row.id, &error.to_string(), now.plus(backoff(attempts)), attempts).await?;
        }
    }
    control.inner.wakes.changed();
    Ok(())
}

fn attempts(state: &BuildState) -> u32 {
    match state {
        BuildState::Received { attempts, .. } => *attempts,
        _ => 0,
    }
}

/// One pin for each instance of the project that never met this build: announcing it again asks nobody again, and a
/// person can still pin it. Where a project has many instances they make one fleet pin in each environment; who locked one
/// wants it left where it is.
async fn opening(control: &Control, row: &BuildRow, confirmed: &Confirmed) -> Result<Opening, StoreError> {
    let config = control.inner.config();
    let project = config.projects.get(&row.project);
    let mut opening = Opening::default();
    let mut fleets: BTreeMap<EnvironmentName, Vec<NewPin>> = BTreeMap::new();
    for instance in config.instances_of(&row.project) {
        let build = confirm::build(control, row, confirmed, &instance).await;
        if control.inner.store.was_pinned(&instance.id, &build).await? {
            continue;
        }
        let Ok(id) = Inner::new_pin_id() else { continue };
        let environment = instance.id.environment.clone();
        let pin = NewPin { id, instance: instance.id, kind: PinKind::Pin, build, by: None };
        if project.is_some_and(Project::is_pattern) {
            if control.inner.store.instance(&pin.instance).await?.lock.is_none() {
                fleets.entry(environment).or_default().push(pin);
            }
        } else {
            opening.pins.push(pin);
        }
    }
    let waves = project.map(|project| project.waves).unwrap_or_default();
    for (environment, pins) in fleets {
        let Ok(id) = Inner::new_pin_id() else { continue };
        let Some(build) = pins.first().map(|pin| pin.build.clone()) else { continue };
        let project = row.project.clone();
        let pause_ms = u64::try_from(waves.pause.as_millis()).unwrap_or(u64::MAX);
        opening.fleets.push(NewFleet { id, project, environment, build, size: waves.size, pause_ms, pins });
    }
    Ok(opening)
}

#[cfg(test)]
mod tests;
