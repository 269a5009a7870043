//! The types of a RabbitVhost. Their comments are what `kubectl explain` says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::fields::{any_mapping, conditions, quantity, rule};
use crate::kinds::app::crd::Resources;
use crate::kinds::postgres_database::crd::ServerName;
use crate::resource::{Condition, Status};

/// What a virtual host should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RabbitVhostSpec {
    /// The broker that it lies on.
    pub broker: Broker,
    /// Its name on the broker. Without it the name of this object.
    #[schemars(length(min = 1, max = 255))]
    pub vhost: Option<String>,
    /// Its user. Without it the name of the virtual host.
    #[schemars(length(min = 1, max = 255))]
    pub username: Option<String>,
    /// What the user may do there.
    pub permissions: Permissions,
    /// Policies, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50))]
    pub policies: BTreeMap<String, Policy>,
    /// The Secret that address and login are written to. Without it `<name>-rabbit`.
    #[schemars(length(max = 253))]
    pub connection_secret: Option<String>,
    /// What becomes of the virtual host and its messages when this object is deleted.
    pub deletion: VhostDeletion,
}

/// The broker that a virtual host lies on: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "has(self.local) != has(self.external)",
    "Say exactly one of local and external.",
)))]
pub struct Broker {
    /// One instance in the cluster.
    pub local: Option<LocalBroker>,
    /// A broker that is there.
    pub external: Option<ExternalBroker>,
}

/// One broker in the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LocalBroker {
    /// Which broker, where virtual hosts share one. Without it this one has a broker of its own.
    pub shared: Option<ServerName>,
    /// The size of its volume.
    #[schemars(schema_with = "quantity")]
    pub storage: Value,
    /// The StorageClass of its volume; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub storage_class: Option<String>,
    /// What its pod asks for and may take.
    pub resources: Option<Resources>,
}

impl Default for LocalBroker {
    fn default() -> Self {
        Self { shared: None, storage: Value::from("1Gi"), storage_class: None, resources: None }
    }
}

/// A broker that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalBroker {
    /// The Secret in the operator's own namespace that holds `host`, `port`, `managementUrl`, `username` and `password` of an administrator. It is
    /// never copied to the namespaces of Apps.
    #[schemars(length(min = 1, max = 253))]
    pub admin_secret: String,
}

/// What a user may do in a virtual host, by regular expressions over the names of queues and exchanges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Permissions {
    /// What it may make and delete.
    #[schemars(length(max = 1024))]
    pub configure: String,
    /// What it may write to.
    #[schemars(length(max = 1024))]
    pub write: String,
    /// What it may read from.
    #[schemars(length(max = 1024))]
    pub read: String,
}

impl Default for Permissions {
    fn default() -> Self {
        let all = || ".*".to_owned();
        Self { configure: all(), write: all(), read: all() }
    }
}

/// A policy of RabbitMQ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Which queues and exchanges, by a regular expression over their names.
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: String,
    /// Whether it holds for queues, exchanges or both.
    #[serde(default)]
    pub apply_to: ApplyTo,
    /// Of several policies that fit, the one with the highest priority holds.
    #[serde(default)]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: i64,
    /// What it sets, as in `max-length: 10000`.
    #[schemars(schema_with = "any_mapping")]
    pub definition: Value,
}

/// What a policy holds for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApplyTo {
    /// Queues and exchanges.
    #[default]
    All,
    /// Queues.
    Queues,
    /// Exchanges.
    Exchanges,
}

/// What becomes of a virtual host when its object is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VhostDeletion {
    /// It stays where it is.
    #[default]
    Keep,
    /// It is deleted with its user.
    Drop,
}

/// What was seen of a virtual host last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RabbitVhostStatus {
    /// The `metadata.generation` that this was seen of.
    pub observed_generation: Option<i64>,
    /// Its name on the broker.
    pub vhost: Option<String>,
    /// Its user.
    pub username: Option<String>,
    /// The Secret that address and login stand in.
    pub connection_secret: Option<String>,
    /// `Ready`: it takes connections. `Stalled`: it can't go on by itself. `OutOfReach`: it is to be deleted, and its broker can't be asked, since
    /// when and why.
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Status for RabbitVhostStatus {}
