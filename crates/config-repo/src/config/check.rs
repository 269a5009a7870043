//! From the file's form to the domain: people and registries, every fault collected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use model::{GroupName, ImageRepository, PersonName};
use serde_saphyr::Location;

use super::check_environment::check_environments;
use super::check_health::check_health;
use super::check_project::check_projects;
use super::check_remote_bases::check_remote_bases;
use super::file::{self, Entries, File, Text};
use super::{Config, ConfigProblem, Person, RegistryAccess, RegistryAuth};

/// Checks the whole file; the error holds every problem found.
pub(super) fn check(text: &str, file: File) -> Result<Config, Vec<ConfigProblem>> {
    let mut problems = Problems { text, found: Vec::new() };
    check_header(&file, &mut problems);
    let people = check_people(file.people, &mut problems);
    let registries = check_registries(file.registries, &mut problems);
    let environments = check_environments(file.environments, &people, &mut problems);
    let projects = check_projects(file.projects, &environments, &mut problems);
    let health = check_health(file.health, &mut problems);
    let remote_bases = check_remote_bases(file.remote_bases, &mut problems);
    if problems.found.is_empty() {
        let environments = environments.known;
        let people = people.known;
        Ok(Config { people, registries, environments, projects, health, remote_bases, ..Config::default() })
    } else {
        Err(problems.found)
    }
}

/// What was found wrong so far.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<ConfigProblem>,
}

impl Problems<'_> {
    pub(super) fn add(&mut self, at: Location, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(ConfigProblem::at(self.text, at, message, help));
    }

    /// As [`Self::add`], but the line is not shown: it may hold a secret.
    pub(super) fn add_secret(&mut self, at: Location, message: &str, help: &str) {
        self.found.push(ConfigProblem::at("", at, message, help));
    }

    /// Parses a text by its own type, whose error says what a good one looks like.
    pub(super) fn parse<T: FromStr<Err: Display>>(&mut self, text: &Text) -> Option<T> {
        text.value.parse().map_err(|error: T::Err| self.add(text.referenced, error.to_string(), "")).ok()
    }

    pub(super) fn not_empty(&mut self, text: &Text, what: &str) {
        if text.value.trim().is_empty() || text.value.chars().any(char::is_control) {
            self.add(text.referenced, format!("{what} is empty or holds control characters"), "name one");
        }
    }
}

/// The entries that are right, and the names of all: a name whose entry is faulty is not reported as unknown too.
pub(super) struct Named<K, V> {
    pub(super) known: BTreeMap<K, V>,
    pub(super) named: BTreeSet<K>,
}

fn check_header(file: &File, problems: &mut Problems) {
    for (given, wanted, what) in [(&file.api_version, "pinnace.dev/v1", "apiVersion"), (&file.kind, "Config", "kind")] {
        if given.value != wanted {
            let message = format!("{what} is `{}`", given.value);
            problems.add(given.referenced, message, format!("write `{what}: {wanted}`"));
        }
    }
}

fn check_people(entries: Entries<file::Person>, problems: &mut Problems) -> Named<PersonName, Person> {
    let mut people = Named { known: BTreeMap::new(), named: BTreeSet::new() };
    let (mut emails, mut slacks) = (BTreeMap::new(), BTreeMap::new());
    for (key, person) in entries.0 {
        let Some(name) = problems.parse::<PersonName>(&key) else { continue };
        check_email(&person.email, problems);
        unique(&mut emails, &person.email, &name, "e-mail address", problems);
        if let Some(slack) = &person.slack {
            check_slack(slack, problems);
            unique(&mut slacks, slack, &name, "Slack user id", problems);
        }
        let groups = person.groups.iter().filter_map(|group| problems.parse::<GroupName>(group)).collect();
        people.named.insert(name.clone());
        let person = Person { email: person.email.value, slack: person.slack.map(|slack| slack.value), groups };
        people.known.insert(name, person);
    }
    people
}

/// Stricter than the standard: it goes into the author of a commit as it stands.
fn check_email(email: &Text, problems: &mut Problems) {
    let good = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"\\".contains(c);
    let parts = email.value.split_once('@');
    let whole = parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if !whole || !email.value.chars().all(good) || email.value.len() > 254 {
        problems.add(email.referenced, format!("`{}` is not an e-mail address", email.value), "write `name@host`");
    }
}

fn check_slack(slack: &Text, problems: &mut Problems) {
    let inner = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let good = slack.value.starts_with(['U', 'W']) && slack.value.len() <= 32 && slack.value.bytes().all(inner);
    if !good || slack.value.len() < 2 {
        let message = format!("`{}` is not a Slack user id", slack.value);
        problems.add(
            slack.referenced,
            message,
            "copy the member ID from the person's Slack profile: it looks like `U024BE7LH`",
        );
    }
}

/// Two people with one address or id could not be told apart when they decide.
fn unique(
    seen: &mut BTreeMap<String, PersonName>,
    text: &Text,
    name: &PersonName,
    what: &str,
    problems: &mut Problems,
) {
    if let Some(other) = seen.insert(text.value.to_lowercase(), name.clone()) {
        problems.add(
            text.referenced,
            format!("`{name}` has the same {what} as `{other}`"),
            "give each person their own",
        );
    }
}

fn check_registries(entries: Entries<file::Registry>, problems: &mut Problems) -> BTreeMap<String, RegistryAccess> {
    let mut registries = BTreeMap::new();
    for (host, registry) in entries.0 {
        // A host is right when it stands as the registry of an image.
        let image = format!("{}/x", host.value).parse::<ImageRepository>();
        if !image.is_ok_and(|image| image.registry() == host.value) {
            let message = format!("`{}` is not a registry's host", host.value);
            problems.add(
                host.referenced,
                message,
                "write it as in image references: `registry.example` or `registry.example:5000`",
            );
        }
        let ask = registry.ask.and_then(|ask| check_address(&ask, problems));
        let ca = registry.ca.map(|ca| {
            check_path(&ca, problems);
            ca.value
        });
        let auth = registry.auth.and_then(|auth| check_auth(&auth, problems));
        let ask = ask.unwrap_or_else(|| format!("https://{}", host.value));
        registries.insert(host.value, RegistryAccess { ask, ca, auth });
    }
    registries
}

fn check_address(text: &Text, problems: &mut Problems) -> Option<String> {
    let help = "write scheme, host and port only: `https://registry.internal:5000`";
    let good = |url: &url::Url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match url::Url::parse(&text.value) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            problems.add_secret(
                text.referenced,
                "the address holds credentials",
                "take them out of git: `auth: env NAME` names a variable of the server",
            );
            None
        }
        Ok(url) if good(&url) => Some(url.as_str().trim_end_matches('/').to_owned()),
        _ => {
            problems.add(text.referenced, format!("`{}` is not a registry's address", text.value), help);
            None
        }
    }
}

fn check_auth(text: &Text, problems: &mut Problems) -> Option<RegistryAuth> {
    let name = text.value.strip_prefix("env ").map(str::trim).filter(|name| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.starts_with(|c: char| !c.is_ascii_digit())
    });
    if name.is_none() {
        problems.add_secret(
            text.referenced,
            "`auth` does not name a variable",
            "write `auth: env NAME`; the server reads `user:password` from its variable NAME",
        );
    }
    name.map(|name| RegistryAuth::Env(name.to_owned()))
}

/// A path that stays inside the config repo.
pub(super) fn check_path(text: &Text, problems: &mut Problems) {
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part != ".git";
    let path = text.value.trim_end_matches('/');
    let odd = |c: char| c.is_control() || c == '\\';
    if path.is_empty() || path.len() > 500 || path.contains(odd) || !path.split('/').all(part) {
        let message = format!("`{}` is not a path in the config repo", text.value);
        problems.add(
            text.referenced,
            message,
            "write it from the top of the repo without a leading `/`, `.` or `..`: `apps/todo/{environment}`",
        );
    }
}
