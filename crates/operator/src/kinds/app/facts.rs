//! What is so of an App, as it is seen: what decides how far it may go.

mod backup;
mod database;
mod jobs;
mod mark;
mod restored;
mod routes;
mod secret;

use std::time::Duration;

use cluster::{ClusterError, ObjectKey, Snapshot};
use health::{Baseline, CustomRules, LogSource, ObjectKey as HealthKey, Progress, Verdict};
use model::Digest;
use serde_json::Value;

use super::apply::Kept;
use super::build::{JOB_OF_SUPERUSER, Objects};
use super::dereference::{names_its_secret, sources, superuser_secret};
use super::reconcile::{TAKEN_UP, holds};
use super::{App, Problem};
use crate::driver::{OperatorError, Work, is_made};
use crate::objects::{name_of, uid_of};
use crate::rights::ACCOUNT;

use backup::backup;
pub(crate) use backup::{BackupFact, BackupState};
pub(crate) use database::{Database, IRREVERSIBLE_ANNOTATION, RUNS_IN_ANNOTATION, is_of_other_data, settle};
use jobs::other_migration;
pub(crate) use jobs::{
    SUPERSEDED_ANNOTATION, can_not_begin, ended_as, has_ended, in_words, is_migration, is_of_new_data, is_part,
    is_superseded, jobs, judge_job, left_behind, runs_once,
};
pub(crate) use mark::{BEGUN_ANNOTATION, Mark};
pub(crate) use restored::say_restored;
pub(crate) use routes::no_way_in;
pub(crate) use secret::led_to;

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
    /// The uid of the Job of its migration where that counts no longer: it failed, and the App was another version since, or it was of other data. It is
    /// begun once more.
    pub(crate) superseded: Option<String>,
    /// The migration of another version that runs.
    pub(crate) other_migration: Option<String>,
    /// What runs once, as far as it is there.
    pub(crate) once: Vec<Once>,
    /// Whether this very version was seen serving, in a database that has what it begins with.
    pub(crate) deployed: bool,
}

/// A command that runs once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Once {
    /// The name of its Job.
    pub(crate) name: String,
    /// Whether it is known to have run, or has nothing to do: its Job need not be there.
    pub(crate) is_done: bool,
    /// The uid of its Job where that ran in other data: it is begun once more.
    pub(crate) began_elsewhere: Option<String>,
    /// Whether its Job can't begin as it is.
    pub(crate) is_stuck: bool,
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
        digest: &Digest,
        objects: &Objects,
        database: Option<&Database>,
        snapshot: &Snapshot,
    ) -> Result<Self, OperatorError> {
        let status = app.status.clone().unwrap_or_default();
        let is_of_other = |job: &Value| is_of_other_data(job, status.database.as_ref(), database);
        let migration = objects.migration.as_ref().map(|job| name_of(job).to_owned());
        let job = migration.as_deref().and_then(|name| jobs(snapshot).find(|job| name_of(job) == name));
        let is_over = |job: &Value| has_ended(job) || can_not_begin(job, snapshot);
        let superseded = job.filter(|job| is_superseded(job) || is_of_other(job) && is_over(job));
        let superseded = superseded.map(|job| uid_of(job).to_owned());
        let elsewhere = job.filter(|job| is_of_other(job) && superseded.is_none()).map(in_words);
        let had_data = status.database.as_ref().is_some_and(|ran_in| ran_in.had_data);
        let once = |job: &Value| once(snapshot, job, &status.once, had_data, is_of_other);
        let once: Vec<Once> = objects.once.iter().map(once).collect();
        // Its Secret leads there already.
        let is_being_filled = database.is_some_and(Database::is_being_filled);
        let mut unmet = unmet(work, app).await?;
        unmet.extend(no_password(work, app, objects, &once).await?);
        Ok(Self {
            unmet,
            backup: database.and_then(|database| {
                backup(app, digest.short(), work.uid(), superseded.as_deref(), database, work.now())
            }),
            wants_migration: migration.is_some(),
            recorded: status.migrations.contains(&digest.to_string()),
            migration: job.filter(|_| superseded.is_none() && elsewhere.is_none()).map(|job| judge_job(job, snapshot)),
            other_migration: elsewhere.or_else(|| other_migration(snapshot, migration.as_deref())),
            superseded,
            once,
            deployed: status.image.as_ref() == Some(&app.spec.image) && !is_being_filled,
        })
    }
}

/// How a command that runs once does. What a database begins with is there where it had data before.
fn once(
    snapshot: &Snapshot,
    job: &Value,
    done: &[String],
    had_data: bool,
    is_of_other: impl Fn(&Value) -> bool,
) -> Once {
    let name = name_of(job);
    let live = jobs(snapshot).find(|job| name_of(job) == name);
    let is_stuck = live.is_some_and(|job| can_not_begin(job, snapshot));
    let began_elsewhere = live.filter(|job| is_of_other(job)).map(|job| uid_of(job).to_owned());
    let live = live.filter(|_| began_elsewhere.is_none());
    let is_done = done.iter().any(|done| done == name) || had_data && is_of_new_data(job);
    let waits = || Verdict::InProgress(Progress::new(&HealthKey::of(job), format!("{name} is begun"), "no Job yet"));
    let verdict = if is_done { Verdict::Current } else { live.map_or_else(waits, |job| judge_job(job, snapshot)) };
    Once { name: name.to_owned(), is_done, began_elsewhere, is_stuck, verdict }
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
            Err(ClusterError::UnknownKind { .. }) => {
                Err(format!("the cluster knows no {} of {}", need.kind, need.api_version))
            }
            other => holds(other?.as_ref(), &need.condition),
        };
        if let Err(why) = holds {
            // It is of a kind that is not watched.
            work.looks_again_in(LOOKED_FOR_AGAIN_AFTER);
            unmet.push(format!("{} {}: {why}", need.kind, need.name));
        }
    }
    Ok(unmet)
}

/// The Secret of the first user's password, where that user is not made yet and others have to make the Secret.
async fn no_password(
    work: &mut Work,
    app: &App,
    objects: &Objects,
    once: &[Once],
) -> Result<Option<String>, OperatorError> {
    let Some(secret) = superuser_secret(app) else { return Ok(None) };
    let mut all = objects.once.iter().zip(once);
    let is_wanted = all.any(|(job, fact)| is_part(job, JOB_OF_SUPERUSER) && !fact.verdict.is_current());
    if !is_wanted {
        return Ok(None);
    }
    let live = work.secret(&secret).await?;
    let is_made_by_us = || !names_its_secret(app) && live.as_ref().is_none_or(|live| is_made(live, None));
    if is_made_by_us() || live.as_ref().is_some_and(|live| live["data"].get("password").is_some()) {
        return Ok(None);
    }
    Ok(Some(format!(
        "the Secret {secret} with the key password, of spec.superuser, is not there: make it, or leave secretName out, and it is made as \
         {}-superuser",
        app.metadata.name
    )))
}

/// What is waited for, while what would tell it is not there.
pub(crate) fn waits(work: &mut Work, app: &App, problems: &[Problem]) -> Vec<String> {
    let others = problems.iter().filter(|problem| !matches!(problem, Problem::NoConnection { .. }));
    let mut waits: Vec<String> = others.map(ToString::to_string).collect();
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
