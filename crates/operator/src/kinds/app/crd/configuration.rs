//! How configuration and secrets are given to the processes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::{rule, texts};

/// A Secret whose content is laid over the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretOverlay {
    /// The Secret, in the App's namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// One key of it, whose value is a YAML mapping: mappings are laid over each other key by key. Without it each key of the Secret is a key
    /// of the configuration, its value a text.
    #[schemars(length(min = 1, max = 253))]
    pub key: Option<String>,
    /// Whether it may be absent. Without it, its absence is an error.
    #[serde(default)]
    pub optional: bool,
}

/// How configuration and secrets are given to the processes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Configuration {
    /// As one YAML file that is mounted.
    pub file: Option<FileForm>,
    /// As environment variables. Without this and without `file` too.
    pub environment: Option<EnvironmentForm>,
    /// Names of values that are made at random once, kept in the Secret `<app>-generated`, and given with the secrets, as in `SECRET_KEY`.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub generated: Vec<String>,
}

/// The configuration as one YAML file: `config`, then what is known of the databases, then the secrets in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FileForm {
    /// Where it lies in the container. The rest of the folder is hidden.
    #[schemars(length(max = 1024), extend("x-kubernetes-validations" = rule(
        "self.matches('^(/[^/]+){2,}$') && !self.contains('/../') && !self.endsWith('/..')",
        "The path has to be that of a file within a folder, as in /etc/app/config.yaml.",
    )))]
    pub path: String,
    /// What the file says of databases, by its name there: dots lead into mappings, as in `DATABASES.default.HOST`. The values are texts in which
    /// `$(database.host)` and the like are replaced, and `$(database.password|url)` is written as addresses need it. Without this: the usual
    /// names, as with environment variables.
    #[schemars(schema_with = "texts")]
    pub connections: BTreeMap<String, String>,
}

impl Default for FileForm {
    fn default() -> Self {
        Self { path: "/etc/app/config.yaml".to_owned(), connections: BTreeMap::new() }
    }
}

/// The configuration as environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvironmentForm {
    /// What stands before the names of `config` and secrets. Names of databases are as `connections` has them.
    #[schemars(length(max = 64))]
    pub prefix: String,
    /// The variables that tell of databases, by name: texts in which `$(database.url)` and the like are replaced. Without this: `DATABASE_URL`,
    /// `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_NAME`, `DATABASE_USER`, `DATABASE_PASSWORD`, `REDIS_URL` and `CELERY_BROKER_URL`, of what is needed.
    #[schemars(schema_with = "texts")]
    pub connections: BTreeMap<String, String>,
}
