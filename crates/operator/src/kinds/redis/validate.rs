//! Everything that can be wrong with a Redis and that the API server can't see, before anything is made of it.

use secrets::Secret;

use super::Redis;
use super::dereference::Seen;
use crate::admin::{Admin, BadAdmin};
use crate::local::{Server, bytes};
use crate::standing::Standing;

/// A Redis that objects can be made of. It holds a password: there is no way to print it.
pub(crate) struct Checked<'a> {
    pub(crate) redis: &'a Redis,
    pub(crate) namespace: &'a str,
    /// Where it is.
    pub(crate) place: Place,
    /// The password; none of a server that is there and has none.
    pub(crate) password: Option<Secret<String>>,
}

/// Where a Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the cluster, made by us.
    Local(Server),
    /// There already.
    External {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Which of its databases.
        database: i64,
    },
}

/// What is wrong with a Redis. None of these repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// It says no namespace.
    #[error("it has no namespace: give it `metadata.namespace`")]
    NoNamespace,
    /// An amount that can't be read.
    #[error("spec.memory: `{0}` is no amount of memory: write it as 200Mi")]
    Memory(String),
    /// The Secret of a server that is there.
    #[error(transparent)]
    Admin(#[from] BadAdmin),
}

/// Checks a Redis. `made` is a new password, for one that has none yet.
pub(crate) fn validate<'a>(redis: &'a Redis, seen: &Seen, made: Secret<String>) -> Result<Checked<'a>, Problem> {
    let metadata = &redis.metadata;
    let namespace = metadata.namespace.as_deref().ok_or(Problem::NoNamespace)?;
    let Some(external) = &redis.spec.external else {
        if bytes(&redis.spec.memory).is_none() {
            return Err(Problem::Memory(redis.spec.memory.clone()));
        }
        let server = Server::of(&super::KIND, "redis", &metadata.name, namespace, metadata.uid.as_deref());
        let password = Some(seen.password.clone().unwrap_or(made));
        return Ok(Checked { redis, namespace, place: Place::Local(server), password });
    };
    let admin = Admin::new(&external.admin_secret, seen.admin.as_ref())?;
    let place =
        Place::External { host: admin.host()?.to_owned(), port: admin.port(6379)?, database: external.database };
    let password = admin.given("password")?.map(|password| Secret::new(password.to_owned()));
    Ok(Checked { redis, namespace, place, password })
}

impl Problem {
    /// How a Redis stands that has it.
    pub(crate) fn standing(&self) -> Standing {
        let reason = match self {
            Self::Admin(_) => "NoServer",
            Self::NoNamespace | Self::Memory(_) => "Invalid",
        };
        Standing::Stalled { reason, message: self.to_string() }
    }
}

/// The Secret that address and password are written to.
pub(crate) fn connection_secret(redis: &Redis) -> String {
    redis.spec.connection_secret.clone().unwrap_or_else(|| format!("{}-redis", redis.metadata.name))
}
