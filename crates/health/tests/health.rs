//! The rules, kind by kind, on objects as a cluster shows them.
#![expect(clippy::panic, reason = "a helper of a test fails by panicking")]

#[path = "health/fixtures.rs"]
mod fixtures;

#[path = "health/app.rs"]
mod app;
#[path = "health/built_in.rs"]
mod built_in;
#[path = "health/custom.rs"]
mod custom;
#[path = "health/daemon_set.rs"]
mod daemon_set;
#[path = "health/deployment.rs"]
mod deployment;
#[path = "health/faults.rs"]
mod faults;
#[path = "health/generic.rs"]
mod generic;
#[path = "health/job.rs"]
mod job;
#[path = "health/list.rs"]
mod list;
#[path = "health/observation.rs"]
mod observation;
#[path = "health/operators.rs"]
mod operators;
#[path = "health/pod.rs"]
mod pod;
#[path = "health/stateful_set.rs"]
mod stateful_set;
#[path = "health/storage_and_network.rs"]
mod storage_and_network;
#[path = "health/watch.rs"]
mod watch;
