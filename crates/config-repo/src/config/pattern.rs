//! A source that is a pattern: the place in the tree where each folder, or each file, is an instance.

use super::template::INSTANCE;
use crate::mirror::{Child, ChildKind};

/// `apps/todo/prod/{instance}`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The folder that is looked through; empty is the top of the repo.
    pub(super) folder: String,
    /// What stands before the name in the same part of the path.
    prefix: String,
    /// What stands after it there, as `.yaml`.
    suffix: String,
    /// What stands below; empty where the part with the name is the last.
    rest: String,
}

/// What a child of the folder is to the pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matched<'a> {
    /// Something else.
    Nothing,
    /// An instance of this name, if that is one.
    Named(&'a str),
}

impl Pattern {
    /// The pattern of a path whose environment is filled in; none when it names one place.
    pub(super) fn of(path: &str) -> Option<Self> {
        let (before, after) = path.split_once(INSTANCE)?;
        let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
        let (suffix, rest) = after.split_once('/').unwrap_or((after, ""));
        let own = |text: &str| text.to_owned();
        Some(Self { folder: own(folder), prefix: own(prefix), suffix: own(suffix), rest: own(rest) })
    }

    /// What this child of the folder is. A part that ends like a file's name is for files, every other for folders; what
    /// begins with `.` or `_` is passed over, so that there is a place for what instances share.
    pub(super) fn matched<'a>(&self, child: &'a Child) -> Matched<'a> {
        let wants_file = self.rest.is_empty() && self.suffix.contains('.');
        let right_kind = match child.kind {
            ChildKind::Folder => !wants_file,
            ChildKind::File => wants_file,
            // Found, so that reading it says what is wrong.
            ChildKind::Link => true,
        };
        if !right_kind || child.name.starts_with(['.', '_']) {
            return Matched::Nothing;
        }
        let name = child.name.strip_prefix(self.prefix.as_str()).and_then(|name| name.strip_suffix(&self.suffix));
        name.filter(|name| !name.is_empty()).map_or(Matched::Nothing, Matched::Named)
    }

    /// What has to be there for the child to be an instance; none when the child itself is enough.
    pub(super) fn below(&self, child: &Child) -> Option<String> {
        let folder = if self.folder.is_empty() { String::new() } else { format!("{}/", self.folder) };
        (!self.rest.is_empty()).then(|| format!("{folder}{}/{}", child.name, self.rest))
    }
}

/// Whether one place may be the other, or in it, whatever the instances are called.
pub(super) fn may_overlap(one: &str, other: &str) -> bool {
    one.split('/').zip(other.split('/')).all(|(one, other)| may_be(one, other))
}

fn may_be(one: &str, other: &str) -> bool {
    match (one.split_once(INSTANCE), other.split_once(INSTANCE)) {
        (None, None) => one == other,
        (Some(pattern), None) => stands_for(pattern, other),
        (None, Some(pattern)) => stands_for(pattern, one),
        (Some((before, after)), Some((first, last))) => {
            (before.starts_with(first) || first.starts_with(before)) && (after.ends_with(last) || last.ends_with(after))
        }
    }
}

fn stands_for((before, after): (&str, &str), name: &str) -> bool {
    name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, name: &str, kind: ChildKind) -> Option<String> {
        let child = Child { name: name.to_owned(), kind };
        match Pattern::of(pattern)?.matched(&child) {
            Matched::Named(name) => Some(name.to_owned()),
            Matched::Nothing => None,
        }
    }

    #[test]
    fn a_path_without_the_word_names_one_place() {
        assert_eq!(Pattern::of("apps/todo/prod"), None);
    }

    #[test]
    fn folders_are_instances_and_files_beside_them_are_not() {
        let pattern = "apps/todo/prod/{instance}";
        assert_eq!(Pattern::of(pattern).unwrap().folder, "apps/todo/prod");
        assert_eq!(matched(pattern, "acme", ChildKind::Folder).as_deref(), Some("acme"));
        assert_eq!(matched(pattern, "README.md", ChildKind::File), None);
        assert_eq!(matched(pattern, "_shared", ChildKind::Folder), None);
        assert_eq!(matched(pattern, ".cache", ChildKind::Folder), None);
        assert_eq!(matched(pattern, "acme", ChildKind::Link).as_deref(), Some("acme"));
    }

    #[test]
    fn files_are_instances_where_the_pattern_ends_like_a_file() {
        let pattern = "apps/{instance}.yaml";
        assert_eq!(matched(pattern, "acme.yaml", ChildKind::File).as_deref(), Some("acme"));
        assert_eq!(matched(pattern, "acme.json", ChildKind::File), None);
        assert_eq!(matched(pattern, "acme.yaml", ChildKind::Folder), None);
        assert_eq!(matched(pattern, ".yaml", ChildKind::File), None);
    }

    #[test]
    fn the_name_may_be_a_part_of_a_part_and_stand_in_the_middle() {
        let pattern = Pattern::of("customer-{instance}/todo/prod").unwrap();
        assert_eq!(pattern.folder, "");
        let child = Child { name: "customer-acme".to_owned(), kind: ChildKind::Folder };
        assert_eq!(pattern.matched(&child), Matched::Named("acme"));
        assert_eq!(pattern.below(&child).as_deref(), Some("customer-acme/todo/prod"));
    }

    #[test]
    fn places_overlap_when_some_name_makes_them() {
        assert!(may_overlap("apps/todo/prod", "apps/todo/prod/x"));
        assert!(!may_overlap("apps/todo/prod", "apps/todo/production"));
        assert!(may_overlap("apps/{instance}", "apps/todo/x"));
        assert!(!may_overlap("apps/{instance}/a", "apps/{instance}/b"));
        assert!(!may_overlap("apps/a-{instance}", "apps/b-{instance}"));
        assert!(!may_overlap("apps/a-{instance}", "apps/b"));
        assert!(may_overlap("apps/a-{instance}", "apps/{instance}"));
    }
}
