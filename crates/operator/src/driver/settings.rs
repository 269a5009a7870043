//! What may be set about an operator.

use std::collections::BTreeMap;

/// What may be set about an operator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one namespace that is looked after; none for the whole cluster.
    pub namespace: Option<String>,
    /// How many objects ask the API server at once.
    pub at_once: usize,
    /// The images of the servers that it starts.
    pub images: Images,
    /// Where servers are reached from here, by the `host:port` that apps reach them at: for an operator that runs outside of the cluster.
    pub reached_at: BTreeMap<String, (String, u16)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { namespace: None, at_once: 32, images: Images::default(), reached_at: BTreeMap::new() }
    }
}

/// The images of the servers that the operator starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// PostgreSQL.
    pub postgres: String,
    /// Redis.
    pub redis: String,
    /// RabbitMQ with its management plugin.
    pub rabbit: String,
}

impl Default for Images {
    fn default() -> Self {
        let image = str::to_owned;
        Self { postgres: image("postgres:17"), redis: image("redis:8"), rabbit: image("rabbitmq:4-management") }
    }
}
