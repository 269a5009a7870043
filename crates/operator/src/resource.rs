//! What all our kinds have in common: metadata, conditions, and how an object is read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crd::OfKind;

/// An object of one of our kinds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Resource<Spec, Status> {
    /// What Kubernetes knows of it.
    pub metadata: Metadata,
    /// What people want.
    pub spec: Spec,
    /// What was seen last.
    #[serde(default = "none")]
    pub status: Option<Status>,
}

fn none<T>() -> Option<T> {
    None
}

/// What was seen of an object last.
pub trait Status: DeserializeOwned {
    /// Its fields that say what was done and is not to be done again.
    const DONE: &'static [&'static str] = &[];
}

/// What Kubernetes knows of every object, as far as we need it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The name.
    pub name: String,
    /// The namespace; none in a file that leaves it to whoever applies it.
    pub namespace: Option<String>,
    /// Which of the objects that bore this name it is.
    pub uid: Option<String>,
    /// Counts the changes of what people want.
    pub generation: Option<i64>,
    /// Notes of people and tools.
    pub annotations: BTreeMap<String, String>,
}

/// Set to `"true"`, it leaves an object of ours as it is, whatever it says: nothing is made, changed or deleted. So does any other value but
/// `"false"`: who writes `yes` does not want it touched.
pub const SKIP_ANNOTATION: &str = "pinnace.dev/skip";

/// Set to `"true"`, it lets an object of ours go that is held until its data is deleted: the data stays.
pub const LET_GO_ANNOTATION: &str = "pinnace.dev/let-go";

impl Metadata {
    /// That of an object, which may be one that can't be read otherwise.
    pub(crate) fn of(object: &Value) -> Self {
        serde_json::from_value(object["metadata"].clone()).unwrap_or_default()
    }

    /// Whether it is left as it is.
    pub(crate) fn is_skipped(&self) -> bool {
        self.annotations.get(SKIP_ANNOTATION).is_some_and(|value| value != "false")
    }

    /// Whether it goes at once when it is deleted, and its data stays.
    pub(crate) fn is_let_go(&self) -> bool {
        self.annotations.get(LET_GO_ANNOTATION).is_some_and(|value| value == "true")
    }
}

/// An object that can't be read as what it says it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadObject {
    /// It is of another kind.
    #[error("this is a {found}, not a {wanted}")]
    OtherKind {
        /// What it is.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// Its fields don't have the form that the kind gives them.
    #[error("{kind} {name}: {why}")]
    Form {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What the reader says.
        why: String,
    },
    /// What was done is not known. Taken for nothing, it would be done again.
    #[error(
        "{kind} {name}: {why}. Mend it: kubectl edit {plural}.{} {name}{} --subresource=status",
        crate::GROUP,
        .namespace.as_ref().map(|namespace| format!(" -n {namespace}")).unwrap_or_default()
    )]
    Done {
        /// Its kind.
        kind: &'static str,
        /// The same as commands have it.
        plural: &'static str,
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: Option<String>,
        /// Where it stands (`status.migrations`), and what the reader says.
        why: String,
    },
}

impl<Spec: OfKind + DeserializeOwned, Seen: Status> Resource<Spec, Seen> {
    /// Reads an object as the API server or a file has it. Fields that this version does not know are passed over, as a newer CRD
    /// may have them; and so is what a status has in a form that it had in an older one: it is said anew. What says that something was done is not.
    pub fn read(object: &Value) -> Result<Self, BadObject> {
        let kind = Spec::KIND.kind;
        let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
        let found = format!("{}/{}", text("apiVersion"), text("kind"));
        let wanted = format!("{}/{}/{kind}", crate::GROUP, crate::VERSION);
        if found != wanted {
            return Err(BadObject::OtherKind { found, wanted });
        }
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(BadObject::Form {
                kind,
                name: "without a name".to_owned(),
                why: "give it `metadata.name`".into(),
            });
        }
        let read = serde_path_to_error::deserialize(object);
        let read = read.or_else(|_| serde_path_to_error::deserialize(&without_what_is_said_anew::<Seen>(object)));
        read.map_err(|error| {
            let (field, why) = (error.path().to_string(), error.into_inner().to_string());
            if field.starts_with("status.") {
                let namespace = Metadata::of(object).namespace;
                let why = format!("{field} says what was done already, and can't be read: {why}");
                return BadObject::Done { kind, plural: Spec::KIND.plural, name, namespace, why };
            }
            let why = if field == "." { why } else { format!("{field}: {why}") };
            BadObject::Form { kind, name, why }
        })
    }
}

/// The same without those fields of the status that can't be read and are said anew.
fn without_what_is_said_anew<Seen: Status>(object: &Value) -> Value {
    let mut object = object.clone();
    let fields = object.get("status").and_then(Value::as_object).cloned().unwrap_or_default().into_iter();
    let stays = |(key, value): &(String, Value)| {
        let alone = Value::Object([(key.clone(), value.clone())].into_iter().collect());
        Seen::DONE.contains(&key.as_str()) || serde_json::from_value::<Seen>(alone).is_ok()
    };
    object["status"] = Value::Object(fields.filter(stays).collect());
    object
}

/// One thing that can be said of an object: whether it holds, since when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is said, as in `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316))]
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word for programs.
    #[schemars(length(min = 1, max = 1024))]
    pub reason: String,
    /// Why, in a sentence for people, with what to do.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// When it last changed between holding and not holding.
    pub last_transition_time: String,
    /// The `metadata.generation` that this was said of.
    pub observed_generation: Option<i64>,
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It can't be said.
    Unknown,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_as_it_is_may_say_so_in_other_words_and_what_is_let_go_may_not() {
        let with = |annotation: &str, value: &str| {
            Metadata::of(&json!({"metadata": {"name": "shop", "annotations": {annotation: value}}}))
        };
        for (value, is_skipped, is_let_go) in [("true", true, true), ("yes", true, false), ("false", false, false)] {
            assert_eq!(with(SKIP_ANNOTATION, value).is_skipped(), is_skipped, "{value}");
            assert_eq!(with(LET_GO_ANNOTATION, value).is_let_go(), is_let_go, "{value}");
        }
    }
}
