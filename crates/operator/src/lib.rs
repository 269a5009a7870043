//! Our custom resources: their types, the CRDs made from them, and what Kubernetes objects an App comes to.
//!
//! Each kind has a folder in `kinds`, whose files are the steps of a reconcile. They do no IO and read no clock: what an App refers to is
//! read elsewhere and given as [`app::Seen`]. [`local`] has what servers in the cluster have in common. [`postgres`] is what talks to a server of PostgreSQL, [`rabbit`] to a broker of RabbitMQ.

mod admin;
mod claim;
mod crd;
mod driver;
mod hex;
mod kinds;
mod leaving;
pub mod local;
mod objects;
pub mod postgres;
pub mod rabbit;
pub mod rds;
mod reach;
pub mod redis_server;
mod resource;
mod rights;
mod standing;

pub use claim::Claim;
pub use crd::{GROUP, Kind, OfKind, VERSION, crd, crds, is_ours, unknown_fields};
pub use driver::{Aws, Backups, Clock, Operator, OperatorError, Settings};
pub use kinds::{KINDS, app, postgres_database, rabbit_vhost, redis};
pub use resource::{BadObject, Condition, ConditionStatus, Metadata, Resource, Status};
pub use rights::{ACCOUNT, command_for_rights, rights};
