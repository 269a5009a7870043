//! What was seen of an App last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::conditions;
use crate::resource::{Condition, Status};

/// What was seen of an App last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppStatus {
    /// The `metadata.generation` that this was seen of.
    pub observed_generation: Option<i64>,
    /// How far it is.
    pub phase: Option<AppPhase>,
    /// Since when it is in this phase.
    pub phase_since: Option<String>,
    /// The version that serves, for people: the tag of its image, or the beginning of its digest.
    pub version: Option<String>,
    /// The version that is on its way, where it is not the one that serves.
    pub next: Option<String>,
    /// The image that serves.
    pub image: Option<String>,
    /// The digest whose migration succeeded last.
    pub migrated: Option<String>,
    /// The digests whose migrations succeeded, the newest last: none of them is migrated again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub migrations: Vec<String>,
    /// Those of these digests whose migrations can't be reversed: versions before them may not work with the database any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub irreversible: Vec<String>,
    /// The Jobs that ran once, as seed, superuser and setup, the newest last: none of them runs again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub once: Vec<String>,
    /// The database that these migrations and Jobs ran in. In another, or in one that was made anew, they run again.
    pub database: Option<RanIn>,
    /// The backup that is made before the next migration.
    pub backup: Option<String>,
    /// Where people reach it.
    pub url: Option<String>,
    /// Where the last lines of what is not well are to be had.
    pub logs: Option<Lines>,
    /// `Ready`: it runs as it should. `Stalled`: it can't go on by itself.
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Status for AppStatus {
    const DONE: &'static [&'static str] = &["migrated", "migrations", "irreversible", "once", "database"];
}

/// The database that something ran in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RanIn {
    /// Its name; that of the Secret, as in `secret/shop`, where nothing but that is known of it.
    pub name: String,
    /// The uid of its object when its data began, or a hash of where the Secret leads to.
    pub uid: String,
    /// Whether there were data when the App began in it: `seed` and `superuser` are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub had_data: bool,
}

/// Where lines are to be had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Lines {
    /// The pod.
    pub pod: String,
    /// Its container.
    pub container: String,
    /// Whether those of the run before are meant.
    pub previous: bool,
}

/// How far an App is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AppPhase {
    /// What it needs is made or waited for.
    Initializing,
    /// A backup is made before the migration.
    BackingUp,
    /// The migration runs.
    Migrating,
    /// The processes of this version are started.
    Deploying,
    /// It runs as it should.
    Ready,
    /// It can't go on. The condition `Ready` says why and what to do.
    Error,
}
