//! What is written of an App, in order. Each does nothing where everything is as it should be.

mod databases;
mod job;
mod once;
pub(crate) mod others;

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::{Applied, Autoscaled, ClusterError, KindKey, ObjectKey, Snapshot};
use health::Failure;
use serde_json::Value;

pub(crate) use self::databases::databases;
use self::job::Foreign;
use self::once::Begun;
use super::App;
use super::build::Objects;
use super::facts::{self, BEGUN_ANNOTATION, BackupFact, BackupState, Database, Facts, Mark, SUPERSEDED_ANNOTATION};
use super::facts::{can_not_begin, ended_as, has_ended, is_migration, is_of_new_data, is_superseded, jobs, judge_job};
use super::reconcile::RETRY_ANNOTATION;
use super::standing::Standing;
use super::status;
use crate::crd::{OfKind as _, is_ours};
use crate::driver::{OperatorError, Work};
use crate::kinds::postgres_database::{PostgresDatabaseSpec, WANTED_ANNOTATION};
use crate::objects::{is_deleted, name_of, uid_of};

/// So many migrations that ended are kept, with their lines.
const KEPT_MIGRATIONS: usize = 5;

/// What this pass wrote is there in the next one.
const SOON: Duration = Duration::from_secs(1);
/// What it waits for may be out of sight.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What was made of what runs.
pub(crate) struct Kept {
    pub(crate) applied: Vec<Applied>,
    /// What could not be made yet: why not.
    pub(crate) waits: Vec<String>,
    /// What can't be made as long as something of others has its name.
    pub(crate) not_ours: Vec<String>,
}

/// Configuration and secrets. What has another content has another name.
pub(crate) async fn configuration(work: &mut Work, configuration: &[Value]) -> Result<(), OperatorError> {
    for object in configuration {
        work.keep(object, &Autoscaled::default()).await?;
    }
    Ok(())
}

/// The backup: asked for where nobody did.
pub(crate) async fn backup(work: &mut Work, app: &App, backup: &BackupFact) -> Result<Standing, OperatorError> {
    let BackupFact { of, name, state } = backup;
    Ok(match state {
        // Its name has to be known in the next pass too, or each pass would ask for another.
        BackupState::Absent if work.object["status"]["backup"] != name.as_str() => {
            work.looks_again_in(SOON);
            Standing::BackingUp(format!("a backup of the database {of} is about to be asked for"))
        }
        BackupState::Absent => {
            let kind = PostgresDatabaseSpec::KIND.kind;
            let key = work.ours_beside(kind, of);
            let asking = format!("{WANTED_ANNOTATION}{}", app.metadata.name);
            let asked = work.other(&key).is_some_and(|live| live["metadata"]["annotations"][&asking] == name.as_str());
            if !asked {
                work.client().annotate(&key, &asking, Some(name)).await?;
            }
            Standing::BackingUp(format!("a backup of the database {of} is asked for"))
        }
        BackupState::Runs(message) => Standing::BackingUp(format!("a backup of the database {of} is made: {message}")),
        BackupState::Failed(message) => Standing::Refused {
            reason: "BackupFailed",
            message: format!(
                "no backup of the database {of} could be made, so nothing is migrated: {message}. Try again: pinnace app retry {} -n {}; or go on without: \
                 spec.migrations.backup: false",
                app.metadata.name,
                work.namespace()
            ),
        },
        BackupState::Made => Standing::BackingUp(format!("the backup {name} is made")),
    })
}

/// The migration: made where it is not there. Whoever made it, what it came to counts.
pub(crate) async fn migration(
    work: &mut Work,
    app: &App,
    migration: &Value,
    facts: &Facts,
) -> Result<Standing, OperatorError> {
    let runs = |job: &str| Standing::Migrating(format!("the Job {job} runs"));
    if let Some(verdict) = &facts.migration {
        return Ok(Standing::Migrating(verdict.sentence().to_owned()));
    }
    if let Some(uid) = &facts.superseded {
        let job = work.beside("batch/v1", "Job", name_of(migration));
        work.client().delete_after_all_of_it(&job, uid).await?;
        return Ok(Standing::Migrating(
            "what it came to before counts no longer, and it is begun once more".to_owned(),
        ));
    }
    let key = work.beside("batch/v1", "Job", name_of(migration));
    let live = if let Some(live) = work.client().get(&key).await? {
        live
    } else {
        if let Some(other) = job::other_at_work(work, migration).await? {
            work.looks_again_in(LOOKS_AGAIN_AFTER);
            return Ok(Standing::Migrating(format!("waits for {other}")));
        }
        work.make_once(&job::marked(migration, app)).await?.into_object()
    };
    Ok(match live {
        live if !is_owned_by(&live, work.uid()) => match job::of_another(work, &live).await? {
            Foreign::Goes(waits) => Standing::Migrating(waits),
            Foreign::Stays(message) => Standing::Refused { reason: "NotOurs", message },
        },
        // The watch has not told it yet. What it came to is acted upon when it has.
        live if has_ended(&live) => Standing::Migrating(judge_job(&live, &Snapshot::default()).sentence().to_owned()),
        _ => runs(name_of(migration)),
    })
}

/// Migrations of versions that the App is no more. One that failed is marked: who goes to such a version again wants it migrated, and its lines are kept until
/// then. One that can't begin is deleted: it would begin later, under a version that it is not of.
pub(crate) async fn leave_behind(work: &mut Work, objects: &Objects, snapshot: &Snapshot) -> Result<(), OperatorError> {
    for job in facts::left_behind(snapshot, objects) {
        let key = work.beside("batch/v1", "Job", name_of(job));
        if ended_as(job, "Failed") && !is_superseded(job) {
            work.client().annotate(&key, SUPERSEDED_ANNOTATION, Some("true")).await?;
        } else if can_not_begin(job, snapshot) && !is_deleted(job) {
            work.client().delete_after_all_of_it(&key, uid_of(job)).await?;
        }
    }
    Ok(())
}

/// A migration that failed stays as it is, with its lines, until somebody wants it to run again.
pub(crate) async fn failed_migration(
    work: &mut Work,
    app: &App,
    objects: &Objects,
    failure: Box<Failure>,
) -> Result<Standing, OperatorError> {
    let Some(migration) = &objects.migration else { return Ok(Standing::Migrating(failure.sentence)) };
    let name = name_of(migration);
    let key = work.beside("batch/v1", "Job", name);
    let live = work.client().get(&key).await?;
    let wanted = app.metadata.annotations.get(RETRY_ANNOTATION).map(String::as_str);
    let of_job = |live: &Value| live["metadata"]["annotations"][RETRY_ANNOTATION].as_str().map(str::to_owned);
    if let Some(live) = live.filter(|live| wanted.is_some() && of_job(live).as_deref() != wanted) {
        work.client().delete(&key, uid_of(&live)).await?;
        return Ok(Standing::Migrating("it is begun once more, as somebody wants".to_owned()));
    }
    let status = app.status.clone().unwrap_or_default();
    if let Some((message, logs)) =
        status::said_of(&status, name, work.namespace()).filter(|_| failure.logs_of.is_none())
    {
        return Ok(Standing::MigrationFailed { message, logs: Some(logs) });
    }
    let namespace = work.namespace();
    let stays = status.version.map(|version| format!(" {version} keeps serving.")).unwrap_or_default();
    let message = format!(
        "the migration failed: {}.{stays} What it had committed before it failed stays in the database; `kubectl logs job/{name} -n {namespace}` has its lines. Push \
         another version, or run it again: pinnace app retry {} -n {namespace}",
        failure.sentence, app.metadata.name,
    );
    Ok(Standing::MigrationFailed { message, logs: failure.logs_of })
}

/// All that runs, and what leads to it.
pub(crate) async fn all(work: &mut Work, app: &App, objects: &Objects, facts: &Facts) -> Result<Kept, OperatorError> {
    // Destructured, so that what nobody applies does not compile.
    let Objects { databases: _, configuration, migration: _, once, processes, routes } = objects;
    self::configuration(work, configuration).await?;
    let (mut waits, mut not_ours) = (Vec::new(), Vec::new());
    for (job, fact) in once.iter().zip(&facts.once).filter(|(_, fact)| !fact.is_done) {
        match once::begin(work, app, job, fact).await? {
            Begun::Yes => {}
            Begun::Again(name) => waits.push(format!("{name} is begun once more")),
            Begun::Not(Foreign::Goes(message)) => waits.push(message),
            Begun::Not(Foreign::Stays(message)) => not_ours.push(message),
        }
    }
    let autoscaled = Autoscaled::by(processes, work.namespace());
    let mut applied = Vec::new();
    for object in processes.iter().chain(routes) {
        if let Some(before) = form_before(work, object).await? {
            waits.push(before);
            continue;
        }
        let kind = ObjectKey::of(object).kind;
        work.shared.watcher.follow_made(&[kind]);
        applied.push(work.keep(object, &autoscaled).await?);
    }
    Ok(Kept { applied, waits, not_ours })
}

/// A database says from now on that it has data, which nothing is to be seeded into once more.
pub(crate) async fn begun(work: &Work, database: Option<&Database>) -> Result<(), OperatorError> {
    let Some(Database { key, live, .. }) = database.filter(|database| database.is_to_be_marked(work.uid())) else {
        return Ok(());
    };
    let mark = Mark { app: &work.key.name, uid: work.uid() };
    work.client().annotate(key, BEGUN_ANNOTATION, Some(&mark.written_on(live))).await?;
    Ok(())
}

/// Whether something of what brings the first data succeeded; nothing where nothing brings any.
pub(crate) fn first_data(objects: &Objects, facts: &Facts) -> Option<bool> {
    let first = objects.once.iter().zip(&facts.once).filter(|(job, _)| is_of_new_data(job));
    let all: Vec<bool> = first.map(|(_, once)| once.verdict.is_current()).collect();
    (!all.is_empty()).then(|| all.contains(&true))
}

/// What runs this process in another form, with its pods: of a singleton there may never be two, so it ends before this one begins.
async fn form_before(work: &Work, object: &Value) -> Result<Option<String>, OperatorError> {
    let other = match object["kind"].as_str() {
        Some("Deployment") => "StatefulSet",
        Some("StatefulSet") => "Deployment",
        _ => return Ok(None),
    };
    let key = work.beside("apps/v1", other, name_of(object));
    let live = work.shared.watcher.seen(&key).filter(|live| is_owned_by(live, work.uid()));
    let Some(live) = live else { return Ok(None) };
    if !is_deleted(&live) {
        work.client().delete_after_all_of_it(&key, uid_of(&live)).await?;
    }
    Ok(Some(format!("the {other} {} ends first, with its pods", key.name)))
}

/// What the App owns and wants no longer. Data is never among it, nor anything that a pod which still runs reads.
pub(crate) async fn remove_others(
    work: &mut Work,
    objects: &Objects,
    snapshot: &Snapshot,
) -> Result<(), OperatorError> {
    let wanted: BTreeSet<(KindKey, String)> = objects.iter().map(identity).collect();
    let texts: Vec<String> = readers(snapshot).map(ToString::to_string).collect();
    let is_read = |name: &str| texts.iter().any(|text| text.contains(&format!("\"{name}\"")));
    let kept_jobs = newest_migrations(snapshot);
    let mut gone = Vec::new();
    for child in snapshot.children.iter().filter(|child| is_child_of(child, work.uid())) {
        let (kind, name) = identity(child);
        let stays = match kind.kind.as_str() {
            "ConfigMap" | "Secret" => is_read(&name),
            "Job" => kept_jobs.contains(&name) || !has_ended(child),
            "PersistentVolumeClaim" => true,
            _ => is_ours(child),
        };
        if !stays && !wanted.contains(&(kind, name)) {
            gone.push(child);
        }
    }
    for child in gone {
        match work.client().delete(&ObjectKey::of(child), uid_of(child)).await {
            Ok(_) | Err(ClusterError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn identity(object: &Value) -> (KindKey, String) {
    let key = ObjectKey::of(object);
    (key.kind, key.name)
}

fn is_child_of(child: &Value, uid: &str) -> bool {
    !is_deleted(child) && is_owned_by(child, uid)
}

fn is_owned_by(object: &Value, uid: &str) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["uid"] == uid && owner["controller"] == true)
}

/// What reads configuration, or may make a pod that does: what has ended does not, though its lines are kept.
fn readers(snapshot: &Snapshot) -> impl Iterator<Item = &Value> {
    snapshot.children.iter().map(AsRef::as_ref).filter(|child: &&Value| match child["kind"].as_str() {
        Some("Pod") => !job::pod_has_ended(child),
        Some("Job") => !has_ended(child),
        _ => false,
    })
}

/// The migrations whose lines are kept.
fn newest_migrations(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut all: Vec<&Value> = jobs(snapshot).filter(|job| is_migration(job)).collect();
    all.sort_by_key(|job| {
        std::cmp::Reverse(job["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned())
    });
    all.into_iter().take(KEPT_MIGRATIONS).map(|job| name_of(job).to_owned()).collect()
}
