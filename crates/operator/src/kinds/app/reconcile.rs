//! One pass over an App, in named steps: dereference, validate, build, then what its stage allows, and the status.

use cluster::Snapshot;
use health::Verdict;
use serde_json::Value;

use super::apply::{self, Kept};
use super::facts::{self, Database, Facts};
use super::stage::{Stage, stage};
use super::standing::{Serving, Standing};
use super::{App, AppSpec, Objects, Problem, build, dereference, needs, status};
use crate::crd::OfKind as _;
use crate::driver::{Controller, Next, OperatorError, Work};
use crate::objects;

/// How Apps are looked after.
pub(crate) const CONTROLLER: Controller =
    Controller { kind: AppSpec::KIND.kind, reconcile: |work| Box::pin(reconcile(work)) };

/// Another value than before has a failed migration run again.
pub const RETRY_ANNOTATION: &str = "pinnace.dev/retry";

async fn reconcile(work: &mut Work) -> Result<Next, OperatorError> {
    let shared = std::sync::Arc::clone(&work.shared);
    // All of it asks the API server, and nobody else.
    let Ok(_turn) = shared.turns.acquire().await else { return Ok(Next::WhenChanged) };
    let mut app = App::read(&work.object)?;
    if work.is_deleted() {
        let waits = needs::that_go(work, &app);
        if !waits.is_empty() {
            let status = status::of(&app, &Standing::Going(waits), work.now());
            work.write_status(&status).await?;
        }
        return Ok(Next::WhenChanged);
    }
    let (standing, result) = match steps(work, &mut app).await {
        Ok(standing) => (standing, Ok(Next::WhenChanged)),
        // Nothing is known to be wrong with it: what was said last still holds.
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => (Standing::Refused { reason: error.reason(), message: error.to_string() }, Err(error)),
    };
    if standing == Standing::Unseen {
        return result;
    }
    let status = status::of(&app, &standing, work.now());
    work.write_status(&status).await?;
    result
}

/// What its status says to be done is brought up to date on the way.
async fn steps(work: &mut Work, app: &mut App) -> Result<Standing, OperatorError> {
    if is_paused(app) {
        return Ok(Standing::Paused);
    }
    let before = needs::of_an_app_before(work, app);
    if !before.is_empty() {
        return Ok(Standing::Initializing(before));
    }
    apply::databases(work, &build::databases::build(app)).await?;
    let seen = dereference::read(work, app).await?;
    let (database, snapshot) = (Database::of(work, app), of_app(work));
    facts::settle(app, work.uid(), database.as_ref(), facts::led_to(app, &seen).as_ref(), &snapshot);
    facts::say_restored(work, app, database.as_ref()).await?;
    let checked = match super::validate(app, &seen) {
        Ok(checked) => checked,
        Err(problems) if problems.iter().all(Problem::is_waiting) => {
            return Ok(Standing::Initializing(facts::waits(work, app, &problems)));
        }
        Err(problems) => return Ok(Standing::Invalid(problems)),
    };
    let objects = build(&checked);
    let facts = Facts::of(work, app, &checked.digest, &objects, database.as_ref(), &snapshot).await?;
    let version = checked.version();
    apply::leave_behind(work, &objects, &snapshot).await?;
    if let Some(backup) = facts.backup.as_ref().filter(|_| !facts.migrated()) {
        app.status.get_or_insert_default().backup = Some(backup.name.clone());
    }
    match go_on(work, app, &objects, &facts, version, database.as_ref()).await {
        Err(error) => Err(apply::others::with_all_of_others(work, error, &objects).await),
        standing => standing,
    }
}

/// What its stage allows.
async fn go_on(
    work: &mut Work,
    app: &App,
    objects: &Objects,
    facts: &Facts,
    version: String,
    database: Option<&Database>,
) -> Result<Standing, OperatorError> {
    match stage(facts) {
        Stage::Initializing(waits) => Ok(Standing::Initializing(waits)),
        Stage::Migrating => {
            apply::configuration(work, &objects.configuration).await?;
            match &objects.migration {
                Some(migration) => apply::migration(work, app, migration, facts).await,
                None => Ok(Standing::Migrating("nothing is to be done".to_owned())),
            }
        }
        Stage::BackingUp(backup) => apply::backup(work, app, &backup).await,
        Stage::WaitsForMigration(other) => Ok(Standing::Migrating(format!("waits for {other}"))),
        Stage::MigrationFailed(failure) => apply::failed_migration(work, app, objects, failure).await,
        Stage::Deploying => {
            let first_data = apply::first_data(objects, facts);
            // Before anything may keep the rest from being made.
            if first_data == Some(true) {
                apply::begun(work, database).await?;
            }
            let kept = apply::all(work, app, objects, facts).await?;
            // Else what runs from now on brings them.
            if first_data.is_none() {
                apply::begun(work, database).await?;
            }
            if !kept.not_ours.is_empty() {
                return Ok(Standing::Refused { reason: "NotOurs", message: kept.not_ours.join("; ") });
            }
            if !kept.waits.is_empty() {
                let (message, migrated) = (kept.waits.join("; "), facts.migrated());
                return Ok(Standing::Deploying { message, logs: None, migrated });
            }
            let snapshot = of_app(work);
            let once = facts.once.iter().map(|once| once.name.clone()).collect();
            let note = facts::no_way_in(work, app).await?;
            let serving = Serving { image: app.spec.image.clone(), version, once, note };
            let standing = deployed(work, &kept, facts, &snapshot, serving);
            if matches!(standing, Standing::Ready(_)) {
                apply::remove_others(work, objects, &snapshot).await?;
            }
            Ok(standing)
        }
    }
}

fn is_paused(app: &App) -> bool {
    app.spec.pause || app.metadata.is_skipped()
}

/// All that is seen of the App and of what it owns.
fn of_app(work: &Work) -> Snapshot {
    work.snapshot(std::slice::from_ref(&work.key))
}

/// How what was made does.
fn deployed(work: &mut Work, kept: &Kept, facts: &Facts, snapshot: &Snapshot, serving: Serving) -> Standing {
    let Some(verdict) = facts::verdict(work, kept, snapshot, &serving.image) else { return Standing::Unseen };
    let failed = facts.once.iter().find_map(|once| match &once.verdict {
        Verdict::Failed(failure) => Some(failure),
        _ => None,
    });
    if let Some(failure) = failed.filter(|_| !matches!(verdict, Verdict::Failed(_))) {
        let message = format!(
            "{}. It runs again with the next version, or now: pinnace app retry {} -n {}",
            failure.sentence,
            work.key.name,
            work.namespace()
        );
        return Standing::CommandFailed { message, logs: failure.logs_of.clone() };
    }
    let once = facts.once.iter().map(|once| &once.verdict);
    Standing::of_verdicts(std::iter::once(&verdict).chain(once), facts.migrated(), serving)
}

/// Why an object that was changed counts for nothing yet.
pub(crate) const TAKEN_UP: &str = "was changed, and that is not taken up yet";

/// Whether an object has a condition of this kind that holds; else what it says.
pub(crate) fn holds(object: Option<&Value>, condition: &str) -> Result<(), String> {
    let Some(object) = object else { return Err("is not there".to_owned()) };
    let Some(found) = objects::condition(object, condition) else {
        return Err(format!("does not say yet whether it is {condition}"));
    };
    let of = |at: &Value| at.as_i64();
    let seen_at = (of(&found["observedGeneration"]), of(&object["metadata"]["generation"]));
    if matches!(seen_at, (Some(seen), Some(is)) if seen < is) {
        return Err(TAKEN_UP.to_owned());
    }
    if found["status"] == "True" {
        return Ok(());
    }
    match found["message"].as_str().filter(|message| !message.is_empty()) {
        Some(message) => Err(message.to_owned()),
        None => Err(format!("is not {condition} yet")),
    }
}
