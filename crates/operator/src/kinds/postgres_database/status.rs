//! The status of a database.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::crd::{Backup, BackupRun, PostgresDatabaseStatus};
use super::fill::Filled;
use super::{PostgresDatabase, validate};
use crate::driver::rfc3339;
use crate::objects::said;
use crate::postgres::Wanted;
use crate::standing::{self, RESTORED, Standing};

/// What came of a pass.
pub(crate) struct Outcome {
    pub(crate) standing: Standing,
    /// The kind of its server.
    pub(crate) server: Option<&'static str>,
    /// The role that its Secret holds.
    pub(crate) login: Option<String>,
    /// When its password was replaced, where it was now.
    pub(crate) rotated: Option<Timestamp>,
    /// What is to be known though it is ready.
    pub(crate) note: Option<String>,
    /// The backups that are kept, where that was asked.
    pub(crate) backups: Option<Vec<Backup>>,
    /// The backup that is being made.
    pub(crate) backup: Option<BackupRun>,
    /// What it began with.
    pub(crate) filled: Filled,
}

impl Outcome {
    /// Nothing but how it stands.
    pub(crate) fn of(standing: Standing) -> Self {
        Self {
            standing,
            server: None,
            login: None,
            rotated: None,
            note: None,
            backups: None,
            backup: None,
            filled: Filled::Before,
        }
    }
}

/// The status to be written.
pub(crate) fn of(database: &PostgresDatabase, wanted: Option<&Wanted>, outcome: &Outcome, now: Timestamp) -> Value {
    let before = database.status.clone().unwrap_or_default();
    let generation = database.metadata.generation;
    let is_ready = outcome.standing == Standing::Ready;
    let (restored, known) = match &outcome.filled {
        Filled::From { backup, known } => (Some(backup.clone()), known.clone()),
        Filled::Before | Filled::Empty | Filled::Full => (before.restored.clone(), Vec::new()),
    };
    let known = if known.is_empty() { before.backups.clone() } else { known };
    let backups = outcome.backups.clone().unwrap_or(known);
    let mut conditions = outcome.standing.conditions(generation, &before.conditions, now);
    if let (Some(note), Some(ready)) = (&outcome.note, conditions.iter_mut().find(|one| one.kind == "Ready")) {
        ready.message = format!("{}; {note}", ready.message);
    }
    if let Some(name) = restored.as_ref().filter(|_| !conditions.iter().any(|one| one.kind == RESTORED)) {
        let message = what_came_back(&database.metadata.name, name, &backups);
        conditions.push(standing::restored(message, now));
    }
    let status = PostgresDatabaseStatus {
        observed_generation: generation,
        server: outcome.server.map(str::to_owned).or_else(|| before.server.clone()),
        database: wanted.map(|wanted| wanted.database.to_string()),
        owner: wanted.map(|wanted| wanted.owner.to_string()),
        connection_secret: is_ready
            .then(|| validate::connection_secret(database))
            .or_else(|| before.connection_secret.clone()),
        login: outcome.login.clone().or_else(|| before.login.clone()),
        rotated: outcome.rotated.map(rfc3339).or_else(|| before.rotated.clone()),
        backed_up: backups.last().map(|backup| backup.at.clone()),
        backups,
        backup: outcome.backup.clone(),
        filled: before.filled || outcome.filled != Filled::Before,
        began_empty: before.began_empty || outcome.filled == Filled::Empty,
        restored,
        conditions,
    };
    said(json!(status))
}

fn what_came_back(database: &str, backup: &str, backups: &[Backup]) -> String {
    let at = backups.iter().find(|one| one.name == backup).map(|one| format!(" of {}", one.at)).unwrap_or_default();
    format!(
        "the database {database} was made anew and filled from the backup {backup}{at}: what was written after that is not in it"
    )
}
