//! What was seen of an App last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::conditions;
use crate::resource::Condition;

/// What was seen of an App last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppStatus {
    /// The `metadata.generation` that this was seen of.
    pub observed_generation: Option<i64>,
    /// How far it is.
    pub phase: Option<AppPhase>,
    /// The version that serves, for people: the tag of its image, or the beginning of its digest.
    pub version: Option<String>,
    /// The image that serves.
    pub image: Option<String>,
    /// The digest whose migration succeeded last.
    pub migrated: Option<String>,
    /// The digest that a backup was made before.
    pub backed_up: Option<String>,
    /// Where people reach it.
    pub url: Option<String>,
    /// `Ready`: it runs as it should. `Stalled`: it can't go on by itself.
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
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
