//! What has to be there before an App runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::{rule, texts};
use crate::kinds::postgres_database::PostgresDatabaseSpec;
use crate::kinds::rabbit_vhost::RabbitVhostSpec;
use crate::kinds::redis::RedisSpec;

/// What has to be there before an App runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Needs {
    /// A PostgreSQL database. `database: {}` makes one with the defaults.
    pub database: Option<Need<PostgresDatabaseSpec>>,
    /// A Redis. `redis: {}` makes one with the defaults.
    pub redis: Option<Need<RedisSpec>>,
    /// A virtual host of RabbitMQ. `rabbit: {}` makes one with the defaults.
    pub rabbit: Option<Need<RabbitVhostSpec>>,
    /// Any other objects, each with the condition that has to hold.
    #[schemars(length(max = 32))]
    pub objects: Vec<NeededObject>,
}

/// Where a database comes from: made for the App, made by others, or only known by a Secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "Spec: Deserialize<'de>"))]
#[schemars(extend("x-kubernetes-validations" = rule(
    "[has(self.name), has(self.secret), has(self.make)].filter(one, one).size() <= 1",
    "Say at most one of name (an object that is there), secret (only its address and login) and make (how it is made).",
)))]
pub struct Need<Spec> {
    /// The name of an object of this kind that is there already and that other Apps may share.
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// A Secret with address and login, of a server that nobody here looks after.
    pub secret: Option<ExistingSecret>,
    /// How it is made, in place of the defaults. It bears the name of the App.
    pub make: Option<Spec>,
}

/// A Secret with address and login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExistingSecret {
    /// The Secret, in the App's namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Which key of it holds what, where they are not called `url`, `host`, `port`, `name`, `username`, `password` and, of RabbitMQ, `vhost`: as in
    /// `name: dbname`.
    #[serde(default)]
    #[schemars(schema_with = "texts")]
    pub keys: BTreeMap<String, String>,
}

/// Any object, with the condition that has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededObject {
    /// Its `apiVersion`.
    #[schemars(length(min = 1, max = 317))]
    pub api_version: String,
    /// Its kind.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The condition of its status that has to be True.
    #[serde(default = "ready")]
    #[schemars(length(min = 1, max = 316))]
    pub condition: String,
}

fn ready() -> String {
    "Ready".to_owned()
}
