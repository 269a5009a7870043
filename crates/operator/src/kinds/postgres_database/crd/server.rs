//! The servers that a database may lie on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::fields::{quantity, rule, rules};
use crate::kinds::app::crd::Resources;

/// The server that a database lies on: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "[has(self.local), has(self.cluster), has(self.external), has(self.rds)].filter(one, one).size() == 1",
    "Say exactly one of local, cluster, external and rds.",
)))]
pub struct PostgresServer {
    /// One instance in the cluster, for development: the loss of its volume is the loss of the data.
    pub local: Option<LocalServer>,
    /// Several instances in the cluster, of which one takes over when the first is lost.
    pub cluster: Option<ClusterServer>,
    /// A server that is there.
    pub external: Option<ExternalServer>,
    /// A server of Amazon RDS, which is made.
    pub rds: Option<RdsServer>,
}

/// A server by its name, so that databases may share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerName {
    /// Its name. Databases that name the same server share it.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// Its namespace; without it that of the database.
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
}

/// A database with another server would be left behind, or begin empty.
const SAME_SERVER: &str =
    "has(self.shared) == has(oldSelf.shared) && (!has(self.shared) || self.shared == oldSelf.shared)";
const OTHER_SERVER: &str = "Another server can't be named, because the data would stay behind: make another PostgresDatabase and move the data.";

/// One instance in the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(SAME_SERVER, OTHER_SERVER)))]
pub struct LocalServer {
    /// Which server, where databases share one. Without it this database has one of its own.
    pub shared: Option<ServerName>,
    /// The major version of PostgreSQL. Without it that of the image that the operator brings.
    #[schemars(range(min = 12, max = 99))]
    pub version: Option<u32>,
    /// The size of its volume.
    #[schemars(schema_with = "quantity")]
    pub storage: Value,
    /// The StorageClass of its volume; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub storage_class: Option<String>,
    /// What its pod asks for and may take.
    pub resources: Option<Resources>,
}

impl Default for LocalServer {
    fn default() -> Self {
        Self { shared: None, version: None, storage: Value::from("10Gi"), storage_class: None, resources: None }
    }
}

/// Several instances in the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "!(has(self.synchronous) && self.synchronous) || self.instances >= 2",
        "Synchronous replication needs at least two instances.",
    ),
    (SAME_SERVER, OTHER_SERVER),
    (
        "self.engine == oldSelf.engine",
        "The engine can't be changed, because the data would stay behind: make another PostgresDatabase and move the data.",
    ),
])))]
pub struct ClusterServer {
    /// Which server, where databases share one. Without it this database has one of its own.
    pub shared: Option<ServerName>,
    /// What keeps it running.
    pub engine: Engine,
    /// How many instances there are.
    #[schemars(range(min = 1, max = 9))]
    pub instances: u32,
    /// Whether what was committed is on two instances before the app is told so: nothing that was committed is then lost with one of them.
    pub synchronous: bool,
    /// The major version of PostgreSQL. Without it that of the engine.
    #[schemars(range(min = 12, max = 99))]
    pub version: Option<u32>,
    /// The size of the volume of each instance.
    #[schemars(schema_with = "quantity")]
    pub storage: Value,
    /// The StorageClass of the volumes; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub storage_class: Option<String>,
    /// What each pod asks for and may take.
    pub resources: Option<Resources>,
}

impl Default for ClusterServer {
    fn default() -> Self {
        Self {
            shared: None,
            engine: Engine::default(),
            instances: 2,
            synchronous: false,
            version: None,
            storage: Value::from("10Gi"),
            storage_class: None,
            resources: None,
        }
    }
}

/// What keeps several instances running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Patroni, with Kubernetes as its store.
    #[default]
    Patroni,
    /// CloudNativePG, where its operator is installed.
    CloudNativePg,
}

/// A server that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalServer {
    /// The Secret in the operator's own namespace that holds `host`, `port`, `username` and `password` of a role that may make databases and roles.
    /// It is never copied to the namespaces of Apps.
    #[schemars(length(min = 1, max = 253))]
    pub admin_secret: String,
}

/// A server of Amazon RDS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "has(self.instance) == has(oldSelf.instance) && (!has(self.instance) || self.instance == oldSelf.instance) \
     && has(self.region) == has(oldSelf.region) && (!has(self.region) || self.region == oldSelf.region) \
     && has(self.shared) == has(oldSelf.shared) && (!has(self.shared) || self.shared == oldSelf.shared)",
    "Another instance can't be named, because the data would stay behind: make another PostgresDatabase and move the data.",
)))]
pub struct RdsServer {
    /// Which server, where databases share one. Without it this database has one of its own.
    pub shared: Option<ServerName>,
    /// Its name at Amazon; without it one that is made from namespace and name.
    #[schemars(length(min = 1, max = 63))]
    pub instance: Option<String>,
    /// Its class.
    #[schemars(length(min = 1, max = 63))]
    pub class: String,
    /// How many GiB it has.
    #[serde(rename = "storageGiB")]
    #[schemars(range(min = 20, max = 65536))]
    pub storage_gib: u32,
    /// The version of PostgreSQL, as in `17` or `17.6`. Without it that of RDS.
    #[schemars(length(max = 20))]
    pub version: Option<String>,
    /// Whether a second instance in another zone takes over.
    #[serde(rename = "multiAZ")]
    pub multi_az: bool,
    /// The region; without it that of the operator.
    #[schemars(length(max = 63))]
    pub region: Option<String>,
    /// The group of subnets that it lies in; without it that of the operator.
    #[schemars(length(max = 255))]
    pub subnet_group: Option<String>,
    /// The security groups that say who may connect; without them those of the operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub security_groups: Vec<String>,
    /// For how many days backups are kept.
    #[schemars(range(min = 1, max = 35))]
    pub backup_days: u32,
    /// Whether Amazon refuses to delete it.
    pub deletion_protection: bool,
}

impl Default for RdsServer {
    fn default() -> Self {
        Self {
            shared: None,
            instance: None,
            class: "db.t4g.micro".to_owned(),
            storage_gib: 20,
            version: None,
            multi_az: true,
            region: None,
            subnet_group: None,
            security_groups: Vec::new(),
            backup_days: 7,
            deletion_protection: true,
        }
    }
}
