//! What is right and still likely to go wrong: said of a checkout, before anything is committed.
//!
//! Pure: objects, files and what is known of charts in, findings out. One file a rule, and one list. A finding never repeats a value.

mod api_versions;
mod chart_locks;
mod images;
mod left_out;
mod migrations;
mod probes;
mod secrets_in_clear;
mod templates;

use std::fmt;

use serde_json::Value;

use crate::engine::Files;
use crate::error::Place;
use crate::object::{Object, ObjectKey};

/// What is looked at: one instance.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Its objects; none where they could not be rendered.
    pub objects: &'a [Object],
    /// The config, where its sources are named.
    pub config_file: &'a str,
    /// What its sources hold and is not among the objects, in words.
    pub left_out: &'a [String],
    /// Its files, those of packed charts too.
    pub files: &'a Files,
    /// Its files of values for charts.
    pub values: &'a [String],
    /// What is wrong with the lock of its charts.
    pub unlocked: &'a [Unlocked],
}

/// A chart from elsewhere of which no version follows from the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlocked {
    /// Where its version should stand.
    pub file: String,
    /// Why none follows, and what to do.
    pub why: String,
}

/// Something that is likely to go wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where it stands.
    pub place: Place,
    /// The object that it is about.
    pub object: Option<ObjectKey>,
    /// The rule's name.
    pub rule: &'static str,
    /// What is found.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        write!(f, "{}", self.what)?;
        if self.help.is_empty() { write!(f, " [{}]", self.rule) } else { write!(f, "; {} [{}]", self.help, self.rule) }
    }
}

/// A rule: its name, and what it finds.
struct Rule {
    name: &'static str,
    find: for<'a> fn(&Scene<'a>) -> Vec<Found>,
}

/// What a rule finds; its name is added to it.
struct Found {
    place: Place,
    object: Option<ObjectKey>,
    what: String,
    help: &'static str,
}

/// Every rule. To add one: a file beside the others, a line here, cases in `tests/lint.rs`.
const RULES: &[Rule] = &[
    Rule { name: "api-version", find: api_versions::find },
    Rule { name: "chart-lock", find: chart_locks::find },
    Rule { name: "image", find: images::find },
    Rule { name: "left-out", find: left_out::find },
    Rule { name: "migration", find: migrations::find },
    Rule { name: "probe", find: probes::find },
    Rule { name: "secret", find: secrets_in_clear::find },
    Rule { name: "template", find: templates::find },
];

/// An object that carries this names the rules, with commas between, that a person knows better than.
const SWITCH: &str = "/metadata/annotations/pinnace.dev~1lint-ignore";

/// Everything that is found, by place.
pub fn lint(scene: &Scene<'_>) -> Vec<Finding> {
    let of = |rule: &'static Rule| {
        let kept = (rule.find)(scene).into_iter().filter(|found| !is_switched_off(scene, rule.name, found));
        kept.map(|Found { place, object, what, help }| Finding { place, object, rule: rule.name, what, help })
    };
    let mut findings: Vec<Finding> = RULES.iter().flat_map(of).collect();
    findings.sort();
    findings.dedup();
    findings
}

fn is_switched_off(scene: &Scene<'_>, rule: &str, found: &Found) -> bool {
    let Some(key) = &found.object else { return false };
    let object = scene.objects.iter().find(|object| object.key == *key);
    let words = object.and_then(|object| object.value.pointer(SWITCH)).and_then(Value::as_str).unwrap_or_default();
    words.split(',').any(|word| word.trim() == rule)
}

impl Found {
    fn of(object: &Object, what: String, help: &'static str) -> Self {
        Self { place: object.place.clone(), object: Some(object.key.clone()), what, help }
    }

    fn at(file: &str, line: u64, what: String, help: &'static str) -> Self {
        Self { place: Place { file: file.to_owned(), line, column: 0 }, object: None, what, help }
    }
}

/// Whether a setting of this name is likely to hold a secret itself, and not where one is.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let holds = ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential"];
    let elsewhere =
        ["_file", "_path", "_name", "_ref", "_url", "_key_id", "_ttl", "_expiry", "_enabled", "_length", "_mount"];
    holds.iter().any(|word| name.contains(word))
        && !elsewhere.iter().any(|end| name.ends_with(end))
        && !["existingsecret", "secretname", "existing_secret", "secretkey", "tokenurl"]
            .iter()
            .any(|word| name.contains(word))
}

/// The name of a container.
fn name_of(container: &Value) -> &str {
    container.get("name").and_then(Value::as_str).unwrap_or_default()
}
