//! What holds where an App says nothing.

use serde_json::{Value, json};

use crate::kinds::app::crd::{Autoscale, Defaults, Process};

/// How long a pod goes on to serve after it was told to stop, until nobody sends it requests any more.
pub(super) const SECONDS_TO_LEAVE: u32 = 5;

/// The port that the name of a process brings.
pub(super) fn port(name: &str) -> Option<u16> {
    match name {
        "web" => Some(8000),
        "websocket" => Some(8001),
        "static" => Some(8080),
        _ => None,
    }
}

/// Whether there may never be two.
pub(super) fn is_singleton(name: &str, process: &Process) -> bool {
    process.singleton.unwrap_or(name == "scheduler" || process.storage.is_some())
}

/// How many pods run a process that no autoscaler looks after.
pub(super) fn replicas(name: &str, process: &Process, defaults: Defaults) -> u32 {
    let usual = match defaults {
        Defaults::Prod if !is_singleton(name, process) => 2,
        Defaults::Prod | Defaults::Dev => 1,
    };
    process.replicas.unwrap_or(usual)
}

/// How many pods an autoscaler leaves at least.
pub(super) fn least(name: &str, process: &Process, autoscale: &Autoscale, defaults: Defaults) -> u32 {
    autoscale.min.unwrap_or_else(|| replicas(name, process, defaults).min(autoscale.max))
}

/// How many seconds a pod has to end what it does.
pub(super) fn stop_seconds(name: &str, process: &Process) -> u32 {
    process.stop_seconds.unwrap_or(if super::port(name, process).is_some() { 30 } else { 120 })
}

/// How many seconds a pod runs before it counts, where no probe says whether it works.
pub(super) fn seconds_to_prove(defaults: Defaults) -> Option<u32> {
    match defaults {
        Defaults::Dev => None,
        Defaults::Prod => Some(10),
    }
}

/// What a pod asks for. Nothing is forbidden to take more: a limit that is guessed kills pods.
pub(super) fn resources(defaults: Defaults) -> Value {
    match defaults {
        Defaults::Dev => json!({"requests": {"cpu": "50m", "memory": "128Mi"}}),
        Defaults::Prod => json!({"requests": {"cpu": "100m", "memory": "256Mi"}}),
    }
}
