//! `pinnace.yaml` as it is written: the wire types, each leaf with its place. Nothing outside `config` sees them.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::{DefaultMessageFormatter, Location, MessageFormatter, Spanned};

use super::ConfigProblem;

/// More than this is no config that a person wrote.
const LONGEST_FILE: usize = 1024 * 1024;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct File {
    pub(super) api_version: Text,
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) people: Entries<Person>,
    #[serde(default)]
    pub(super) registries: Entries<Registry>,
    #[serde(default)]
    pub(super) environments: Entries<Environment>,
    #[serde(default)]
    pub(super) projects: Entries<Project>,
    #[serde(default)]
    pub(super) health: Entries<HealthRule>,
    #[serde(default)]
    pub(super) remote_bases: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HealthRule {
    pub(super) current: Text,
    pub(super) failed: Option<Text>,
    pub(super) message: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Person {
    pub(super) email: Text,
    pub(super) slack: Option<Text>,
    #[serde(default)]
    pub(super) groups: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Registry {
    pub(super) ask: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) auth: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Environment {
    pub(super) context: Text,
    #[serde(default)]
    pub(super) approvers: Vec<Text>,
    pub(super) quorum: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) architectures: Vec<Text>,
    #[serde(default)]
    pub(super) rules: EnvironmentRules,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvironmentRules {
    pub(super) head: Option<Text>,
    pub(super) drift: Option<Text>,
    pub(super) stable_for: Option<Text>,
    pub(super) deadline: Option<Text>,
    pub(super) ask_expires: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) image: Text,
    pub(super) sources: Vec<Source>,
    pub(super) namespaces: Entries<Text>,
    #[serde(default)]
    pub(super) rules: Entries<Text>,
    pub(super) chat: Option<Text>,
    #[serde(default)]
    pub(super) pins: Vec<PinsPath>,
    #[serde(default)]
    pub(super) skip_ci: bool,
    #[serde(default = "yes")]
    pub(super) chat_logs: bool,
    #[serde(default)]
    pub(super) four_eyes: bool,
    #[serde(default)]
    pub(super) check_secrets: bool,
    #[serde(default = "yes")]
    pub(super) roll_pods: bool,
    #[serde(default)]
    pub(super) watch_secrets: bool,
    #[serde(default)]
    pub(super) cluster_kinds: Vec<Text>,
    pub(super) waves: Option<Waves>,
    #[serde(default)]
    pub(super) needs: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Waves {
    pub(super) size: Option<Spanned<u32>>,
    pub(super) pause: Option<Text>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Source {
    pub(super) path: Option<Text>,
    pub(super) chart: Option<Text>,
    pub(super) repository: Option<Text>,
    pub(super) version: Option<Text>,
    pub(super) pinned: Option<Text>,
    #[serde(default)]
    pub(super) values: Vec<Text>,
    pub(super) release: Option<Text>,
    pub(super) kube_version: Option<Text>,
    #[serde(default)]
    pub(super) api_versions: Vec<Text>,
    pub(super) name: Option<Text>,
    #[serde(default)]
    pub(super) needs: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PinsPath {
    pub(super) file: Text,
    pub(super) path: Text,
}

/// A mapping whose keys keep their place. Serde's own maps would lose it.
#[derive(Debug)]
pub(super) struct Entries<V>(pub(super) Vec<(Text, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
            type Value = Entries<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping from names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// Reads the file's form. Serde stops at the first fault of form; faults of sense are collected by `check`.
pub(super) fn read(text: &str) -> Result<File, ConfigProblem> {
    if text.len() > LONGEST_FILE {
        let message = format!("the file has {} bytes; at most {LONGEST_FILE} are read", text.len());
        return Err(ConfigProblem::at(
            "",
            Location::UNKNOWN,
            message,
            "a config of people is shorter: is it the right file?",
        ));
    }
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location().unwrap_or(Location::UNKNOWN);
        let message: String = DefaultMessageFormatter.format_message(&error).chars().take(500).collect();
        ConfigProblem::at(text, at, message, "correct the file; until then the last good config stays in force")
    })
}
