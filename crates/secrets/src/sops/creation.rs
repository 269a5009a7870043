//! How a new file is encrypted: the rules of `.sops.yaml`, of which the first that matches counts.

use serde_json::{Map, Value as Json};

use super::error::{Problem, SopsError};
use super::keys::Recipient;
use super::rules::{RawRules, Rules, pattern};

/// The file of the rules; it counts for its folder and all below.
pub const RULES_FILE: &str = ".sops.yaml";

/// What stays in the clear where no rule says anything.
const DEFAULT_SUFFIX: &str = "_unencrypted";
const LONGEST_RULES: usize = 1024 * 1024;
/// Kinds of keys that we can't encrypt for, in a rule and in a group of keys.
const OTHERS: [&str; 8] =
    ["pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "azure_kv", "hc_vault", "hc_vault_transit_uri"];

/// For whom a new file is encrypted, and which of its values are.
#[derive(Clone)]
pub struct Creation {
    pub(super) groups: Vec<Vec<Recipient>>,
    pub(super) threshold: Option<usize>,
    pub(super) rules: RawRules,
    /// Its rule says for which paths it is.
    pub(super) by_path: bool,
}

impl Creation {
    /// For these recipients, each of which can read it, and no rules file.
    pub fn for_recipients(recipients: Vec<Recipient>) -> Self {
        Self { groups: vec![recipients], threshold: None, rules: or_default(RawRules::default()), by_path: false }
    }

    /// The same file for these recipients alone.
    #[must_use]
    pub fn with_recipients(self, recipients: Vec<Recipient>) -> Self {
        Self { groups: vec![recipients], threshold: None, ..self }
    }

    /// The rule for a file. `rules` is the text of `.sops.yaml`, `path` the file's path from the folder of that.
    pub fn from_rules(rules_name: &str, rules: &str, path: &str) -> Result<Self, SopsError> {
        find(rules, path).map_err(|problem| problem.of(rules_name))
    }

    /// The keys of each group, as people name them and as [`super::Group::names`] does.
    pub fn names(&self) -> Vec<Vec<String>> {
        let names = |group: &Vec<Recipient>| group.iter().map(|key| format!("age {}", key.as_str())).collect();
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
    pub fn raw_rules(&self) -> &RawRules {
        &self.rules
    }

    /// The same without this key in any group.
    #[must_use]
    pub fn without(mut self, recipient: &Recipient) -> Self {
        self.groups.iter_mut().for_each(|group| group.retain(|key| key.as_str() != recipient.as_str()));
        self
    }

    pub(super) fn rules(&self) -> Result<Rules, Problem> {
        Rules::new(self.rules.clone()).map_err(|(field, why)| Problem::Rule { what: format!("`{field}`: {why}") })
    }
}

fn find(text: &str, path: &str) -> Result<Creation, Problem> {
    if text.len() > LONGEST_RULES {
        return Err(Problem::TooLarge { bytes: text.len(), most: LONGEST_RULES });
    }
    let file: Json = serde_saphyr::from_str(text).map_err(|_| bad("the file is not valid YAML"))?;
    let rules = file.get("creation_rules").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for (at, rule) in rules.iter().enumerate() {
        let rule = rule.as_object().ok_or_else(|| bad(&format!("`creation_rules[{at}]` is not a mapping")))?;
        let wanted = text_of(rule, "path_regex", at)?;
        let no_pattern =
            || bad(&format!("`creation_rules[{at}].path_regex` is not a regular expression that can be used"));
        if wanted.is_empty() || pattern(&wanted).ok_or_else(no_pattern)?.is_match(path) {
            return Ok(Creation { by_path: !wanted.is_empty(), ..read(rule, at)? });
        }
    }
    Err(Problem::NoRule { path: crate::clip(&crate::clean_terminal(path), 200) })
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
    Ok(Creation { groups, threshold, rules: or_default(rules), by_path: false })
}

fn or_default(mut rules: RawRules) -> RawRules {
    if rules.said() == 0 {
        DEFAULT_SUFFIX.clone_into(&mut rules.unencrypted_suffix);
    }
    rules
}

/// The recipients of a group, or of a rule without groups; one text may hold several with commas.
fn recipients(group: &Json, at: usize, depth: usize) -> Result<Vec<Recipient>, Problem> {
    const DEEPEST: usize = 5;
    let others = OTHERS.iter().filter(|kind| group.get(**kind).is_some_and(is_something));
    if let Some(kind) = others.into_iter().next() {
        let what = "also names keys of the kind";
        return Err(bad(&format!(
            "`creation_rules[{at}]` {what} `{kind}`, and new files can be encrypted for age keys only"
        )));
    }
    let mut found: Vec<Recipient> = Vec::new();
    if depth < DEEPEST {
        for merged in group.get("merge").and_then(Json::as_array).into_iter().flatten() {
            found.extend(recipients(merged, at, depth + 1)?);
        }
    }
    let texts: Vec<&str> = match group.get("age") {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    for text in texts.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()) {
        let recipient = Recipient::parse(text)?;
        if !found.iter().any(|known| known.as_str() == recipient.as_str()) {
            found.push(recipient);
        }
    }
    Ok(found)
}

fn is_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.trim().is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn text_of(rule: &Map<String, Json>, field: &str, at: usize) -> Result<String, Problem> {
    match rule.get(field) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(bad(&format!("`creation_rules[{at}].{field}` is not a text"))),
    }
}

fn bad(what: &str) -> Problem {
    Problem::Rule { what: what.to_owned() }
}
