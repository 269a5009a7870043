//! What is so of an App, as it is seen: what decides how far it may go.

mod jobs;

use std::time::Duration;

use cluster::{ClusterError, ObjectKey, Snapshot};
use health::{Baseline, CustomRules, LogSource, ObjectKey as HealthKey, Progress, Verdict};
use serde_json::Value;

use super::apply::Kept;
use super::build::{JOB_OF_SEED, JOB_OF_SUPERUSER, Objects};
use super::crd::Defaults;
use super::dereference::sources;
use super::reconcile::{RETRY_ANNOTATION, TAKEN_UP, holds};
use super::validate::Checked;
use super::{App, Problem};
use crate::driver::{OperatorError, Work};
use crate::rights::ACCOUNT;

pub(crate) use jobs::{
    SUPERSEDED_ANNOTATION, can_not_begin, ended_as, has_ended, in_words, is_deleted, is_migration, is_superseded, jobs,
    judge_job, left_behind, name_of, uid_of,
};
use jobs::{is_part, other_migration};

/// What is not watched is looked for again after so long.
const LOOKED_FOR_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What is so of an App.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// What it needs and is not there, or not well: `database shop: starts`.
    pub(crate) unmet: Vec<String>,
    /// Whether it has migrations at all.
    pub(crate) wants_migration: bool,
    /// Whether the status says that this version's migration succeeded.
    pub(crate) recorded: bool,
    /// How the backup before it does, where there is to be one.
    pub(crate) backup: Option<BackupFact>,
    /// How its migration does, where its Job is there.
    pub(crate) migration: Option<Verdict>,
    /// The uid of the Job of its migration where that failed, and the App was another version since: it is begun once more.
    pub(crate) superseded: Option<String>,
    /// The migration of another version that runs.
    pub(crate) other_migration: Option<String>,
    /// What runs once, as far as it is there.
    pub(crate) once: Vec<Once>,
    /// Whether this very version was seen serving.
    pub(crate) deployed: bool,
}

/// How a backup does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BackupFact {
    /// The object that it is of.
    pub(crate) of: String,
    /// Its name.
    pub(crate) name: String,
    pub(crate) state: BackupState,
}

/// How far a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackupState {
    /// Nobody asked for it yet.
    Absent,
    Runs(String),
    Failed(String),
    Made,
}

/// A command that runs once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Once {
    /// The name of its Job.
    pub(crate) name: String,
    /// Whether it is known to have run, or has nothing to do: its Job need not be there.
    pub(crate) is_done: bool,
    pub(crate) verdict: Verdict,
}

impl Facts {
    /// Whether nothing of this version has to be migrated any more.
    pub(crate) fn migrated(&self) -> bool {
        !self.wants_migration || self.recorded || self.migration.as_ref().is_some_and(Verdict::is_current)
    }

    /// Reads them.
    pub(crate) async fn of(
        work: &mut Work,
        app: &App,
        checked: &Checked<'_>,
        objects: &Objects,
        snapshot: &Snapshot,
    ) -> Result<Self, OperatorError> {
        let status = app.status.clone().unwrap_or_default();
        let migration = objects.migration.as_ref().map(|job| name_of(job).to_owned());
        let digest = checked.digest.to_string();
        let job = migration.as_deref().and_then(|name| jobs(snapshot).find(|job| name_of(job) == name));
        let superseded = job.filter(|job| is_superseded(job)).map(|job| uid_of(job).to_owned());
        let database = database_of(work, app);
        let began_full = database.as_ref().is_some_and(|(_, live)| began_full(live));
        Ok(Self {
            unmet: unmet(work, app).await?,
            backup: database.and_then(|database| backup(work, app, checked, superseded.as_deref(), database)),
            wants_migration: migration.is_some(),
            recorded: status.migrations.contains(&digest),
            migration: job.filter(|job| !is_superseded(job)).map(|job| judge_job(job, snapshot)),
            superseded,
            other_migration: other_migration(snapshot, migration.as_deref()),
            once: objects.once.iter().map(|job| once(snapshot, job, &status.once, began_full)).collect(),
            deployed: status.image.as_ref() == Some(&app.spec.image),
        })
    }
}

/// The backup that is to be made before this version's migration. A database that was made for it and that nothing was migrated in has nothing
/// to lose.
fn backup(
    work: &Work,
    app: &App,
    checked: &Checked<'_>,
    superseded: Option<&str>,
    (of, live): (String, Value),
) -> Option<BackupFact> {
    let wanted = app.spec.migrations.as_ref()?.backup.unwrap_or(app.spec.defaults == Defaults::Prod);
    if !wanted {
        return None;
    }
    let status = &live["status"];
    let is_first = app.status.as_ref().is_none_or(|status| status.migrations.is_empty());
    let is_of_app = live.pointer("/metadata/ownerReferences/0/uid").is_some_and(|owner| owner == work.uid());
    if is_first && is_of_app && status["beganEmpty"] == true {
        return None;
    }
    let name = backup_name(app, checked.digest.short(), work.uid(), superseded);
    let made = status["backups"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == name.as_str()));
    let run = &status["backup"];
    let message = || run["message"].as_str().unwrap_or_default().to_owned();
    let state = match (made, run["name"] == name.as_str(), run["failed"] == true) {
        (true, ..) => BackupState::Made,
        (false, true, true) => BackupState::Failed(message()),
        (false, true, false) => BackupState::Runs(message()),
        _ => BackupState::Absent,
    };
    Some(BackupFact { of, name, state })
}

/// Another name for each try of each version in each life of an App, so that no older backup is taken for the one that is wanted.
fn backup_name(app: &App, digest: &str, uid: &str, superseded: Option<&str>) -> String {
    let short = |uid: &str| uid.chars().take(8).collect::<String>();
    let parts = [
        Some(app.metadata.name.clone()),
        Some(digest.to_owned()),
        Some(short(uid)),
        superseded.map(short),
        app.metadata.annotations.get(RETRY_ANNOTATION).cloned(),
    ];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(100).collect()
}

/// Whether there were data before the App: a database that was taken over, or filled from a backup.
fn began_full(database: &Value) -> bool {
    database["status"]["filled"] == true && database["status"]["beganEmpty"] != true
}

/// The database of the App, where it is an object of ours: its name, and the object as far as it is there.
fn database_of(work: &mut Work, app: &App) -> Option<(String, Value)> {
    let source = sources(&app.metadata.name, &app.spec).into_iter().find(|source| source.what == "database")?;
    let (kind, name) = source.object?;
    let live = work.other(&work.ours_beside(kind, &name)).unwrap_or_default();
    Some((name, live))
}

fn once(snapshot: &Snapshot, job: &Value, done: &[String], began_full: bool) -> Once {
    let name = name_of(job);
    // What a database begins with is there.
    let is_of_new = [JOB_OF_SEED, JOB_OF_SUPERUSER].iter().any(|part| is_part(job, part));
    let is_done = done.iter().any(|done| done == name) || began_full && is_of_new;
    if is_done {
        return Once { name: name.to_owned(), is_done, verdict: Verdict::Current };
    }
    let waits = || Verdict::InProgress(Progress::new(&HealthKey::of(job), format!("{name} is begun"), "no Job yet"));
    let job = jobs(snapshot).find(|job| name_of(job) == name);
    let verdict = job.map_or_else(waits, |job| judge_job(job, snapshot));
    Once { name: name.to_owned(), is_done, verdict }
}

/// What it needs and what is not so.
async fn unmet(work: &mut Work, app: &App) -> Result<Vec<String>, OperatorError> {
    let mut unmet = Vec::new();
    for source in sources(&app.metadata.name, &app.spec) {
        let Some((kind, name)) = &source.object else { continue };
        let key = work.ours_beside(kind, name);
        let seen = work.other(&key);
        let is_stale = seen.as_ref().is_some_and(|seen| work.is_stale(&key, seen));
        let holds = if is_stale { Err(TAKEN_UP.to_owned()) } else { holds(seen.as_ref(), "Ready") };
        if let Err(why) = holds {
            unmet.push(format!("{} {name}: {why}", source.what));
        }
    }
    for need in &app.spec.needs.objects {
        let key = work.beside(&need.api_version, &need.kind, &need.name);
        let holds = match work.client().get(&key).await {
            Err(ClusterError::Forbidden { .. }) => Err(format!(
                "may not be looked at: give the ServiceAccount {ACCOUNT} the right to get it, as docs/apps.md says"
            )),
            Err(ClusterError::UnknownKind { .. }) => holds(None, &need.condition),
            other => holds(other?.as_ref(), &need.condition),
        };
        if let Err(why) = holds {
            // It is of a kind that is not watched.
            work.again_in = Some(LOOKED_FOR_AGAIN_AFTER);
            unmet.push(format!("{} {}: {why}", need.kind, need.name));
        }
    }
    Ok(unmet)
}

/// What is waited for, while what would tell it is not there.
pub(crate) fn waits(work: &mut Work, app: &App, problems: &[Problem]) -> Vec<String> {
    let mut waits = Vec::new();
    for source in sources(&app.metadata.name, &app.spec) {
        let is_missing =
            |problem: &Problem| matches!(problem, Problem::NoConnection { what, .. } if *what == source.what);
        let Some(problem) = problems.iter().find(|problem| is_missing(problem)) else { continue };
        let told = source.object.as_ref().and_then(|(kind, name)| {
            let key = work.ours_beside(kind, name);
            let why = holds(work.other(&key).as_ref(), "Ready").err()?;
            Some(format!("{} {name}: {why}", source.what))
        });
        waits.push(told.unwrap_or_else(|| problem.to_string()));
    }
    waits
}

/// How the processes of the App do, judged from the newest pods alone; nothing while the watches have not caught up.
pub(crate) fn verdict(work: &mut Work, kept: &Kept, snapshot: &Snapshot, image: &str) -> Option<Verdict> {
    let keys: Vec<ObjectKey> = kept.applied.iter().map(|one| one.key.clone()).collect();
    let of_processes = work.snapshot(&keys);
    // Restarts of before are nothing that this version did.
    if work.memo.baseline.as_ref().is_none_or(|(of, _)| of != image) {
        let baseline = Baseline::of(snapshot.children.iter().map(AsRef::as_ref));
        work.memo.baseline = Some((image.to_owned(), baseline));
    }
    if !of_processes.covers(&kept.applied) {
        return None;
    }
    let none = Baseline::default();
    let baseline = work.memo.baseline.as_ref().map_or(&none, |(_, baseline)| baseline);
    Some(of_processes.judge(&kept.applied, baseline, &CustomRules::default()).verdict)
}

/// Where the lines of what failed are to be had.
pub(crate) fn logs(verdict: &Verdict) -> Option<&LogSource> {
    match verdict {
        Verdict::Failed(failure) => failure.logs_of.as_ref(),
        Verdict::InProgress(progress) => progress.logs_of.as_ref(),
        _ => None,
    }
}
