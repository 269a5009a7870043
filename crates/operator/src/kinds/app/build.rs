//! From an App to plain Kubernetes objects: a pure function. The same App and the same things seen give the same bytes.

mod configuration;
pub(crate) mod databases;
mod defaults;
mod jobs;
mod names;
mod pod;
mod probes;
mod routes;
mod workloads;

use serde_json::Value;

use super::crd::{Process, Routes};
use super::validate::Checked;
use super::{App, Problem, Seen};
use crate::objects::{put, said, value_of};

pub(crate) use routes::certificate;

/// What an App comes to, in the order in which it is made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    /// The databases that are made for it.
    pub databases: Vec<Value>,
    /// Configuration and secrets. Each is named by what is in it and never changed: pods of the version before keep theirs.
    pub configuration: Vec<Value>,
    /// The migration: a Job named by App and digest. It is made where it is not there, and never changed.
    pub migration: Option<Value>,
    /// Jobs that run once after the first migration. They are made where they are not there, and never changed.
    pub once: Vec<Value>,
    /// What runs, with what belongs to it.
    pub processes: Vec<Value>,
    /// What leads to it from outside.
    pub routes: Vec<Value>,
}

impl Objects {
    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Value> {
        let Self { databases, configuration, migration, once, processes, routes } = self;
        databases.iter().chain(configuration).chain(migration).chain(once).chain(processes).chain(routes)
    }

    /// All of them, in order.
    pub fn into_vec(self) -> Vec<Value> {
        let Self { databases, configuration, migration, once, processes, routes } = self;
        [databases, configuration, migration.into_iter().collect(), once, processes, routes].concat()
    }
}

/// What the label of a Job's component says of a migration.
pub(crate) const JOB_OF_MIGRATION: &str = "migration";
/// What it says of the Jobs that give a new database its data and its first user.
pub(crate) const JOB_OF_SEED: &str = "once-seed";
/// As [`JOB_OF_SEED`].
pub(crate) const JOB_OF_SUPERUSER: &str = "once-superuser";
/// How that label begins on every Job that runs once.
pub(crate) const JOB_THAT_RUNS_ONCE: &str = "once-";

/// The objects of an App that was checked.
pub fn build(checked: &Checked<'_>) -> Objects {
    Objects {
        databases: databases::build(checked.app),
        configuration: configuration::build(checked),
        migration: jobs::migration(checked),
        once: jobs::once(checked),
        processes: workloads::build(checked),
        routes: routes::build(checked),
    }
}

/// The objects of an App with what was read for it, in order.
pub fn objects(app: &App, seen: &Seen) -> Result<Vec<Value>, Vec<Problem>> {
    Ok(build(&super::validate(app, seen)?).into_vec())
}

/// The port of a process.
pub(crate) fn port(name: &str, process: &Process) -> Option<u16> {
    process.port.or_else(|| defaults::port(name))
}

/// Whether what leads to an App is encrypted.
pub(crate) fn is_encrypted(routes: &Routes) -> bool {
    routes.tls.is_some() || routes.gateway.is_some()
}
