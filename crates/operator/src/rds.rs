//! Servers of Amazon RDS: created, kept as they should be, snapshotted and deleted, over its Query API.
//!
//! What is there is read first, what is to be done is decided from that alone, and only that is done. An instance bears a tag that says whose it
//! is, from the request on that creates it, so that one whose answer was lost is found again.

mod client;
mod decide;
mod ensure;
mod error;
mod http;
mod id;
mod instance;
mod login;
mod restore;
mod snapshot;
mod xml;

pub use client::Client;
pub use ensure::{Ensured, Leaving, delete, ensure, find, find_ours, set_password};
pub use error::RdsError;
pub use id::{InstanceId, InvalidId, SnapshotId};
pub(crate) use instance::TAG;
pub use instance::{Instance, Phase};
pub use login::{Credentials, Login};
pub use restore::restore;
pub use snapshot::{SnapshotState, snapshot};

use crate::claim::Claim;

/// What an instance should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub id: InstanceId,
    /// Its class.
    pub class: String,
    /// How many GiB it has.
    pub storage_gib: u32,
    /// The version of PostgreSQL, as in `17` or `17.6`. Without it that of RDS.
    pub version: Option<String>,
    /// Whether a second instance in another zone takes over.
    pub multi_az: bool,
    /// The group of subnets that it is created in.
    pub subnet_group: Option<String>,
    /// The security groups that say who may connect; without them those of the network.
    pub security_groups: Vec<String>,
    /// For how many days backups are kept.
    pub backup_days: u32,
    /// Whether Amazon refuses to delete it.
    pub deletion_protection: bool,
    /// The role that may make databases and roles.
    pub username: String,
    /// Whose it is.
    pub claim: Claim,
}
