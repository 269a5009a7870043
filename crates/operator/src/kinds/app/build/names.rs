//! Names and labels of what is made.

use serde_json::{Map, Value, json};

use super::super::App;
pub(super) use crate::objects::joined;
use crate::objects::{LONGEST_OF_STATEFUL_SET, put};
use cluster::{MADE_BY, MADE_LABEL};

/// What a name may have that stands in a label.
pub(super) const LONGEST: usize = 63;

/// The name of what is made for a process.
pub(super) fn of_process(app: &str, process: &str) -> String {
    joined(app, process, LONGEST_OF_STATEFUL_SET)
}

/// The metadata of what belongs to the App, or to one part of it.
pub(super) fn metadata(app: &App, name: &str, part: Option<&str>) -> Value {
    let mut labels = of_part(app, part);
    labels.insert(MADE_LABEL.to_owned(), json!(MADE_BY));
    let mut metadata = json!({"name": name, "labels": labels});
    put(&mut metadata, "namespace", app.metadata.namespace.clone());
    metadata
}

/// The labels that pods are found by.
pub(super) fn selector(app: &App, part: &str) -> Value {
    Value::Object(of_part(app, Some(part)))
}

fn of_part(app: &App, part: Option<&str>) -> Map<String, Value> {
    let mut labels = Map::new();
    labels.insert("app.kubernetes.io/name".to_owned(), json!(app.metadata.name));
    if let Some(part) = part {
        labels.insert("app.kubernetes.io/component".to_owned(), json!(part));
    }
    labels
}
