//! The types of a PostgresDatabase. Their comments are what `kubectl explain` says.

mod server;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::{conditions, rule, rules};
use crate::resource::{Condition, Status};

pub use server::{ClusterServer, Engine, ExternalServer, LocalServer, PostgresServer, RdsServer, ServerName};

/// What a database should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "!has(self.deletion) || self.deletion != 'snapshot' || (has(self.server) && has(self.server.rds))",
    "A last snapshot is made only of servers of Amazon RDS: say `deletion: drop` or `keep`.",
)))]
pub struct PostgresDatabaseSpec {
    /// The server that it lies on.
    pub server: PostgresServer,
    /// Its name on the server. Without it the name of this object, with `_` for `-`.
    #[schemars(length(max = 63), extend("x-kubernetes-validations" = identifier_rule()))]
    pub database: Option<String>,
    /// The role that owns it. Without it the name of the database.
    #[schemars(length(max = 63), extend("x-kubernetes-validations" = identifier_rule()))]
    pub owner: Option<String>,
    /// Its extensions, each with its version; `latest` is the newest that the server has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50))]
    pub extensions: BTreeMap<String, String>,
    /// A further role that may read all tables, those of later migrations too.
    pub reporting: Option<Reporting>,
    /// The Secret that address and login are written to. Without it `<name>-postgres`.
    #[schemars(length(max = 253))]
    pub connection_secret: Option<String>,
    /// When the password of the login is replaced. Without it, it stays.
    pub rotation: Option<Rotation>,
    /// Whether a database and a role of these names that are there already are taken over. They are refused otherwise.
    pub adopt: bool,
    /// What becomes of the data when this object is deleted.
    pub deletion: Deletion,
    /// Whether a database that is made anew is filled from the last backup that was made of this object.
    pub restore: Restore,
}

fn identifier_rule() -> Vec<serde_json::Value> {
    rules(&[
        (
            "self.matches('^[a-z_][a-z0-9_]{0,62}$')",
            "The name has to begin with a lower-case letter and hold at most 63 lower-case letters, digits and underscores, so that it needs no quotes.",
        ),
        (
            "!self.startsWith('pg_') && !(self in ['postgres', 'template0', 'template1', 'rdsadmin', 'public', 'none'])",
            "This name is PostgreSQL's own: give another one.",
        ),
    ])
}

/// A role that may read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Reporting {
    /// Its name. Without it that of the database, with `_reporting`.
    #[schemars(length(max = 63), extend("x-kubernetes-validations" = identifier_rule()))]
    pub role: Option<String>,
    /// The Secret that its login is written to. Without it `<name>-postgres-reporting`.
    #[schemars(length(max = 253))]
    pub connection_secret: Option<String>,
}

/// When the password of the login is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    /// After how many days. Two logins take turns, so that the one in use is never changed.
    #[schemars(range(min = 1, max = 3650))]
    pub every_days: u32,
}

/// What becomes of data when its object is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Deletion {
    /// It stays where it is.
    #[default]
    Keep,
    /// A last snapshot is made, and then it is deleted.
    Snapshot,
    /// It is deleted.
    Drop,
}

/// Whether a database that is made anew is filled from a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Restore {
    /// From the last one that there is of an object of this name and namespace, if there is one: as after a disaster.
    #[default]
    Latest,
    /// It begins empty.
    Never,
}

/// A backup that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub at: String,
}

/// A backup that is being made, or could not be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BackupRun {
    /// Its name.
    pub name: String,
    /// Whether it failed.
    pub failed: bool,
    /// What is happening, or what happened.
    pub message: String,
}

/// What was seen of a database last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PostgresDatabaseStatus {
    /// The `metadata.generation` that this was seen of.
    pub observed_generation: Option<i64>,
    /// The kind of its server: `local`, `cluster`, `external` or `rds`.
    pub server: Option<String>,
    /// Its name on the server.
    pub database: Option<String>,
    /// The role that owns it.
    pub owner: Option<String>,
    /// The Secret that address and login stand in.
    pub connection_secret: Option<String>,
    /// The role that stands in that Secret: one of two that take turns.
    pub login: Option<String>,
    /// When the password was replaced last.
    pub rotated: Option<String>,
    /// When the newest backup was made.
    pub backed_up: Option<String>,
    /// The backups that are kept, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub backups: Vec<Backup>,
    /// The backup that is being made, or that could not be made.
    pub backup: Option<BackupRun>,
    /// Whether it was made and, where there was a backup, filled: it is never filled again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub filled: bool,
    /// Whether nothing was in it when it was made: the first migration has nothing to lose.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub began_empty: bool,
    /// The backup that it was filled from.
    pub restored: Option<String>,
    /// `Ready`: it takes connections. `Stalled`: it can't go on by itself. `Restored`: it was filled from a backup, and what did not come back.
    /// `OutOfReach`: it is to be deleted, and what its data needs for that is not there, since when and why.
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Status for PostgresDatabaseStatus {
    const DONE: &'static [&'static str] = &["filled", "beganEmpty", "restored"];
}
