//! The types of an App. Their comments are what `kubectl explain` says.

mod configuration;
mod jobs;
mod needs;
mod process;
mod routes;
mod status;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::fields::{any_mapping, image_rule, rule, rules};

pub use configuration::{Configuration, EnvironmentForm, FileForm, SecretOverlay};
pub use jobs::{Command, Migrations, Seed, Superuser};
pub use needs::{ExistingSecret, Need, NeededObject, Needs};
pub use process::{Autoscale, EnvVariable, Mount, Probe, Probes, Process, Queue, Resources, Storage};
pub use routes::{GatewayRoutes, IngressRoutes, Issuer, IssuerKind, PathRoute, Routes, Tls};
pub use status::{AppPhase, AppStatus, Lines, RanIn};

/// What an App should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "!has(self.routes) || !has(self.routes.paths) || self.routes.paths.all(one, one.process in self.processes)",
        "A path leads to a process that is not among spec.processes.",
    ),
    (
        "!has(self.routes) || (has(self.routes.paths) && self.routes.paths.size() > 0) || 'web' in self.processes",
        "Without a process called web, spec.routes.paths has to say which process answers which path.",
    ),
    (
        "!('scheduler' in self.processes) \
         || (has(self.processes['scheduler'].singleton) && !self.processes['scheduler'].singleton) \
         || ((!has(self.processes['scheduler'].replicas) || self.processes['scheduler'].replicas <= 1) \
             && !has(self.processes['scheduler'].autoscale))",
        "A scheduler runs once, because two would start everything twice. Where it chooses a leader by itself, as RedBeat does, say singleton: false.",
    ),
])))]
pub struct AppSpec {
    /// The image with its digest, as in `registry.example/acme/shop:1.4.2@sha256:...`. This is what a pin edits. A migration runs once for each
    /// digest.
    #[schemars(length(max = 512), extend("x-kubernetes-validations" = image_rule()))]
    pub image: String,
    /// Which defaults hold where this object says nothing. Each of them can be said otherwise here.
    #[serde(default)]
    pub defaults: Defaults,
    /// What runs, by name. The names `web`, `worker`, `scheduler`, `websocket` and `static` bring defaults of their own; any other name may
    /// be used too.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 30, "x-kubernetes-validations" = rules(&[
        (
            "self.all(name, name.matches('^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$'))",
            "The name of a process has to begin with a lower-case letter and hold at most 20 lower-case letters, digits and dashes.",
        ),
        (
            "!('postgres' in self) && !('redis' in self) && !('rabbit' in self)",
            "postgres, redis and rabbit are what the servers that are made for an App are called: give the process another name.",
        ),
    ])))]
    pub processes: BTreeMap<String, Process>,
    /// The addresses that lead to the processes. Without it nothing is reached from outside of the cluster.
    pub routes: Option<Routes>,
    /// How the database is brought to the form that this version needs, before any of its pods serves. Without it nothing is run.
    pub migrations: Option<Migrations>,
    /// Configuration that is no secret: any YAML.
    #[serde(default)]
    #[schemars(schema_with = "any_mapping")]
    pub config: Value,
    /// Secrets that hold further configuration. Each is laid over `config`, over what is known of the databases and over those before it: the
    /// last one that names a key wins.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub secrets: Vec<SecretOverlay>,
    /// How configuration and secrets are given to the processes. Without it they are environment variables.
    pub configuration: Option<Configuration>,
    /// The databases and other objects that have to be there before anything runs.
    #[serde(default)]
    pub needs: Needs,
    /// A first user that may do everything. Its password is made once and kept in a Secret.
    pub superuser: Option<Superuser>,
    /// Commands that are run once after the first migration, by name. A changed command runs again.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 20, "x-kubernetes-validations" = rules(&[
        (
            "self.all(name, name.matches('^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$'))",
            "The name of a command has to begin with a lower-case letter and hold at most 20 lower-case letters, digits and dashes.",
        ),
        ("!('seed' in self) && !('superuser' in self)", "spec.seed and spec.superuser are fields of their own: give the command another name."),
    ])))]
    pub setup: BTreeMap<String, Command>,
    /// Data that a new database begins with. It is loaded once, after the first migration.
    pub seed: Option<Seed>,
    /// Environment variables of everything that is given the configuration, Jobs too, in the form that Kubernetes gives them. Those of a process
    /// come before them.
    #[serde(default)]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVariable>,
    /// The user that all processes run as. Without it the image says who, and root is refused.
    #[serde(default)]
    pub run_as: RunAs,
    /// The names of Secrets that the registry is asked with.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub image_pull_secrets: Vec<String>,
    /// While this is true, everything is left as it is: nothing is made, changed or deleted.
    #[serde(default)]
    pub pause: bool,
}

/// Which defaults hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Defaults {
    /// One pod of each process, a database in the cluster that is made with the App, and no backup before a migration.
    Dev,
    /// Two pods of each process but a scheduler, a database that survives the loss of a machine, and a backup before each migration.
    #[default]
    Prod,
}

/// The user that processes run as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "!has(self.user) || self.user != 0 || (has(self.root) && self.root)",
    "User 0 is root. Give another number, or say root: true if the image can't run otherwise.",
)))]
pub struct RunAs {
    /// The number of the user; without it that of the image.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub user: Option<i64>,
    /// The number of its group.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub group: Option<i64>,
    /// The number of the group that may write to volumes.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub files_group: Option<i64>,
    /// Whether the image may run as root. It is refused otherwise.
    pub root: bool,
}
