//! What an object says that it needs, read.

use std::fmt;

use serde_json::Value;

use super::NEEDS_ANNOTATION;
use crate::error::{Problem, RenderError};
use crate::names;
use crate::object::Object;

/// More than this is no list that a person wrote.
const MOST_NEEDS: usize = 100;
/// Names this far apart are not taken for each other.
const FARTHEST: usize = 2;

/// What is needed, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) kind: String,
    pub(super) group: Option<String>,
    pub(super) name: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(f, "{}.{group}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

impl Named {
    /// Whether this object is meant.
    pub(super) fn is(&self, object: &Object) -> bool {
        object.key.name == self.name
            && object.key.kind == self.kind
            && self.group.as_ref().is_none_or(|group| object.key.group == *group)
    }
}

/// Kinds that Kubernetes brings into namespaces, so that their group need not be written.
const BUILT_IN: &[(&str, &str, &[&str])] = &[
    (
        "",
        "v1",
        &[
            "ConfigMap",
            "Endpoints",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("apps", "v1", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling", "v2", &["HorizontalPodAutoscaler"]),
    ("batch", "v1", &["CronJob", "Job"]),
    ("networking.k8s.io", "v1", &["Ingress", "NetworkPolicy"]),
    ("policy", "v1", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", "v1", &["Role", "RoleBinding"]),
];

/// Group and version of a kind of Kubernetes itself.
pub(super) fn built_in(need: &Named) -> Option<(&'static str, &'static str)> {
    let fits = |group: &str| need.group.as_ref().is_none_or(|given| given == group);
    let of = BUILT_IN.iter().find(|(group, _, kinds)| fits(group) && kinds.contains(&need.kind.as_str()));
    of.map(|(group, version, _)| (*group, *version))
}

/// Everything that an object names.
pub(super) fn needs(object: &Object) -> Result<Vec<Named>, RenderError> {
    let annotation =
        object.value.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(NEEDS_ANNOTATION));
    let Some(text) = annotation.and_then(Value::as_str) else { return Ok(Vec::new()) };
    let mut needs = Vec::new();
    for one in text.split(',').map(str::trim) {
        if needs.len() >= MOST_NEEDS {
            return Err(wrong(object, format!("more than {MOST_NEEDS} needs: make a source of those and name that")));
        }
        needs.push(read(one).map_err(|why| wrong(object, why))?);
    }
    Ok(needs)
}

fn read(text: &str) -> Result<Named, String> {
    let shown = secrets::clip(text, 100);
    let shape = || format!("`{shown}` is not `Kind/name` or `Kind.group/name`");
    let (kind, name) = text.split_once('/').ok_or_else(shape)?;
    let (kind, group) = match kind.split_once('.') {
        Some((kind, group)) => (kind, Some(group.to_owned())),
        None => (kind, None),
    };
    if !kind.starts_with(|c: char| c.is_ascii_uppercase()) || !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("{}; a kind is written as in manifests, `Job` or `Deployment`", shape()));
    }
    let name_is_bad = names::subdomain(name).is_some();
    if name_is_bad || group.as_deref().is_some_and(|group| names::subdomain(group).is_some()) {
        return Err(format!("{}; several have commas between them", shape()));
    }
    Ok(Named { kind: kind.to_owned(), group, name: name.to_owned() })
}

/// What is wrong with an object's needs.
pub(super) fn wrong(object: &Object, why: String) -> RenderError {
    let problem = Problem::Needs { object: Box::new(object.key.clone()), why };
    RenderError::At { place: object.place.clone(), problem }
}

/// An object that may have been meant: of that name and another kind, or of that kind and nearly that name.
pub(super) fn meant<'o>(objects: &'o [Object], need: &Named) -> Option<&'o Object> {
    let same_name = objects.iter().find(|object| object.key.name == need.name && is_like(&object.key.kind, &need.kind));
    let same_kind =
        || objects.iter().find(|object| object.key.kind == need.kind && is_like(&object.key.name, &need.name));
    same_name.or_else(same_kind)
}

/// Whether two words differ by a slip: case, or up to two letters.
fn is_like(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || (one.len().min(other.len()) > FARTHEST && distance(one, other) <= FARTHEST)
}

/// How many letters have to be put in, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut next = vec![at + 1];
        for (index, of_other) in other.iter().enumerate() {
            let (above, beside) = (row.get(index + 1).copied(), next.get(index).copied());
            let kept = row.get(index).copied().unwrap_or_default() + usize::from(letter != *of_other);
            let changed = above.unwrap_or_default().min(beside.unwrap_or_default()) + 1;
            next.push(kept.min(changed));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
