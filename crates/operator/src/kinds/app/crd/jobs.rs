//! What is run once and ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::{EnvVariable, Resources};
use crate::crd::fields::image_rule;

/// How the database is brought to the form that a version needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Migrations {
    /// The command, as in `["python", "manage.py", "migrate", "--noinput"]`. It runs once for each digest of the image, before any pod of
    /// that version.
    #[schemars(length(min = 1, max = 64))]
    pub command: Vec<String>,
    /// After how many seconds it counts as failed.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 1, max = 604_800))]
    pub timeout_seconds: u32,
    /// How many seconds a statement may wait for a lock, so that a migration that waits does not hold up the whole app. 0 is without end. It is
    /// given to programs that use libpq by `PGOPTIONS`.
    #[serde(default = "five")]
    #[schemars(range(min = 0, max = 3600))]
    pub lock_timeout_seconds: u32,
    /// Whether the version before works with the database after this one's migrations. Where it does not, going back to it asks first.
    #[serde(default = "yes")]
    pub reversible: bool,
    /// Whether a backup is made before. Without it: yes with the defaults `prod`.
    pub backup: Option<bool>,
    /// What its pod asks for and may take. Without it: what `web` does.
    pub resources: Option<Resources>,
}

fn an_hour() -> u32 {
    3600
}

fn five() -> u32 {
    5
}

fn yes() -> bool {
    true
}

/// A command that is run once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// The command. It has to bear being run again, as a machine may be lost while it runs.
    #[schemars(length(min = 1, max = 64))]
    pub command: Vec<String>,
    /// After how many seconds it counts as failed.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 1, max = 604_800))]
    pub timeout_seconds: u32,
    /// Environment variables besides those of the configuration, in the form of Kubernetes.
    #[serde(default)]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVariable>,
}

/// A first user that may do everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Superuser {
    /// Its name. It is given to the command as `DJANGO_SUPERUSER_USERNAME`, its password as `DJANGO_SUPERUSER_PASSWORD`.
    #[schemars(length(min = 1, max = 150))]
    pub username: String,
    /// Its address, given as `DJANGO_SUPERUSER_EMAIL`.
    #[serde(default)]
    #[schemars(length(max = 254))]
    pub email: String,
    /// The command that makes it.
    #[serde(default = "create_superuser")]
    #[schemars(length(min = 1, max = 64))]
    pub command: Vec<String>,
    /// The Secret that holds its password under `password`. Without it `<app>-superuser`, which is made.
    #[schemars(length(max = 253))]
    pub secret_name: Option<String>,
}

fn create_superuser() -> Vec<String> {
    ["python", "manage.py", "createsuperuser", "--noinput"].map(str::to_owned).to_vec()
}

/// Data that a new database begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    /// What loads it, as in `["python", "manage.py", "loaddata", "demo"]`.
    #[schemars(length(min = 1, max = 64))]
    pub command: Vec<String>,
    /// An image that holds the data, with its digest. Without it the image of the App.
    #[schemars(length(max = 512), extend("x-kubernetes-validations" = image_rule()))]
    pub image: Option<String>,
    /// After how many seconds it counts as failed.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 1, max = 604_800))]
    pub timeout_seconds: u32,
}
