//! What may be set about an operator.

/// What may be set about an operator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one namespace that is looked after; none for the whole cluster.
    pub namespace: Option<String>,
    /// How many objects ask the API server at once.
    pub at_once: usize,
    /// The images of the servers that it starts.
    pub images: Images,
}

impl Default for Settings {
    fn default() -> Self {
        Self { namespace: None, at_once: 32, images: Images::default() }
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
