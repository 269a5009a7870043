//! What an App comes to for who goes on without it: of what runs once only what is still to run.

use serde_json::Value;

use super::build::{JOB_OF_SUPERUSER, Objects};
use super::facts::{is_migration, is_of_new_data, is_part};
use super::{App, AppStatus, Problem, Seen, build, validate};
use crate::objects::name_of;

/// The plain objects of an App, and what is to be known of its Jobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ejected {
    /// The objects, in order.
    pub objects: Vec<Value>,
    /// The Jobs that are left out, as the status says that they have run.
    pub done: Vec<String>,
    /// Those that are left out, as the status says that the database had data before the App.
    pub had_data: Vec<String>,
    /// Those that run once they are applied.
    pub will_run: Vec<String>,
    /// Whether the first user's Job is among these: it reads a password.
    pub makes_superuser: bool,
}

/// The objects of an App with what was read for it, without the Jobs that have nothing to do any more. An App without a status, as from a file, says of none
/// that it has run.
pub fn eject(app: &App, seen: &Seen) -> Result<Ejected, Vec<Problem>> {
    let checked = validate(app, seen)?;
    let mut objects = build(&checked);
    let nothing = AppStatus::default();
    let status = app.status.as_ref().unwrap_or(&nothing);
    let mut ejected = Ejected::default();
    let digest = checked.digest.to_string();
    let mut is_to_run = |job: &Value| {
        let left_out = left_out(job, &digest, status);
        let told = match left_out {
            None => &mut ejected.will_run,
            Some(LeftOut::Done) => &mut ejected.done,
            Some(LeftOut::HadData) => &mut ejected.had_data,
        };
        told.push(name_of(job).to_owned());
        left_out.is_none()
    };
    let Objects { migration, once, .. } = &mut objects;
    *migration = migration.take().filter(&mut is_to_run);
    once.retain(&mut is_to_run);
    ejected.makes_superuser = objects.once.iter().any(|job| is_part(job, JOB_OF_SUPERUSER));
    ejected.objects = objects.into_vec();
    Ok(ejected)
}

/// Why a Job is left out.
enum LeftOut {
    Done,
    HadData,
}

fn left_out(job: &Value, digest: &str, status: &AppStatus) -> Option<LeftOut> {
    let is_done = if is_migration(job) {
        status.migrations.iter().chain(&status.migrated).any(|done| done == digest)
    } else {
        status.once.iter().any(|done| done == name_of(job))
    };
    if is_done {
        return Some(LeftOut::Done);
    }
    let had_data = status.database.as_ref().is_some_and(|ran_in| ran_in.had_data);
    (had_data && is_of_new_data(job)).then_some(LeftOut::HadData)
}
