//! The images that servers in the cluster run from.

use std::collections::BTreeMap;

/// Whoever runs the operator says which, with digests. Without that they are the official ones by their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Of PostgreSQL, where a database does not say a version.
    pub postgres: String,
    /// Of PostgreSQL by major version.
    pub postgres_versions: BTreeMap<u32, String>,
    /// Of Patroni with PostgreSQL, as Debian lays them out.
    pub patroni: String,
    /// Of Redis.
    pub redis: String,
    /// Of RabbitMQ, with the plugin `rabbitmq_management`.
    pub rabbit: String,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            postgres: official_postgres(17),
            postgres_versions: BTreeMap::new(),
            patroni: "ghcr.io/zalando/spilo-17:4.0-p2".to_owned(),
            redis: "docker.io/library/redis:7.4".to_owned(),
            rabbit: "docker.io/library/rabbitmq:4.1-management".to_owned(),
        }
    }
}

impl Images {
    /// The image of a major version of PostgreSQL.
    pub(crate) fn postgres(&self, version: Option<u32>) -> String {
        let Some(version) = version else { return self.postgres.clone() };
        self.postgres_versions.get(&version).cloned().unwrap_or_else(|| official_postgres(version))
    }
}

fn official_postgres(version: u32) -> String {
    format!("docker.io/library/postgres:{version}")
}
