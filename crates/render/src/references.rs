//! What the objects of a set need besides themselves: found before the first write, where others find it by a pod that never starts.
//!
//! Pure: what a set holds is answered here, and what only the cluster can answer is a [`Need`], to be judged by what is there. One file a
//! rule, and one list.

mod autoscaler;
mod ingress;
mod need;
pub(crate) mod pods;
mod quota;
mod service;
mod storage;
mod versions;

use serde_json::Value;

use crate::object::{Object, ObjectKey};
use crate::rendering::Rendered;
use need::Answer;

pub use need::{Detail, Need, Wanted, Wrong};
pub use pods::{UsedImage, images};
pub use quota::{asks_for_pods, over_quota};

/// What a set needs.
#[derive(Debug, Default)]
pub struct References {
    /// What is wrong whatever the cluster holds.
    pub wrong: Vec<Wrong>,
    /// What the cluster has to be asked about.
    pub open: Vec<Need>,
}

/// Says what an object needs.
type Rule = for<'a> fn(&'a Object) -> Vec<Need>;

/// Every rule. To add one: a file beside the others, a line here, cases in `tests/references.rs`.
const RULES: &[Rule] = &[autoscaler::needs, ingress::needs, pods::needs, service::needs, storage::needs];

/// An object that carries this as `"false"` is not checked: a person knows better.
const SWITCH: &str = "/metadata/annotations/pinnace.dev~1check-references";

/// Finds what these objects need, and answers what they answer themselves.
pub fn references(objects: &[Object]) -> References {
    with_makers(objects, &[])
}

/// Finds what a whole set needs. What its hooks bring is there, and those that run may make what else is needed.
pub fn references_of(rendered: &Rendered) -> References {
    let everything: Vec<Object> = rendered.everything().cloned().collect();
    let run = rendered.hooks.iter().filter(|hook| hook.ends()).map(|hook| hook.object.key.clone());
    with_makers(&everything, &run.collect::<Vec<_>>())
}

fn with_makers(objects: &[Object], run: &[ObjectKey]) -> References {
    let mut references = References::default();
    let custom = objects.iter().map(|object| &object.key).filter(|key| !is_kubernetes(&key.group));
    let makers: Vec<&ObjectKey> = run.iter().chain(custom).collect();
    for object in objects.iter().filter(|object| !is_switched_off(object)) {
        references.wrong.extend(versions::removed(object));
        for mut need in RULES.iter().flat_map(|rule| rule(object)) {
            match need.answer_in(objects) {
                Answer::There => {}
                Answer::Wrong(wrong) => references.wrong.push(wrong),
                Answer::Open => {
                    // Operators make Secrets, settings, services and pods of what they are given.
                    need.maker = makers.first().filter(|_| need.can_be_made()).map(ToString::to_string);
                    references.open.push(need);
                }
            }
        }
        references.wrong.extend(service::ports(object, objects));
    }
    references
}

/// What is wrong with the version that an object is written in: no cluster serves it any more.
pub(crate) fn removed(object: &Object) -> Option<String> {
    versions::removed(object).map(|wrong| wrong.message)
}

/// The spec of the pod that an object is, or makes.
pub(crate) fn pod_spec(object: &Object) -> Option<&Value> {
    pods::of(object).map(|pod| pod.spec)
}

/// The key of every object that is named and is not in the set: to grant the rights to read them.
pub fn named_elsewhere(objects: &[Object]) -> Vec<(&'static str, &'static str, String)> {
    let needs = references(objects).open;
    let mut named: Vec<_> = needs
        .into_iter()
        .filter_map(|need| match need.wanted {
            Wanted::Object { api_version, kind, name, .. } => Some((api_version, kind, name)),
            Wanted::Pods { .. } => None,
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn is_switched_off(object: &Object) -> bool {
    object.value.pointer(SWITCH).and_then(Value::as_str) == Some("false")
}

/// Whether a group is Kubernetes' own, so that nothing makes other objects of its kinds but what we know.
fn is_kubernetes(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// The text at a pointer.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The list at a pointer.
fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
