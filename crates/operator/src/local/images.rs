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

    /// The image whose programs dump and restore what a server of this major version has: the usual one where it is of that version, as its tag
    /// says, or can't be told.
    pub(crate) fn postgres_of_major(&self, major: u32) -> String {
        let tag = self.postgres.split('@').next().and_then(|image| image.rsplit('/').next()?.split_once(':'));
        let of_tag = tag.and_then(|(_, tag)| tag.split(['.', '-', '_']).next()?.parse::<u32>().ok());
        match of_tag {
            Some(of_tag) if of_tag != major => self.postgres(Some(major)),
            _ => self.postgres_versions.get(&major).unwrap_or(&self.postgres).clone(),
        }
    }
}

fn official_postgres(version: u32) -> String {
    format!("docker.io/library/postgres:{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dumps_a_server_is_of_its_major_version() {
        let with = |postgres: &str| Images { postgres: postgres.to_owned(), ..Images::default() };
        let of = |postgres: &str, major: u32| with(postgres).postgres_of_major(major);
        assert_eq!(of("mirror.example/postgres:17.2", 17), "mirror.example/postgres:17.2");
        assert_eq!(of("mirror.example:5000/postgres:17@sha256:00", 17), "mirror.example:5000/postgres:17@sha256:00");
        assert_eq!(of("mirror.example/postgres:17", 15), official_postgres(15));
        assert_eq!(of("mirror.example:5000/postgres", 15), "mirror.example:5000/postgres", "nobody knows what it is");
        let versions = [(15, "mirror.example/fifteen".to_owned())].into();
        let images = Images { postgres_versions: versions, ..with("mirror.example/postgres:17") };
        assert_eq!(images.postgres_of_major(15), "mirror.example/fifteen");
    }
}
