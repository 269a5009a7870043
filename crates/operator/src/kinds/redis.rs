//! `Redis`: a store in memory, for queues, caches and locks.

pub mod crd;

use serde_json::Value;

use crate::crd::{Column, Kind};
use crate::resource::{BadObject, Resource};

pub use crd::{RedisSpec, RedisStatus};

/// A store in memory.
pub type Redis = Resource<RedisSpec, RedisStatus>;

impl Redis {
    /// Reads one as the API server or a file has it.
    pub fn read(object: &Value) -> Result<Self, BadObject> {
        Self::read_as("Redis", object)
    }
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
        Column::REASON,
        Column::AGE,
        Column::wide("Secret", ".status.connectionSecret"),
    ],
    rules: &[],
    spec: crate::crd::schema_of::<RedisSpec>,
    status: crate::crd::schema_of::<RedisStatus>,
};
