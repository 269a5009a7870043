//! The instances that are found in the tree of a commit: a new folder is a new instance.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use model::{CommitId, EnvironmentName, InstanceId, InstanceName, ProjectName};

use super::pattern::{Matched, Pattern};
use super::template::{INSTANCE, fill, fill_all, namespace_fault};
use super::{Config, Project};
use crate::mirror::{Child, ChildKind, Mirror, MirrorError};

/// How many instances may be found in one config repo.
const MOST: usize = 5_000;

/// What was found in the tree for the projects whose sources are a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    ids: BTreeSet<InstanceId>,
    /// What looks like an instance and can't be one, each with where, why and what to do.
    pub odd: Vec<String>,
}

impl Found {
    pub(super) fn contains(&self, id: &InstanceId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn of(&self, project: &ProjectName, environment: &EnvironmentName) -> Vec<InstanceId> {
        let here = |id: &&InstanceId| id.project == *project && id.environment == *environment;
        self.ids.iter().filter(here).cloned().collect()
    }
}

impl Project {
    /// Whether each folder or file of a pattern is an instance of its own.
    pub fn is_pattern(&self) -> bool {
        let mut paths = self.sources.iter().flat_map(|source| {
            let pinned = source.remote.as_ref().and_then(|remote| remote.pinned.as_ref());
            [&source.path].into_iter().chain(&source.chart.values).chain(pinned)
        });
        paths.any(|path| path.contains(INSTANCE))
    }
}

/// A pattern, and whose.
struct Sought<'a> {
    project: &'a ProjectName,
    environment: &'a EnvironmentName,
    namespace: &'a str,
    pattern: Pattern,
}

impl Config {
    /// Finds the instances of patterns in the tree of a commit, with two calls of git however many patterns there are.
    pub async fn find_instances(&mut self, mirror: &Mirror, commit: &CommitId) -> Result<(), MirrorError> {
        self.found = self.found_in(mirror, commit).await?;
        Ok(())
    }

    /// As [`Self::find_instances`], in a checkout.
    pub fn find_instances_in(&mut self, folder: &Path) -> io::Result<()> {
        let sought = self.sought();
        let mut found = Found::default();
        for one in &sought {
            let is_there = |below: &str| folder.join(below).exists();
            for child in &entries(&folder.join(&one.pattern.folder))? {
                if one.pattern.below(child).is_none_or(|below| is_there(&below)) {
                    one.take(child, &mut found);
                }
            }
        }
        self.found = found;
        Ok(())
    }

    async fn found_in(&self, mirror: &Mirror, commit: &CommitId) -> Result<Found, MirrorError> {
        let sought = self.sought();
        if sought.is_empty() {
            return Ok(Found::default());
        }
        let folders: BTreeSet<&str> = sought.iter().map(|one| one.pattern.folder.as_str()).collect();
        let children = mirror.children(commit, &folders).await?;
        let of = |pattern: &Pattern| children.get(&pattern.folder).map(Vec::as_slice).unwrap_or_default();
        let below = sought.iter().flat_map(|one| of(&one.pattern).iter().filter_map(|child| one.pattern.below(child)));
        let there = mirror.which_are_there(commit, below.collect()).await?;
        let mut found = Found::default();
        for one in &sought {
            let is_there = |child: &&Child| one.pattern.below(child).is_none_or(|below| there.contains(&below));
            for child in of(&one.pattern).iter().filter(is_there) {
                one.take(child, &mut found);
            }
        }
        Ok(found)
    }

    fn sought(&self) -> Vec<Sought<'_>> {
        let mut sought = Vec::new();
        for (name, project) in self.projects.iter().filter(|(_, project)| project.is_pattern()) {
            for (environment, namespace) in &project.namespaces {
                let patterns = project.own().into_iter().filter_map(|path| Pattern::of(&fill(path, environment)));
                sought.extend(patterns.map(|pattern| Sought { project: name, environment, namespace, pattern }));
            }
        }
        sought
    }
}

/// What lies in a folder; one that is not there is empty.
fn entries(folder: &Path) -> io::Result<Vec<Child>> {
    let listing = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut children = Vec::new();
    for entry in listing {
        let entry = entry?;
        let kind = match entry.file_type()? {
            kind if kind.is_dir() => ChildKind::Folder,
            kind if kind.is_file() => ChildKind::File,
            _ => ChildKind::Link,
        };
        children.extend(entry.file_name().into_string().ok().map(|name| Child { name, kind }));
    }
    children.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(children)
}

impl Sought<'_> {
    /// Takes a child of the folder as an instance, or says why it is none.
    fn take(&self, child: &Child, found: &mut Found) {
        let Matched::Named(name) = self.pattern.matched(child) else { return };
        let place = || format!("`{}/{}`", self.pattern.folder, child.name);
        let name: InstanceName = match name.parse() {
            Ok(name) => name,
            Err(error) => return found.odd.push(format!("{} is no instance: {error}", place())),
        };
        let id = InstanceId { project: self.project.clone(), environment: self.environment.clone(), name };
        if let Some((fault, help)) = namespace_fault(&fill_all(self.namespace, &id)) {
            return found.odd.push(format!("{} is no instance: {fault}; {help}", place()));
        }
        if found.ids.len() < MOST || found.ids.contains(&id) {
            found.ids.insert(id);
        } else {
            let full = format!("{} is one instance too many: {MOST} are the most", place());
            found.odd.push(format!("{full}; split the config repo"));
        }
    }
}
