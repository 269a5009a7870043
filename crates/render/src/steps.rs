//! In which order the objects of a set are applied where the order of their kinds does not say it: what needs another object
//! comes after it, and waits until that is Current.
//!
//! Pure, and part of rendering, so that a circle or a misspelt need is found before anything is asked of a cluster.

mod named;
mod sort;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::{Place, Problem, RenderError};
use crate::object::{Object, ObjectKey};
use named::Named;
use sort::{Edge, Graph};

/// The annotation: a list of `Kind/name` or `Kind.group/name` with commas between.
pub const NEEDS_ANNOTATION: &str = "pinnace.dev/needs";

/// Which sources come after which, by their places in the list of sources. Empty: none waits for another.
pub(crate) type SourceNeeds = [Vec<usize>];

/// Objects that are applied together, and what has to be Current before the first of them is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// The objects, by their places in the set.
    pub objects: Vec<usize>,
    /// Objects of earlier steps that these need, by their places in the set.
    pub after: Vec<usize>,
    /// What these need and the set does not bring.
    pub outside: Vec<Outside>,
}

/// An object that the set needs and does not bring: others do.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Its API group.
    pub group: String,
    /// The version of its kind, where Kubernetes itself brings it.
    pub version: Option<&'static str>,
    /// Its kind.
    pub kind: String,
    /// Its name; it is in the instance's namespace.
    pub name: String,
    /// Who needs it.
    pub by: ObjectKey,
    /// Where that says so.
    pub place: Place,
    /// An object of the set that may have been meant.
    pub meant: Option<ObjectKey>,
}

impl Outside {
    /// `Job/migrate`
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// Whether an object says that it needs others.
pub(crate) fn has_needs(object: &Object) -> bool {
    object.value.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(NEEDS_ANNOTATION)).is_some()
}

/// Cuts a set into steps. Without needs there is one.
pub(crate) fn steps(objects: &[Object], sources: &SourceNeeds) -> Result<Vec<Step>, RenderError> {
    let mut graph = Graph::new(objects.len());
    let mut outside = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        for need in named::needs(object)? {
            match find(objects, object, &need)? {
                Found::Inside(other) => graph.add(index, Edge::after(other)),
                Found::Outside(found) => outside.push((index, *found)),
            }
        }
    }
    if graph.is_empty() && outside.is_empty() && sources.iter().all(Vec::is_empty) {
        return Ok(vec![Step { objects: (0..objects.len()).collect(), ..Step::default() }]);
    }
    add_sources(&mut graph, objects, sources);
    add_homes(&mut graph, objects);
    let levels = graph.levels().map_err(|circle| told(objects, &circle))?;
    let count = levels.iter().take(objects.len()).max().map_or(1, |last| last + 1);
    let mut steps: Vec<Step> = vec![Step::default(); count];
    for (index, level) in levels.iter().take(objects.len()).enumerate() {
        let Some(step) = steps.get_mut(*level) else { continue };
        step.objects.push(index);
        step.after.extend(graph.awaited_by(index, objects.len()));
    }
    for (index, found) in outside {
        if let Some(step) = levels.get(index).and_then(|level| steps.get_mut(*level)) {
            step.outside.push(found);
        }
    }
    // A level that only holds the end of a source is none of ours.
    steps.retain(|step| !step.objects.is_empty());
    for step in &mut steps {
        step.after = step.after.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    }
    Ok(steps)
}

/// A set without some of its objects.
pub(crate) struct Cut {
    pub(crate) objects: Vec<Object>,
    pub(crate) steps: Vec<Step>,
    /// What went besides those, because it needs them.
    pub(crate) followed: Vec<ObjectKey>,
}

/// Takes objects out of a set, and what needs them.
pub(crate) fn without(objects: &[Object], steps: &[Step], keys: &[ObjectKey]) -> Cut {
    let mut goes: Vec<bool> = objects.iter().map(|object| keys.contains(&object.key)).collect();
    let mut followed = Vec::new();
    loop {
        let needs_one = |object: &Object| {
            let is_gone = |need: &Named| {
                let gone = objects.iter().zip(&goes).filter(|(_, goes)| **goes);
                gone.into_iter().any(|(other, _)| need.is(other))
            };
            named::needs(object).unwrap_or_default().iter().any(is_gone)
        };
        let next = objects
            .iter()
            .enumerate()
            .find(|(index, object)| goes.get(*index).is_some_and(|goes| !goes) && needs_one(object));
        let Some((index, object)) = next else { break };
        followed.push(object.key.clone());
        if let Some(goes) = goes.get_mut(index) {
            *goes = true;
        }
    }
    let mut kept = 0..;
    let place: Vec<Option<usize>> = goes.iter().map(|goes| if *goes { None } else { kept.next() }).collect();
    let moved = |all: &[usize]| all.iter().filter_map(|index| place.get(*index).copied().flatten()).collect::<Vec<_>>();
    let cut = |step: &Step| {
        let (objects, after) = (moved(&step.objects), moved(&step.after));
        let is_kept = |outside: &&Outside| !followed.contains(&outside.by) && !keys.contains(&outside.by);
        Step { objects, after, outside: step.outside.iter().filter(is_kept).cloned().collect() }
    };
    let steps = steps.iter().map(cut).filter(|step| !step.objects.is_empty()).collect();
    let objects = objects.iter().zip(&goes).filter(|(_, goes)| !**goes).map(|(object, _)| object.clone()).collect();
    Cut { objects, steps, followed }
}

enum Found {
    Inside(usize),
    Outside(Box<Outside>),
}

fn find(objects: &[Object], by: &Object, need: &Named) -> Result<Found, RenderError> {
    let mut found = objects.iter().enumerate().filter(|(_, object)| need.is(object));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(Found::Inside(index)),
        (Some((_, one)), Some((_, other))) => {
            let groups = format!("`{}` and `{}`", one.key.group, other.key.group);
            let why = format!("`{need}` may be of {groups}: write `{}.<group>/{}`", need.kind, need.name);
            Err(named::wrong(by, why))
        }
        (None, _) => Ok(Found::Outside(Box::new(elsewhere(objects, by, need)?))),
    }
}

/// What is not in the set has to be of a kind that can be asked for and watched.
fn elsewhere(objects: &[Object], by: &Object, need: &Named) -> Result<Outside, RenderError> {
    let meant = named::meant(objects, need).map(|object| object.key.clone());
    let hint = meant.as_ref().map_or_else(String::new, |key| format!("; did you mean `{}/{}`?", key.kind, key.name));
    let known = named::built_in(need);
    let (group, version) = match (known, &need.group) {
        (Some((group, version)), _) => (group.to_owned(), Some(version)),
        (None, Some(group)) if group.contains('.') => (group.clone(), None),
        _ => {
            let what = format!("`{need}` is not in this set, and `{}` is no kind of Kubernetes", need.kind);
            let why = format!("{what}: write `Kind/name`, and `Kind.group/name` for a custom resource{hint}");
            return Err(named::wrong(by, why));
        }
    };
    if group.is_empty() && need.kind == "Secret" {
        let why = format!(
            "`{need}` is not in this set, and Secrets of others are not watched: name what makes it (an ExternalSecret, a Certificate){hint}"
        );
        return Err(named::wrong(by, why));
    }
    let (kind, name) = (need.kind.clone(), need.name.clone());
    Ok(Outside { group, version, kind, name, by: by.key.clone(), place: by.place.clone(), meant })
}

/// A source that needs another waits for all of it. One node stands for the end of a source, so that two large ones do not
/// make an edge for each pair.
fn add_sources(graph: &mut Graph, objects: &[Object], sources: &SourceNeeds) {
    let needed: BTreeSet<usize> = sources.iter().flatten().copied().collect();
    for needed in needed {
        let end = graph.add_node();
        for (index, object) in objects.iter().enumerate() {
            if object.source == needed {
                graph.add(end, Edge::with(index));
            } else if sources.get(object.source).is_some_and(|needs| needs.contains(&needed)) {
                graph.add(index, Edge::after(end));
            }
        }
    }
}

/// Nothing comes before its namespace or the definition of its kind; within a step those come first anyway.
fn add_homes(graph: &mut Graph, objects: &[Object]) {
    let text =
        |object: &Object, pointer: &str| object.value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    for (home, object) in objects.iter().enumerate() {
        let is_namespace = object.key.group.is_empty() && object.key.kind == "Namespace";
        let is_definition = object.key.kind == "CustomResourceDefinition";
        if !is_namespace && !is_definition {
            continue;
        }
        let (group, kind) = (text(object, "/spec/group"), text(object, "/spec/names/kind"));
        for (index, other) in objects.iter().enumerate() {
            let lives_there = is_namespace && other.key.namespace.as_ref() == Some(&object.key.name);
            let is_of_it =
                is_definition && Some(&other.key.group) == group.as_ref() && Some(&other.key.kind) == kind.as_ref();
            if lives_there || is_of_it {
                graph.add(index, Edge::with(home));
            }
        }
    }
}

/// The whole circle, each with its place.
fn told(objects: &[Object], circle: &[usize]) -> RenderError {
    let named: Vec<&Object> = circle.iter().filter_map(|index| objects.get(*index)).collect();
    let place = named.first().map_or_else(Place::default, |object| object.place.clone());
    let word = |object: &&Object| format!("{}/{} ({})", object.key.kind, object.key.name, object.place);
    let mut words: Vec<String> = named.iter().map(word).collect();
    words.extend(words.first().cloned());
    RenderError::At { place, problem: Problem::Circle { circle: words.join(" needs ") } }
}

#[cfg(test)]
mod tests;
