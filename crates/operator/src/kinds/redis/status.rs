//! The status of a Redis.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::crd::RedisStatus;
use super::{Redis, validate};
use crate::objects::said;
use crate::standing::Standing;

/// The status to be written.
pub(crate) fn of(redis: &Redis, standing: &Standing, now: Timestamp) -> Value {
    let before = redis.status.clone().unwrap_or_default();
    let generation = redis.metadata.generation;
    let is_ready = *standing == Standing::Ready;
    let status = RedisStatus {
        observed_generation: generation,
        connection_secret: is_ready.then(|| validate::connection_secret(redis)).or(before.connection_secret),
        conditions: standing.conditions(generation, &before.conditions, now),
    };
    said(json!(status))
}
