//! How a new file is encrypted: the rules of `.sops.yaml`, of which the first that matches counts.

use serde_json::{Map, Value as Json};

use super::error::{Problem, SopsError};
use super::keys::Recipient;
use super::pgp::Fingerprint;
use super::rule_set::RuleSet;
use super::rules::{RawRules, Rules};
use super::scope::Scope;

/// The file of the rules; it counts for its folder and all below.
pub const RULES_FILE: &str = ".sops.yaml";

/// Kinds of keys that we can't encrypt for, in a rule and in a group of keys.
const OTHERS: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_keyvault", "azure_kv", "hc_vault", "hc_vault_transit_uri"];

/// Keys of which each opens the group's part of a file.
#[derive(Clone, Default)]
pub struct KeyGroup {
    /// Age keys.
    pub age: Vec<Recipient>,
    /// PGP keys.
    pub pgp: Vec<Fingerprint>,
}

impl KeyGroup {
    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.age.is_empty() && self.pgp.is_empty()
    }

    fn add_age(&mut self, recipient: Recipient) {
        if !self.age.iter().any(|known| known.is_same(&recipient)) {
            self.age.push(recipient);
        }
    }

    fn add_pgp(&mut self, key: Fingerprint) {
        if !self.pgp.contains(&key) {
            self.pgp.push(key);
        }
    }
}

/// For whom a new file is encrypted, and which of its values are.
#[derive(Clone)]
pub struct Creation {
    pub(super) groups: Vec<KeyGroup>,
    pub(super) threshold: Option<usize>,
    pub(super) rules: RawRules,
    /// Its rule says for which paths it is.
    pub(super) by_path: bool,
    pub(super) scope: Option<Scope>,
}

impl Creation {
    /// For these recipients, each of which can read it, and no rules file.
    pub fn for_recipients(recipients: Vec<Recipient>) -> Self {
        let group = KeyGroup { age: recipients, pgp: Vec::new() };
        Self { groups: vec![group], threshold: None, rules: RawRules::default(), by_path: false, scope: None }
    }

    /// The same file for these recipients alone.
    #[must_use]
    pub fn with_recipients(self, recipients: Vec<Recipient>) -> Self {
        self.with_keys(KeyGroup { age: recipients, pgp: Vec::new() })
    }

    /// The same file for these keys alone.
    #[must_use]
    pub fn with_keys(self, keys: KeyGroup) -> Self {
        Self { groups: vec![keys], threshold: None, ..self }
    }

    /// The same without PGP keys; a group may be empty then.
    #[must_use]
    pub fn age_only(mut self) -> Self {
        self.groups.iter_mut().for_each(|group| group.pgp.clear());
        self
    }

    /// The same file for these instances alone.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// The rule for a file. `rules` is the text of `.sops.yaml`, `path` the file's path from the folder of that.
    pub fn from_rules(rules_name: &str, rules: &str, path: &str) -> Result<Self, SopsError> {
        RuleSet::parse(rules_name, rules)?.creation(path)
    }

    /// The keys of each group, as people name them and as [`super::Group::names`] does.
    pub fn names(&self) -> Vec<Vec<String>> {
        let names = |group: &KeyGroup| {
            let age = group.age.iter().map(|key| format!("age {}", key.as_str()));
            age.chain(group.pgp.iter().map(|key| format!("pgp {}", key.as_str()))).collect()
        };
        self.groups.iter().map(names).collect()
    }

    /// How many groups are needed to open the file.
    pub fn threshold(&self) -> usize {
        self.threshold.unwrap_or(self.groups.len())
    }

    /// Whether its rule names paths, and is not for every file that somebody encrypts.
    pub fn names_the_path(&self) -> bool {
        self.by_path
    }

    /// Which values of the file are encrypted.
    pub fn raw_rules(&self) -> RawRules {
        self.rules.clone().or_usual()
    }

    /// The same without this key in any group.
    #[must_use]
    pub fn without(mut self, recipient: &Recipient) -> Self {
        self.groups.iter_mut().for_each(|group| group.age.retain(|key| !key.is_same(recipient)));
        self
    }

    /// The same without this PGP key in any group.
    #[must_use]
    pub fn without_pgp(mut self, key: &Fingerprint) -> Self {
        self.groups.iter_mut().for_each(|group| group.pgp.retain(|known| known != key));
        self
    }

    /// What a rule says, whatever path it is for.
    pub(super) fn of_rule(rule: &Map<String, Json>, at: usize) -> Result<Self, Problem> {
        read(rule, at)
    }

    pub(super) fn rules(&self) -> Result<Rules, Problem> {
        Rules::new(self.rules.clone().or_usual())
            .map_err(|(field, why)| Problem::Rule { what: format!("`{field}`: {why}") })
    }
}

fn read(rule: &Map<String, Json>, at: usize) -> Result<Creation, Problem> {
    let rules = RawRules {
        unencrypted_suffix: text_of(rule, "unencrypted_suffix", at)?,
        encrypted_suffix: text_of(rule, "encrypted_suffix", at)?,
        unencrypted_regex: text_of(rule, "unencrypted_regex", at)?,
        encrypted_regex: text_of(rule, "encrypted_regex", at)?,
        unencrypted_comment_regex: text_of(rule, "unencrypted_comment_regex", at)?,
        encrypted_comment_regex: text_of(rule, "encrypted_comment_regex", at)?,
        mac_only_encrypted: rule.get("mac_only_encrypted").and_then(Json::as_bool).unwrap_or(false),
    };
    if rules.said() > 1 {
        let what = "has more than one of `encrypted_regex`, `encrypted_suffix` and their like";
        return Err(bad(&format!("`creation_rules[{at}]` {what}")));
    }
    let groups = match rule.get("key_groups").and_then(Json::as_array).filter(|groups| !groups.is_empty()) {
        Some(groups) => groups.iter().map(|group| recipients(group, at, 0)).collect::<Result<_, _>>()?,
        None => vec![recipients(&Json::Object(rule.clone()), at, 0)?],
    };
    let threshold = rule.get("shamir_threshold").and_then(Json::as_u64).filter(|number| *number > 0);
    let threshold = threshold.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let scope = text_of(rule, "pinnace_scope", at)?;
    let scope = if scope.is_empty() { None } else { Some(Scope::parse(&scope)?) };
    Ok(Creation { groups, threshold, rules, by_path: false, scope })
}

/// The recipients of a group, or of a rule without groups; one text may hold several with commas.
fn recipients(group: &Json, at: usize, depth: usize) -> Result<KeyGroup, Problem> {
    const DEEPEST: usize = 5;
    let others = OTHERS.iter().filter(|kind| group.get(**kind).is_some_and(is_something));
    if let Some(kind) = others.into_iter().next() {
        return Err(Problem::CloudRule { at, kind });
    }
    let mut found = KeyGroup::default();
    if depth < DEEPEST {
        for merged in group.get("merge").and_then(Json::as_array).into_iter().flatten() {
            let merged = recipients(merged, at, depth + 1)?;
            merged.age.into_iter().for_each(|key| found.add_age(key));
            merged.pgp.into_iter().for_each(|key| found.add_pgp(key));
        }
    }
    for text in texts(group, "age") {
        found.add_age(Recipient::parse(text)?);
    }
    for text in texts(group, "pgp") {
        found.add_pgp(Fingerprint::parse(text)?);
    }
    Ok(found)
}

/// One text, with commas for several, or a list.
fn texts<'g>(group: &'g Json, kind: &str) -> Vec<&'g str> {
    let texts: Vec<&str> = match group.get(kind) {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect()
}

fn is_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.trim().is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => true,
    }
}

pub(super) fn text_of(rule: &Map<String, Json>, field: &str, at: usize) -> Result<String, Problem> {
    match rule.get(field) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(bad(&format!("`creation_rules[{at}].{field}` is not a text"))),
    }
}

pub(super) fn bad(what: &str) -> Problem {
    Problem::Rule { what: what.to_owned() }
}
