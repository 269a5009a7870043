//! From the file's form to the domain: the kinds outside of namespaces that a project may have.

use super::check::Problems;
use super::file::Text;

/// Each is a kind, with its group where it has one.
pub(super) fn check_cluster_kinds(kinds: &[Text], problems: &mut Problems) {
    for kind in kinds {
        let (name, group) = kind.value.split_once('.').unwrap_or((&kind.value, "core"));
        let is_kind =
            name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
        let is_group = !group.is_empty()
            && group.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
        if !(is_kind && is_group) {
            let help =
                "write it like `ClusterRole` or `Widget.example.org`: the kind, a dot and its group without a version";
            problems.add(kind.referenced, format!("`{}` is not a kind", short(&kind.value)), help);
        }
    }
}

/// A text of the file in a message: short, and on one line.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
