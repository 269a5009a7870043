//! The status of an App, from how it stands.

use health::LogSource;
use jiff::{SignedDuration, Timestamp};
use model::ImageRef;
use serde_json::{Value, json};

use super::App;
use super::build::is_encrypted;
use super::crd::{AppPhase, AppStatus, Lines, Routes};
use super::standing::Standing;
use crate::driver::rfc3339;
use crate::leaving;
use crate::objects;
use crate::standing::{Said, conditions};

const INITIALIZING: &str = "Initializing";
const BACKING_UP: &str = "BackingUp";
/// What it needs is waited for so long before it counts as stuck. A server of a cloud takes twenty minutes.
const INITIALIZING_AT_MOST: SignedDuration = SignedDuration::from_mins(45);
/// A backup is waited for so long, as its Job may take.
const BACKING_UP_AT_MOST: SignedDuration = SignedDuration::from_hours(6);
/// So many successes of migrations, and of what runs once, are remembered.
const REMEMBERED: usize = 50;

/// Why an App is in error whose migration failed.
const MIGRATION_FAILED: &str = "MigrationFailed";

/// The status to be written.
pub(crate) fn of(app: &App, standing: &Standing, now: Timestamp) -> Value {
    let before = app.status.clone().unwrap_or_default();
    let mut told = told(standing, &before, schema(app));
    let began = before.phase_since.as_ref().filter(|_| before.phase == told.phase);
    let since = began.and_then(|at| at.parse::<Timestamp>().ok()).unwrap_or(now);
    told.counts_as_stuck_after(now.duration_since(since));
    let generation = app.metadata.generation;
    let mut status = AppStatus {
        observed_generation: generation,
        phase: told.phase,
        phase_since: Some(rfc3339(since)),
        url: app.spec.routes.as_ref().map(url),
        logs: told.logs.map(lines),
        ..before.clone()
    };
    if let Standing::Ready(serving) = standing {
        (status.version, status.image) = (Some(serving.version.clone()), Some(serving.image.clone()));
        for name in &serving.once {
            remember(&mut status.once, name.clone());
        }
    }
    status.next = (status.image.as_ref() != Some(&app.spec.image)).then(|| version(&app.spec.image));
    if is_migrated(standing) && app.spec.migrations.is_some() {
        record(&mut status, app);
    }
    let ready = matches!(standing, Standing::Ready(_));
    let said = Said { ready, stalled: told.stalled, reason: told.reason, message: &told.message };
    status.conditions = conditions(said, generation, &before.conditions, now);
    objects::said(json!(status))
}

struct Told {
    phase: Option<AppPhase>,
    reason: &'static str,
    message: String,
    stalled: bool,
    logs: Option<LogSource>,
}

impl Told {
    /// What is waited for too long counts as stuck, and goes on when it comes after all.
    fn counts_as_stuck_after(&mut self, waited: SignedDuration) {
        let message = &self.message;
        self.message = match self.reason {
            INITIALIZING if waited >= INITIALIZING_AT_MOST => {
                format!("for {} minutes it waits in vain: {message}", INITIALIZING_AT_MOST.as_mins())
            }
            BACKING_UP if waited >= BACKING_UP_AT_MOST => format!(
                "for {} hours it waits in vain: {message}. It goes on when that is done; to go on without: spec.migrations.backup: false",
                BACKING_UP_AT_MOST.as_hours()
            ),
            _ => return,
        };
        self.stalled = true;
    }
}

/// What is to be known of the database when a version does not come up, or is left.
fn schema(app: &App) -> String {
    let Some(migrations) = &app.spec.migrations else { return String::new() };
    let version = version(&app.spec.image);
    let note = if migrations.reversible { "" } else { ", which the version before does not work with" };
    format!(". Its migration is done: the schema stays at that of {version}{note}")
}

/// What people call an image; one that can't be read is refused elsewhere.
fn version(image: &str) -> String {
    image.parse::<ImageRef>().map_or_else(|_| image.to_owned(), |image| image.version().to_owned())
}

fn told(standing: &Standing, before: &AppStatus, schema: String) -> Told {
    let on_its_way =
        |phase, reason, message: String| Told { phase: Some(phase), reason, message, stalled: false, logs: None };
    let error =
        |reason, message: String, logs| Told { phase: Some(AppPhase::Error), reason, message, stalled: true, logs };
    match standing {
        Standing::Unseen | Standing::Paused => Told {
            phase: before.phase,
            reason: "Paused",
            message: "it is left as it is, as spec.pause or the annotation pinnace.dev/skip says".to_owned(),
            stalled: false,
            logs: None,
        },
        Standing::Going(waits) => Told {
            phase: before.phase,
            reason: leaving::REASON,
            message: format!("it is being deleted: {}", waits.join("; ")),
            stalled: false,
            logs: None,
        },
        Standing::Invalid(problems) => {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            error("Invalid", all.join("; "), None)
        }
        Standing::Refused { reason, message } => error(reason, message.clone(), None),
        Standing::Initializing(waits) => on_its_way(AppPhase::Initializing, INITIALIZING, waits.join("; ")),
        Standing::BackingUp(message) => on_its_way(AppPhase::BackingUp, BACKING_UP, message.clone()),
        Standing::Migrating(message) => on_its_way(AppPhase::Migrating, "Migrating", message.clone()),
        Standing::MigrationFailed { message, logs } => error(MIGRATION_FAILED, message.clone(), logs.clone()),
        Standing::CommandFailed { message, logs } => error("CommandFailed", message.clone(), logs.clone()),
        Standing::Deploying { message, logs, .. } => {
            Told { logs: logs.clone(), ..on_its_way(AppPhase::Deploying, "Deploying", message.clone()) }
        }
        Standing::Broken { message, logs, migrated, advice } => {
            let schema = if *migrated { schema } else { String::new() };
            error("Broken", format!("{message}{schema}. {advice}"), logs.clone())
        }
        Standing::Ready(serving) => {
            let note = serving.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
            on_its_way(AppPhase::Ready, "Ready", format!("it runs as it should{note}"))
        }
    }
}

/// What was said of the failure of this migration's Job while its pod was there: the pod goes with its node, and with it what was wrong.
pub(crate) fn said_of(before: &AppStatus, job: &str, namespace: &str) -> Option<(String, LogSource)> {
    let said = before.conditions.iter().find(|one| one.kind == "Ready" && one.reason == MIGRATION_FAILED)?;
    let Lines { pod, container, previous } = before.logs.clone()?;
    let is_of_job = pod.strip_prefix(job).is_some_and(|rest| rest.starts_with('-'));
    is_of_job.then(|| (said.message.clone(), LogSource { namespace: namespace.to_owned(), pod, container, previous }))
}

fn is_migrated(standing: &Standing) -> bool {
    match standing {
        Standing::Deploying { migrated, .. } | Standing::Broken { migrated, .. } => *migrated,
        // Nothing of it begins before the migration.
        Standing::Ready(_) | Standing::CommandFailed { .. } => true,
        _ => false,
    }
}

/// The success of this version's migration is written down before its Job may go.
fn record(status: &mut AppStatus, app: &App) {
    let Some(digest) = app.spec.image.rsplit_once('@').map(|(_, digest)| digest.to_owned()) else { return };
    remember(&mut status.migrations, digest.clone());
    if app.spec.migrations.as_ref().is_some_and(|migrations| !migrations.reversible) {
        remember(&mut status.irreversible, digest.clone());
    }
    (status.migrated, status.backup) = (Some(digest), None);
}

/// Writes down one more that succeeded. The oldest are forgotten.
pub(crate) fn remember(all: &mut Vec<String>, one: String) {
    if !all.contains(&one) {
        all.push(one);
    }
    let too_many = all.len().saturating_sub(REMEMBERED);
    all.drain(..too_many);
}

fn url(routes: &Routes) -> String {
    let scheme = if is_encrypted(routes) { "https" } else { "http" };
    format!("{scheme}://{}/", routes.host)
}

fn lines(source: LogSource) -> Lines {
    Lines { pod: source.pod, container: source.container, previous: source.previous }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stalled(phase: &str, standing: &Standing, hours: i64) -> bool {
        let object = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop"},
            "spec": {"image": "shop:1@sha256:1", "processes": {}},
            "status": {"phase": phase, "phaseSince": "2026-11-26T00:00:00Z"}});
        let now = "2026-11-26T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours);
        let status = of(&App::read(&object).unwrap(), standing, now);
        status["conditions"][1]["status"] == "True"
    }

    #[test]
    fn what_is_waited_for_too_long_counts_as_stuck_and_what_is_paused_waits_for_nothing() {
        let waits = Standing::Initializing(vec!["database shop: starts".to_owned()]);
        assert!(!stalled("Initializing", &waits, 0) && stalled("Initializing", &waits, 1));
        let runs = Standing::BackingUp("it is made".to_owned());
        assert!(!stalled("BackingUp", &runs, 5) && stalled("BackingUp", &runs, 6));
        assert!(!stalled("Migrating", &runs, 9), "it begins now");
        assert!(!stalled("Initializing", &Standing::Paused, 9));
        assert!(!stalled("BackingUp", &Standing::Going(vec!["database shop".to_owned()]), 9));
    }
}
