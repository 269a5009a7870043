//! Keys that nobody reads, because they are nearly called like one that somebody reads.

use std::fmt;

use serde_json::Value as Json;

/// What SOPS reads at the top of the file; others are for who writes it, as `keys` is.
const OF_FILE: [&str; 3] = ["creation_rules", "destination_rules", "stores"];
/// What SOPS or we read in a rule, whether it is used here or not.
const OF_RULE: [&str; 20] = [
    "path_regex",
    "kms",
    "aws_profile",
    "age",
    "pgp",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "key_groups",
    "shamir_threshold",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
    "pinnace_scope",
    "merge",
];
/// What SOPS reads in a group of keys.
const OF_GROUP: [&str; 8] = ["merge", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "age", "pgp"];

/// A key that is misspelt.
pub(super) struct Typo {
    pub(super) key: String,
    /// In which part of the file; empty: at its top.
    place: String,
    meant: &'static str,
}

impl Typo {
    /// Without what to do.
    pub(super) fn shown(&self) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!(" in `{}`", self.place) };
        let key = crate::clip(&crate::clean_terminal(&self.key), 80);
        format!("`{key}`{place} is a key that SOPS does not know: `{}` is meant", self.meant)
    }
}

impl fmt::Display for Typo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: correct the rule", self.shown())
    }
}

/// At the top of the file.
pub(super) fn in_file(file: &Json) -> Vec<Typo> {
    among(file, &OF_FILE, "")
}

/// In a rule, and in its groups of keys.
pub(super) fn in_rule(rule: &Json, at: usize) -> Vec<Typo> {
    let place = format!("creation_rules[{at}]");
    let mut typos = among(rule, &OF_RULE, &place);
    in_groups(rule, "key_groups", &place, 0, &mut typos);
    typos
}

fn in_groups(of: &Json, field: &str, place: &str, depth: usize, typos: &mut Vec<Typo>) {
    const DEEPEST: usize = 5;
    for (at, group) in of.get(field).and_then(Json::as_array).into_iter().flatten().enumerate() {
        let place = format!("{place}.{field}[{at}]");
        typos.extend(among(group, &OF_GROUP, &place));
        if depth < DEEPEST {
            in_groups(group, "merge", &place, depth + 1, typos);
        }
    }
}

fn among(of: &Json, known: &[&'static str], place: &str) -> Vec<Typo> {
    let keys = of.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| !known.contains(&key.as_str()));
    let typo = |key: &String| Some(Typo { key: key.clone(), place: place.to_owned(), meant: nearest(key, known)? });
    keys.filter_map(typo).collect()
}

/// The known key that somebody meant who wrote this one.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 60;
    if key.len() > LONGEST {
        return None;
    }
    let key = snake(key);
    let far = |known: &str| distance(&key, known);
    let best = known.iter().min_by_key(|known| far(known))?;
    // Of a short word too much is another one soon.
    let most = if best.len() < 6 { 1 } else { 3 };
    (far(best) <= most).then_some(*best)
}

/// `pathRegex` and `path-regex` are `path_regex`.
fn snake(key: &str) -> String {
    let mut snake = String::new();
    let mut last_is_small = false;
    for c in key.chars() {
        if c.is_uppercase() && last_is_small {
            snake.push('_');
        }
        last_is_small = c.is_lowercase();
        snake.extend(if c == '-' || c == ' ' { '_' } else { c }.to_lowercase());
    }
    snake
}

/// How many letters were added, left out or exchanged.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut left = at + 1;
        let mut next = vec![left];
        for ((before, above), wanted) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            left = (before + usize::from(c != *wanted)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
