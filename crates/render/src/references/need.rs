//! One thing that an object needs, and the sentence for when it is not there.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{list, pods};
use crate::error::Place;
use crate::object::{Object, ObjectKey};

/// One thing that an object needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The object that needs it.
    pub object: ObjectKey,
    /// Where that object stands.
    pub place: Place,
    /// Which part of it needs it, in words: ``container `web` ``; empty for the whole.
    pub part: String,
    /// What is needed.
    pub wanted: Wanted,
    /// The custom resource of the set that may bring it, where one may.
    pub maker: Option<String>,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// An object by its name, in the namespace of the one that needs it, or of the whole cluster.
    Object {
        /// Its `apiVersion`.
        api_version: &'static str,
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The key or port in it, where one is named.
        detail: Option<Detail>,
    },
    /// Pods with all of these labels.
    Pods {
        /// The labels.
        labels: BTreeMap<String, String>,
    },
}

/// What has to be in an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// A key of its data.
    Key(String),
    /// A port, by its name or number.
    Port(Value),
}

/// What a set itself says about a need.
pub(super) enum Answer {
    /// It is among the objects.
    There,
    /// It is, but not as it is needed.
    Wrong(Wrong),
    /// The cluster has to be asked.
    Open,
}

/// What is wrong with a set: it must not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The object.
    pub object: ObjectKey,
    /// Where it stands.
    pub place: Place,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.object, self.message)
    }
}

impl Wrong {
    /// Something wrong with an object.
    pub(super) fn with(object: &Object, message: String) -> Self {
        Self { object: object.key.clone(), place: object.place.clone(), message }
    }
}

impl Need {
    /// Something that an object needs.
    pub(super) fn of(object: &Object, part: &str, wanted: Wanted) -> Self {
        let (key, place) = (object.key.clone(), object.place.clone());
        Self { object: key, place, part: part.to_owned(), wanted, maker: None }
    }

    /// The answer that the set itself gives.
    pub(super) fn answer_in(&self, objects: &[Object]) -> Answer {
        match &self.wanted {
            Wanted::Object { api_version, kind, name, .. } => {
                let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
                let found = objects.iter().map(|object| (&object.key, &object.value));
                let mut found = found.filter(|(key, _)| key.group == group && key.kind == *kind && key.name == *name);
                match found.next() {
                    None => Answer::Open,
                    Some((_, value)) => self.judge(Some(value)).map_or(Answer::There, Answer::Wrong),
                }
            }
            Wanted::Pods { labels } if objects.iter().any(|object| pods::have(object, labels)) => Answer::There,
            Wanted::Pods { .. } => Answer::Open,
        }
    }

    /// What is wrong, going by the object that is there, or that there is none.
    pub fn judge(&self, found: Option<&Value>) -> Option<Wrong> {
        let Wanted::Object { kind, name, detail, .. } = &self.wanted else {
            return found.is_none().then(|| self.wrong(&self.missing()));
        };
        let Some(found) = found else { return Some(self.wrong(&self.missing())) };
        let detail = detail.as_ref().filter(|detail| !detail.is_in(found))?;
        let what = word(kind);
        Some(self.wrong(&match detail {
            Detail::Key(key) => {
                format!(
                    "needs the key `{key}` of the {what} `{name}`, which has no such key: add it, or correct the name"
                )
            }
            Detail::Port(port) => {
                format!("sends to the port {port} of the {what} `{name}`, which has no such port: correct it")
            }
        }))
    }

    /// What is said where it can't be told whether it is there.
    pub fn unchecked(&self, why: &str) -> String {
        let what = match &self.wanted {
            Wanted::Object { kind, name, .. } => format!("the {} `{name}`", word(kind)),
            Wanted::Pods { labels } => format!("the pods that it selects ({})", told(labels)),
        };
        format!("{}: {what}: {why}", self.object)
    }

    /// Whether an operator may make it.
    pub(super) fn can_be_made(&self) -> bool {
        match &self.wanted {
            Wanted::Object { kind, .. } => !matches!(*kind, "StorageClass" | "PriorityClass"),
            Wanted::Pods { .. } => true,
        }
    }

    fn missing(&self) -> String {
        match &self.wanted {
            Wanted::Pods { labels } => {
                format!("selects pods with {}, and there are none: correct the selector", told(labels))
            }
            Wanted::Object { kind: kind @ ("StorageClass" | "PriorityClass"), name, .. } => {
                format!("needs the {} `{name}`, which this cluster does not have: name one that it has", word(kind))
            }
            Wanted::Object { kind: kind @ ("ConfigMap" | "Secret"), name, .. } => {
                let what = word(kind);
                format!(
                    "needs the {what} `{name}`, which is not there: bring it, or mark the reference `optional: true`"
                )
            }
            Wanted::Object { kind, name, .. } => {
                format!("needs the {} `{name}`, which is not there: bring it, or correct the name", word(kind))
            }
        }
    }

    fn wrong(&self, what: &str) -> Wrong {
        let part = if self.part.is_empty() { String::new() } else { format!("{} ", self.part) };
        Wrong { object: self.object.clone(), place: self.place.clone(), message: format!("{part}{what}") }
    }
}

impl Detail {
    fn is_in(&self, found: &Value) -> bool {
        match self {
            Self::Key(key) => ["data", "binaryData", "stringData"]
                .iter()
                .any(|part| found.get(part).is_some_and(|data| data.get(key).is_some())),
            Self::Port(wanted) => {
                let field = if wanted.is_string() { "name" } else { "port" };
                list(found, "/spec/ports").iter().any(|port| port.get(field) == Some(wanted))
            }
        }
    }
}

/// What people call a kind.
fn word(kind: &str) -> &str {
    match kind {
        "ConfigMap" => "config map",
        "Secret" => "secret",
        "ServiceAccount" => "service account",
        "PersistentVolumeClaim" => "storage claim",
        "StorageClass" => "storage class",
        "PriorityClass" => "priority class",
        "Service" => "service",
        other => other,
    }
}

fn told(labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("`{label}={value}`")).collect();
    labels.join(" and ")
}
