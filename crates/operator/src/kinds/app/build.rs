//! From an App to plain Kubernetes objects: a pure function. The same App and the same things seen give the same bytes.

mod configuration;
mod databases;
mod defaults;
mod jobs;
mod names;
mod pod;
mod probes;
mod routes;
mod workloads;

use serde_json::{Map, Value};

use super::crd::{Process, Routes};
use super::validate::Checked;
use super::{App, Problem, Seen};

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
    pub fn into_vec(self) -> Vec<Value> {
        let Self { databases, configuration, migration, once, processes, routes } = self;
        [databases, configuration, migration.into_iter().collect(), once, processes, routes].concat()
    }
}

/// The objects of an App that was checked.
pub fn build(checked: &Checked<'_>) -> Objects {
    Objects {
        databases: databases::build(checked),
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

/// The same without what is null: a field that says nothing is not owned.
fn said(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, said(value)));
            Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
        }
        Value::Array(items) => items.into_iter().map(said).collect(),
        other => other,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Puts a field in where there is something to say.
fn put(fields: &mut Value, key: &str, value: impl Into<Value>) {
    let value = value.into();
    if !says_nothing(&value)
        && let Some(fields) = fields.as_object_mut()
    {
        fields.insert(key.to_owned(), value);
    }
}

/// A type of ours as a value. Ours have texts for keys and no numbers that JSON lacks, so that none can fail.
fn value_of(of: &impl serde::Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_else(|_| Value::Object(Map::new()))
}
