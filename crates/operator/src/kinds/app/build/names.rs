//! Names and labels of what is made.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::App;
use crate::hex::hex;
use cluster::{MADE_BY, MADE_LABEL};

/// What a StatefulSet's name may have, so that the label of its revision fits; others may have more.
const LONGEST_OF_PROCESS: usize = 52;
/// What a name may have that stands in a label.
pub(super) const LONGEST: usize = 63;

/// The name of what is made for a process.
pub(super) fn of_process(app: &str, process: &str) -> String {
    joined(app, process, LONGEST_OF_PROCESS)
}

/// `app-end`. A name that gets too long is cut in the App's part, and bears a hash of the whole so that no two are the same.
pub(super) fn joined(app: &str, end: &str, longest: usize) -> String {
    let whole = format!("{app}-{end}");
    if whole.len() <= longest {
        return whole;
    }
    let hash = hex(&Sha256::digest(app.as_bytes()), 6);
    let room = longest.saturating_sub(end.len() + hash.len() + 2);
    let cut: String = app.chars().take(room).collect();
    format!("{}-{hash}-{end}", cut.trim_end_matches('-'))
}

/// The metadata of what belongs to the App, or to one part of it.
pub(super) fn metadata(app: &App, name: &str, part: Option<&str>) -> Value {
    let mut labels = of_part(app, part);
    labels.insert(MADE_LABEL.to_owned(), json!(MADE_BY));
    let mut metadata = json!({"name": name, "labels": labels});
    super::put(&mut metadata, "namespace", app.metadata.namespace.clone());
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
