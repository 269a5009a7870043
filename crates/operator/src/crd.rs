//! From the types of a kind to the CRD that the API server is given.

pub(crate) mod fields;
mod missing;
mod schema;
mod unknown;

use serde_json::{Value, json};

pub(crate) use missing::missing_fields;
pub(crate) use schema::of as schema_of;
pub use unknown::unknown_fields;

/// The API group of all our kinds.
pub const GROUP: &str = "pinnace.dev";
/// The version that is served and stored.
pub const VERSION: &str = "v1alpha1";

/// What there is to know of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name, as in `kind: App`.
    pub kind: &'static str,
    /// As in `kubectl get apps`.
    pub plural: &'static str,
    /// As in `kubectl get app`.
    pub singular: &'static str,
    /// Shorter still.
    pub short: &'static str,
    /// What `kubectl explain` says first.
    pub description: &'static str,
    /// What `kubectl get` shows.
    pub columns: &'static [Column],
    /// What holds for its objects as a whole, each with the sentence that says so.
    pub rules: &'static [(&'static str, &'static str)],
    /// The schema of `spec`, from the type.
    pub spec: fn() -> Value,
    /// The schema of `status`, from the type.
    pub status: fn() -> Value,
}

/// The `spec` of one of our kinds, which says which one that is.
pub trait OfKind {
    /// What there is to know of the kind.
    const KIND: Kind;
}

/// Whether an object is of one of our kinds, in whatever version.
pub fn is_ours(object: &Value) -> bool {
    let group = object["apiVersion"].as_str().and_then(|version| version.split_once('/'));
    group.is_some_and(|(group, _)| group == GROUP)
}

/// A column of `kubectl get`.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub name: &'static str,
    /// Where its value stands.
    pub path: &'static str,
    /// `string`, `integer` or `date`.
    pub form: &'static str,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: u8,
}

impl Column {
    /// A text that is always shown.
    pub(crate) const fn text(name: &'static str, path: &'static str) -> Self {
        Self { name, path, form: "string", priority: 0 }
    }

    /// A text that `-o wide` shows.
    pub(crate) const fn wide(name: &'static str, path: &'static str) -> Self {
        Self { name, path, form: "string", priority: 1 }
    }

    /// How long ago something was.
    pub(crate) const fn date(name: &'static str, path: &'static str) -> Self {
        Self { name, path, form: "date", priority: 0 }
    }

    /// How long ago something was, which `-o wide` shows.
    pub(crate) const fn date_wide(name: &'static str, path: &'static str) -> Self {
        Self { name, path, form: "date", priority: 1 }
    }

    /// How long ago the object was made.
    pub(crate) const AGE: Self = Self::date("Age", ".metadata.creationTimestamp");

    /// Whether it is ready.
    pub(crate) const READY: Self = Self::text("Ready", ".status.conditions[?(@.type==\"Ready\")].status");

    /// Why it is ready or not. It stands last: a sentence in any other place would push the rest out of sight.
    pub(crate) const REASON: Self = Self::text("Reason", ".status.conditions[?(@.type==\"Ready\")].message");
}

/// The CRDs of all our kinds, as `kubectl apply` takes them.
pub fn crds() -> Vec<Value> {
    crate::KINDS.iter().map(crd).collect()
}

/// The CRD of a kind.
pub fn crd(kind: &Kind) -> Value {
    let columns: Vec<Value> = kind.columns.iter().map(column).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{GROUP}", kind.plural)},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.kind, "listKind": format!("{}List", kind.kind), "plural": kind.plural,
                "singular": kind.singular, "shortNames": [kind.short], "categories": ["pinnace"],
            },
            "scope": "Namespaced",
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": root(kind)},
            }],
        },
    })
}

fn column(column: &Column) -> Value {
    json!({"name": column.name, "type": column.form, "jsonPath": column.path, "priority": column.priority})
}

/// What holds for the name of every object of ours.
const NAME: (&str, &str) = (
    "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "The name has to begin with a lower-case letter and hold at most 63 lower-case letters, digits and dashes, because the names of Services are \
     made from it.",
);

/// The schema of a whole object.
fn root(kind: &Kind) -> Value {
    let mut spec = schema::structural((kind.spec)());
    let mut status = schema::structural((kind.status)());
    spec["description"] = json!("What is wanted.");
    status["description"] = json!("What was seen last. It is written by the operator alone.");
    let rules = [fields::rules(&[NAME]), fields::rules(kind.rules)].concat();
    json!({
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of the form that this object is written in."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
        "x-kubernetes-validations": rules,
    })
}
