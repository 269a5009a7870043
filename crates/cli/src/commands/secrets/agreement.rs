//! Whether a file is for those that its rule names.

use std::path::Path;

use anyhow::Context as _;
use secrets::sops::{Creation, Encrypted, Problem, SopsError};

use super::file::FileArgs;
use super::rules::{RulesFile, nearest};

/// What the rules say of a file; none where no rule is for it.
pub(super) fn ruled(file: &FileArgs) -> anyhow::Result<Option<Creation>> {
    ruled_at(&file.whole_path()?, &file.name())
}

/// The same of a whole path; `name` is for errors.
pub(super) fn ruled_at(path: &Path, name: &str) -> anyhow::Result<Option<Creation>> {
    let Some(rules) = nearest(path) else { return Ok(None) };
    usable(RulesFile::read(&rules)?.creation(path)).with_context(|| name.to_owned())
}

/// A rule that names keys; no rule is no error.
pub(super) fn usable(found: Result<Creation, SopsError>) -> Result<Option<Creation>, SopsError> {
    match found {
        Ok(creation) if creation.names().iter().all(Vec::is_empty) => Ok(None),
        Ok(creation) => Ok(Some(creation)),
        Err(error) if matches!(error.problem, Problem::NoRule { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who is in the one and not in the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// In the rule alone.
    missing: Vec<String>,
    /// In the file alone.
    extra: Vec<String>,
    /// The same keys, and other groups of them.
    groups: bool,
}

impl Difference {
    pub(super) fn of(file: &Encrypted, rule: &Creation) -> Self {
        let metadata = file.metadata();
        let groups: Vec<Vec<String>> = metadata.groups.iter().map(secrets::sops::Group::names).collect();
        Self::between(&groups, metadata.threshold, &rule.names(), rule.threshold())
    }

    fn between(file: &[Vec<String>], needed: usize, rule: &[Vec<String>], ruled: usize) -> Self {
        let (file, rule) = (bare(file), bare(rule));
        let (in_file, in_rule) = (file.concat(), rule.concat());
        let without = |some: &[String], others: &[String]| -> Vec<String> {
            some.iter().filter(|key| !others.contains(key)).cloned().collect()
        };
        let sorted = |groups: &[Vec<String>]| {
            let mut groups = groups.to_vec();
            for group in &mut groups {
                group.sort();
            }
            groups.sort();
            groups
        };
        let same = sorted(&file) == sorted(&rule) && (file.len() == 1 || needed == ruled);
        let (missing, extra) = (without(&in_rule, &in_file), without(&in_file, &in_rule));
        let groups = !same && missing.is_empty() && extra.is_empty();
        Self { missing, extra, groups }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// As what is wrong with a file.
    pub(super) fn told(&self) -> String {
        let part = |what: &str, keys: &[String]| (!keys.is_empty()).then(|| format!("{what} {}", keys.join(", ")));
        let parts = [
            part("it is not for", &self.missing),
            part("it is also for", &self.extra),
            self.groups.then(|| "its key groups are others".to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// As what was done to a file.
    pub(super) fn done(&self) -> String {
        let part = |what: &str, keys: &[String]| (!keys.is_empty()).then(|| format!("; {what} {}", keys.join(", ")));
        let parts = [
            part("now also for", &self.missing),
            part("no longer for", &self.extra),
            self.groups.then(|| "; with the key groups of its rule".to_owned()),
        ];
        parts.into_iter().flatten().collect()
    }
}

/// Keys of SSH without whose they are: that is a comment, and may be another one in the rule.
fn bare(groups: &[Vec<String>]) -> Vec<Vec<String>> {
    let one = |name: &String| match name.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["age", kind, key, ..] => format!("age {kind} {key}"),
        _ => name.clone(),
    };
    groups.iter().map(|group| group.iter().map(one).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(file: &[&[&str]], needed: usize, rule: &[&[&str]], ruled: usize) -> String {
        let owned = |groups: &[&[&str]]| -> Vec<Vec<String>> {
            groups.iter().map(|group| group.iter().map(|key| (*key).to_owned()).collect()).collect()
        };
        Difference::between(&owned(file), needed, &owned(rule), ruled).told()
    }

    #[test]
    fn what_differs_is_named_and_order_does_not_matter() {
        assert_eq!(between(&[&["a", "b"]], 1, &[&["b", "a"]], 1), "");
        assert_eq!(between(&[&["a"]], 1, &[&["a", "b"]], 1), "it is not for b");
        assert_eq!(between(&[&["a", "c"]], 1, &[&["a", "b"]], 1), "it is not for b; it is also for c");
        assert_eq!(between(&[&["a"], &["b"]], 2, &[&["b"], &["a"]], 2), "");
        assert_eq!(between(&[&["a"], &["b"], &["c"]], 2, &[&["b"], &["a"], &["c"]], 3), "its key groups are others");
        assert_eq!(between(&[&["a"], &["b"]], 2, &[&["a", "b"]], 1), "its key groups are others");
        let ssh = "age ssh-ed25519 AAAA";
        assert_eq!(between(&[&[ssh]], 1, &[&["age ssh-ed25519 AAAA ann@example.org"]], 1), "");
    }
}
