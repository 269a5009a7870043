//! The status of a virtual host.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::crd::RabbitVhostStatus;
use super::{RabbitVhost, validate};
use crate::objects::said;
use crate::standing::Standing;

/// The status to be written.
pub(crate) fn of(vhost: &RabbitVhost, standing: &Standing, now: Timestamp) -> Value {
    let before = vhost.status.clone().unwrap_or_default();
    let generation = vhost.metadata.generation;
    let is_ready = *standing == Standing::Ready;
    let name = vhost.spec.vhost.clone().unwrap_or_else(|| vhost.metadata.name.clone());
    let status = RabbitVhostStatus {
        observed_generation: generation,
        username: Some(vhost.spec.username.clone().unwrap_or_else(|| name.clone())),
        vhost: Some(name),
        connection_secret: is_ready.then(|| validate::connection_secret(vhost)).or(before.connection_secret),
        conditions: standing.conditions(generation, &before.conditions, now),
    };
    said(json!(status))
}
