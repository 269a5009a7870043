//! Virtual hosts on a broker of RabbitMQ: made, kept as they should be with user, permissions and policies, and taken away.
//!
//! What is there is read first, what is to be done is decided from that alone, and only that is done: a pass that finds everything
//! as it should be only reads. Passwords never reach the broker: it is told salted hashes that are made here.

mod decide;
mod ensure;
mod error;
mod name;
mod password;
mod seen;
mod server;

pub use ensure::{Ensured, ensure, take_away};
pub use error::RabbitError;
pub use name::{InvalidName, RabbitName};
pub(crate) use password::ALGORITHM;
pub use password::{hash, stable_hash};
pub use server::Server;

pub use crate::claim::Claim;
pub use crate::kinds::rabbit_vhost::crd::{ApplyTo, Permissions, Policy};

use std::collections::BTreeMap;

/// What a virtual host should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub vhost: RabbitName,
    /// Its user.
    pub username: RabbitName,
    /// What the user may do there.
    pub permissions: Permissions,
    /// Its policies, by name. Others that it has are taken away: all of a virtual host of ours are ours.
    pub policies: BTreeMap<RabbitName, Policy>,
    /// Whose it is.
    pub claim: Claim,
}
