//! `Redis`: a store in memory, for queues, caches and locks.

mod apply;
pub mod build;
pub mod crd;
mod dereference;
mod reconcile;
mod status;
mod validate;

use crate::crd::{Column, Kind, OfKind};
use crate::resource::Resource;

pub use crd::{RedisSpec, RedisStatus};
pub(crate) use reconcile::CONTROLLER;

/// A store in memory.
pub type Redis = Resource<RedisSpec, RedisStatus>;

impl OfKind for RedisSpec {
    const KIND: Kind = KIND;
}

/// What there is to know of the kind.
pub const KIND: Kind = Kind {
    kind: "Redis",
    plural: "redises",
    singular: "redis",
    short: "rdb",
    description: "A Redis is one store in memory for queues, caches and locks, in the cluster or on a server that is there. Address and password \
                  stand in the Secret that spec.connectionSecret names.",
    columns: &[
        Column::text("Memory", ".spec.memory"),
        Column::READY,
        Column::AGE,
        Column::wide("Secret", ".status.connectionSecret"),
        Column::REASON,
    ],
    rules: &[],
    spec: crate::crd::schema_of::<RedisSpec>,
    status: crate::crd::schema_of::<RedisStatus>,
};
