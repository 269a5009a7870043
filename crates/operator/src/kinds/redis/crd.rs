//! The types of a Redis. Their comments are what `kubectl explain` says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::fields::{conditions, quantity, rules};
use crate::kinds::app::crd::Resources;
use crate::resource::{Condition, Status};

/// What a Redis should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "quantity(self.memory).compareTo(quantity('16Mi')) >= 0 && quantity(self.memory).compareTo(quantity('10Gi')) <= 0",
        "The memory has to be from 16Mi to 10Gi.",
    ),
    (
        "!(has(self.external) && has(self.persistence))",
        "What a server that is there keeps on disk is its own affair: leave persistence or external out.",
    ),
])))]
pub struct RedisSpec {
    /// How much it may hold, as in `200Mi`. Its pod may take half as much again.
    #[schemars(length(max = 20), regex(pattern = "^[0-9]+([.][0-9]+)?([KMG]i?|k)?$"))]
    pub memory: String,
    /// What it does when it is full.
    pub when_full: WhenFull,
    /// What it keeps on disk. Without it everything is gone with its pod.
    pub persistence: Option<Persistence>,
    /// What its pod asks for and may take; memory follows from `memory`.
    pub resources: Option<Resources>,
    /// A server that is there, in place of one that is made.
    pub external: Option<ExternalRedis>,
    /// The Secret that address and password are written to. Without it `<name>-redis`.
    #[schemars(length(max = 253))]
    pub connection_secret: Option<String>,
}

impl Default for RedisSpec {
    fn default() -> Self {
        Self {
            memory: "200Mi".to_owned(),
            when_full: WhenFull::default(),
            persistence: None,
            resources: None,
            external: None,
            connection_secret: None,
        }
    }
}

/// What a Redis does when it is full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenFull {
    /// It refuses to take more, so that no message of a queue is lost.
    #[default]
    Refuse,
    /// It forgets what was used least lately, as a cache does.
    Forget,
}

/// What a Redis keeps on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Persistence {
    /// The size of its volume.
    #[schemars(schema_with = "quantity")]
    pub size: Value,
    /// The StorageClass of its volume; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub class: Option<String>,
}

impl Default for Persistence {
    fn default() -> Self {
        Self { size: Value::from("1Gi"), class: None }
    }
}

/// A server that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRedis {
    /// The Secret in the operator's own namespace that holds `host`, `port` and `password`.
    #[schemars(length(min = 1, max = 253))]
    pub admin_secret: String,
    /// Which of its databases, by number.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1023))]
    pub database: i64,
}

/// What was seen of a Redis last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RedisStatus {
    /// The `metadata.generation` that this was seen of.
    pub observed_generation: Option<i64>,
    /// The Secret that address and password stand in.
    pub connection_secret: Option<String>,
    /// `Ready`: it takes connections. `Stalled`: it can't go on by itself.
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Status for RedisStatus {}
