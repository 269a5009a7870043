//! What comes before what: sources of a project, and projects among each other.

use std::collections::BTreeMap;

use model::ProjectName;

use super::check::Problems;
use super::file::{self, Entries, Text};

/// What a project needs, read.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Other projects.
    pub(super) projects: Vec<ProjectName>,
    /// For each of its sources the others that come before it, by their places.
    pub(super) sources: Vec<Vec<usize>>,
}

/// What the sources of a project need among each other, by their places.
pub(super) fn source_needs(project: &Text, sources: &[file::Source], problems: &mut Problems) -> Vec<Vec<usize>> {
    let names: Vec<Option<&Text>> =
        sources.iter().map(|source| source.name.as_ref().or(source.release.as_ref())).collect();
    for name in sources.iter().filter_map(|source| source.name.as_ref()) {
        problems.not_empty(name, "the source's name");
    }
    let mut needs = Vec::new();
    for source in sources {
        let found = source.needs.iter().filter_map(|need| source_of(project, need, &names, problems));
        needs.push(found.collect());
    }
    if let Some(circle) = circle(&needs) {
        let word = |index: &usize| names.get(*index).copied().flatten().map(|name| name.value.as_str());
        let at = circle.first().and_then(|first| sources.get(*first)?.needs.first());
        told(&circle.iter().filter_map(word).collect::<Vec<_>>(), at, "sources", problems);
        return vec![Vec::new(); sources.len()];
    }
    needs
}

fn source_of(project: &Text, need: &Text, names: &[Option<&Text>], problems: &mut Problems) -> Option<usize> {
    let is_it = |name: Option<&Text>| name.is_some_and(|name| name.value == need.value);
    let mut found = names.iter().enumerate().filter(|(_, name)| is_it(**name)).map(|(index, _)| index);
    match (found.next(), found.next()) {
        (Some(index), None) => return Some(index),
        (Some(_), Some(_)) => {
            let message = format!("two sources of `{}` are called `{}`", project.value, need.value);
            problems.add(need.referenced, message, "give each its own `name`");
        }
        (None, _) => {
            let message = format!("no source of `{}` is called `{}`", project.value, need.value);
            let known: Vec<_> = names.iter().flatten().map(|name| name.value.as_str()).collect();
            let help = match known.as_slice() {
                [] => format!("write `name: {}` into the source that is meant", need.value),
                known => format!(
                    "name one of {}, or write `name: {}` into the one that is meant",
                    known.join(", "),
                    need.value
                ),
            };
            problems.add(need.referenced, message, help);
        }
    }
    None
}

/// What the projects need of each other.
pub(super) fn project_needs(
    entries: &Entries<file::Project>,
    problems: &mut Problems,
) -> BTreeMap<ProjectName, Vec<ProjectName>> {
    let names: Vec<&str> = entries.0.iter().map(|(key, _)| key.value.as_str()).collect();
    let mut needs: Vec<Vec<usize>> = Vec::new();
    for (_, project) in &entries.0 {
        let mut found = Vec::new();
        for need in &project.needs {
            if let Some(index) = names.iter().position(|name| *name == need.value) {
                found.push(index);
            } else {
                let help = format!("name one of {}", names.join(", "));
                problems.add(need.referenced, format!("there is no project `{}`", need.value), help);
            }
        }
        needs.push(found);
    }
    if let Some(circle) = circle(&needs) {
        let at = circle.first().and_then(|first| entries.0.get(*first)?.1.needs.first());
        let words: Vec<&str> = circle.iter().filter_map(|index| names.get(*index).copied()).collect();
        told(&words, at, "projects", problems);
    }
    let parsed = |index: &usize| names.get(*index).and_then(|name| name.parse::<ProjectName>().ok());
    let of = |(index, needs): (usize, &Vec<usize>)| Some((parsed(&index)?, needs.iter().filter_map(parsed).collect()));
    needs.iter().enumerate().filter_map(of).collect()
}

fn told(circle: &[&str], at: Option<&Text>, what: &str, problems: &mut Problems) {
    let Some(at) = at else { return };
    let mut words = circle.to_vec();
    words.extend(circle.first());
    let message = format!("these {what} wait for each other: {}", words.join(" needs "));
    problems.add(at.referenced, message, "take one of the needs out");
}

/// A circle: each needs the next, and the last the first.
fn circle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut open: Vec<bool> = vec![true; needs.len()];
    let is_open = |open: &[bool], node: &usize| open.get(*node).copied().unwrap_or_default();
    // What needs nothing that is open can be done; whatever is left at the end leads into a circle.
    while let Some(done) = (0..needs.len()).find(|node| {
        is_open(&open, node) && needs.get(*node).is_some_and(|needs| !needs.iter().any(|to| is_open(&open, to)))
    }) {
        if let Some(open) = open.get_mut(done) {
            *open = false;
        }
    }
    let mut path: Vec<usize> = Vec::new();
    let mut node = (0..needs.len()).find(|node| is_open(&open, node));
    while let Some(here) = node {
        if let Some(begin) = path.iter().position(|before| *before == here) {
            return Some(path.split_off(begin));
        }
        path.push(here);
        node = needs.get(here).and_then(|needs| needs.iter().copied().find(|to| is_open(&open, to)));
    }
    None
}

#[cfg(test)]
mod tests;
