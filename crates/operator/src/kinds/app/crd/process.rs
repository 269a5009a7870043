//! What runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::fields::{
    any_mapping, any_mappings, image_rule, int_or_string, quantities, quantity, rule, rules, texts,
};

/// One thing that runs of an App.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "!(has(self.replicas) && has(self.autoscale))",
        "Give replicas or autoscale, not both: an autoscaler says how many pods there are.",
    ),
    (
        "!(has(self.singleton) && self.singleton) || ((!has(self.replicas) || self.replicas <= 1) && !has(self.autoscale))",
        "A singleton runs once: leave replicas and autoscale out, or say singleton: false.",
    ),
    (
        "!has(self.storage) || ((!has(self.singleton) || self.singleton) && (!has(self.replicas) || self.replicas <= 1) && !has(self.autoscale))",
        "Storage makes a process a singleton, because several pods can't share one volume. Use volumes for what they share.",
    ),
])))]
pub struct Process {
    /// The command, in place of the image's entry point. No shell reads it.
    #[schemars(length(max = 64))]
    pub command: Vec<String>,
    /// The arguments, in place of those of the image.
    #[schemars(length(max = 256))]
    pub args: Vec<String>,
    /// An image of its own with its digest, for a side component that has its own version. Without it the image of the App.
    #[schemars(length(max = 512), extend("x-kubernetes-validations" = image_rule()))]
    pub image: Option<String>,
    /// Whether configuration and secrets of the App are given to it. Without it: yes, but not to one with an image of its own.
    pub configured: Option<bool>,
    /// The port that it listens on. Without it: 8000 for `web`, 8001 for `websocket`, 8080 for `static`, and none for the others, which no
    /// Service leads to.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// How many pods run it. Without it the defaults say how many.
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: Option<u32>,
    /// Whether there may never be two of it, not even for a moment. Without it: yes for `scheduler` and for what has storage, no for the others.
    pub singleton: Option<bool>,
    /// How many pods run it, by load.
    pub autoscale: Option<Autoscale>,
    /// What a pod asks for, and what it may take at most.
    pub resources: Option<Resources>,
    /// How it is seen whether a pod works.
    pub probes: Probes,
    /// Environment variables besides those of the configuration, in the form that Kubernetes gives them.
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub env: Vec<EnvVariable>,
    /// A volume of its own that outlives its pod, for a singleton.
    pub storage: Option<Storage>,
    /// Further volumes.
    #[schemars(length(max = 32))]
    pub volumes: Vec<Mount>,
    /// How many seconds a pod has to end what it does after it was told to stop. Without it: 30, and 120 for `worker` and processes without a port.
    #[schemars(range(min = 0, max = 86400))]
    pub stop_seconds: Option<u32>,
    /// How many of its pods may be away at once while machines are emptied: a number or a percentage. Without it: 1.
    #[schemars(schema_with = "int_or_string")]
    pub max_unavailable: Option<Value>,
    /// Labels of its pods.
    #[schemars(schema_with = "texts")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of its pods.
    #[schemars(schema_with = "texts")]
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node has to have.
    #[schemars(schema_with = "texts")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that it bears, in the form that Kubernetes gives them.
    #[schemars(schema_with = "any_mappings")]
    pub tolerations: Vec<Value>,
    /// The name of a PriorityClass.
    #[schemars(length(max = 253))]
    pub priority_class: Option<String>,
    /// The ServiceAccount whose rights it has. Without it none, and no token is mounted.
    #[schemars(length(max = 253))]
    pub service_account: Option<String>,
}

/// How many pods run, by load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("!has(self.min) || self.min <= self.max", "autoscale.min is larger than autoscale.max."),
    ("!(has(self.cpu) && has(self.queue))", "Scale by cpu or by the length of a queue, not by both."),
])))]
pub struct Autoscale {
    /// At least as many. Without it as many as there would be without an autoscaler.
    #[schemars(range(min = 1, max = 1000))]
    pub min: Option<u32>,
    /// At most as many.
    #[schemars(range(min = 1, max = 1000))]
    pub max: u32,
    /// The share of the CPU asked for that the pods should use on average, in per cent. Without `queue` it is 70.
    #[schemars(range(min = 1, max = 1000))]
    pub cpu: Option<u32>,
    /// A queue whose messages the pods work off.
    pub queue: Option<Queue>,
}

/// A queue whose length says how many pods there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Its name, as in `celery`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// How many waiting messages there may be for each pod.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub messages_per_pod: u32,
    /// The external metric that tells the length, selected by the labels `queue` and, where it is known, `vhost`. An adapter in the cluster has to serve it.
    #[serde(default = "ready_messages")]
    #[schemars(length(min = 1, max = 253))]
    pub metric: String,
}

fn twenty() -> u32 {
    20
}

fn ready_messages() -> String {
    "rabbitmq_queue_messages_ready".to_owned()
}

/// What a pod asks for and may take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// What is set aside for it, as in `cpu: 250m`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub requests: BTreeMap<String, Value>,
    /// What it may take at most, as in `memory: 1Gi`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub limits: BTreeMap<String, Value>,
}

/// How it is seen whether a pod works.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Probes {
    /// Whether a pod gets requests. It should fail while the database can't be reached. Without it: `web` is asked for `/readyz`, and others with a
    /// port have to take a connection.
    pub readiness: Option<Probe>,
    /// Whether a pod has to be restarted. It must not look at the database, because a short outage would then restart every pod. Without
    /// it: a process with a port has to take a connection.
    pub liveness: Option<Probe>,
    /// Whether a pod has begun; until then the others are not asked. Without it: a process with a port has five minutes to take a
    /// connection.
    pub startup: Option<Probe>,
}

/// How one thing is asked of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "[has(self.path), has(self.command), has(self.connect) && self.connect, has(self.disabled) && self.disabled].filter(one, one).size() == 1",
    "Say exactly one of path, command, connect: true and disabled: true.",
)))]
pub struct Probe {
    /// This path is asked for over HTTP, as the app's main host, and has to answer with a status from 200 to 399.
    #[schemars(length(max = 1024), extend("x-kubernetes-validations" = rule("self.startsWith('/')", "The path has to begin with a slash.")))]
    pub path: Option<String>,
    /// This command is run in the container and has to end with 0.
    #[schemars(length(min = 1, max = 64))]
    pub command: Option<Vec<String>>,
    /// The port has to take a connection.
    pub connect: bool,
    /// Nothing is asked.
    pub disabled: bool,
    /// How many seconds lie between two times.
    #[schemars(range(min = 1, max = 3600))]
    pub period_seconds: Option<u32>,
    /// How many seconds an answer may take.
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: Option<u32>,
    /// After how many bad answers in a row it counts.
    #[schemars(range(min = 1, max = 1000))]
    pub failures: Option<u32>,
}

/// An environment variable in the form that Kubernetes gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rule(
    "!(has(self.value) && has(self.valueFrom))",
    "An environment variable has a value or takes it from elsewhere, not both.",
)))]
pub struct EnvVariable {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its value.
    pub value: Option<String>,
    /// Where its value comes from, in the form of Kubernetes: `secretKeyRef`, `configMapKeyRef`, `fieldRef` or `resourceFieldRef`.
    #[serde(default)]
    #[schemars(schema_with = "any_mapping")]
    pub value_from: Option<Value>,
}

/// A volume that outlives its pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Where it lies in the container.
    #[schemars(length(min = 2, max = 1024))]
    pub path: String,
    /// Its size.
    #[serde(default = "one_gibibyte")]
    #[schemars(schema_with = "quantity")]
    pub size: Value,
    /// Its StorageClass; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub class: Option<String>,
}

fn one_gibibyte() -> Value {
    Value::from("1Gi")
}

/// A volume and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Where it lies in the container.
    #[schemars(length(min = 2, max = 1024))]
    pub path: String,
    /// What it is, in the form of Kubernetes without the name, as in `emptyDir: {}` or `secret: {secretName: saml}`.
    #[schemars(schema_with = "any_mapping")]
    pub volume: Value,
    /// One file or folder of it alone.
    #[schemars(length(max = 1024))]
    pub sub_path: Option<String>,
    /// Whether the container may only read it.
    #[serde(default)]
    pub read_only: bool,
}
