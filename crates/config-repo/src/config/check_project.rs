//! From the file's form to the domain: projects, and what they may not share.

use std::collections::BTreeMap;

use model::{EnvironmentName, ImageRepository, ProjectName};
use serde_saphyr::Location;

use super::check::{Named, Problems, check_path};
use super::check_kinds::check_cluster_kinds;
use super::check_needs::{Needs, project_needs, source_needs};
use super::check_remote_chart::check_own;
use super::check_source::{Shares, check_source, own, to_source};
use super::check_waves::check_waves;
use super::file::{self, Entries, Text};
use super::pattern::may_overlap;
use super::template::{ENVIRONMENT, INSTANCE, fill, namespace_fault};
use super::{Environment, PinsPath, Project, Rule, Waves};

type Environments = Named<EnvironmentName, Environment>;

/// Checks every project, alone and against the others.
pub(super) fn check_projects(
    entries: Entries<file::Project>,
    environments: &Environments,
    problems: &mut Problems,
) -> BTreeMap<ProjectName, Project> {
    let mut projects = BTreeMap::new();
    let mut places = Vec::new();
    let mut needs = project_needs(&entries, problems);
    for (key, mut project) in entries.0 {
        let Some(name) = problems.parse::<ProjectName>(&key) else { continue };
        let image = problems.parse::<ImageRepository>(&project.image);
        let is_pattern = Shares::of(&project.sources, 1).instances();
        let namespaces = check_namespaces(&key, &project.namespaces, is_pattern, environments, problems);
        let rules = check_rules(&name, &project.rules, &project.namespaces, environments, problems);
        check_asks(&name, &project, &rules, environments, problems);
        check_sources(&key, &project.sources, &namespaces, problems);
        check_pins(&project, problems);
        check_cluster_kinds(&project.cluster_kinds, problems);
        if let Some(chat) = &project.chat {
            problems.not_empty(chat, "the chat channel");
        }
        let Some(image) = image else { continue };
        places.extend(places_of(&name, &image, &project.sources, &namespaces));
        let waves = check_waves(project.waves.take(), is_pattern, problems);
        let sources = source_needs(&key, &project.sources, problems);
        let needs = Needs { projects: needs.remove(&name).unwrap_or_default(), sources };
        projects.insert(name, to_project(project, image, namespaces, rules, waves, needs));
    }
    check_overlaps(&places, problems);
    projects
}

fn to_project(
    project: file::Project,
    image: ImageRepository,
    namespaces: BTreeMap<EnvironmentName, String>,
    rules: BTreeMap<EnvironmentName, Rule>,
    waves: Waves,
    needs: Needs,
) -> Project {
    Project {
        image,
        sources: project
            .sources
            .into_iter()
            .zip(needs.sources)
            .map(|(source, needs)| to_source(source, needs))
            .collect(),
        namespaces,
        rules,
        chat: project.chat.map(|chat| chat.value),
        pins: project.pins.into_iter().map(|pin| PinsPath { file: pin.file.value, path: pin.path.value }).collect(),
        skip_ci: project.skip_ci,
        chat_logs: project.chat_logs,
        four_eyes: project.four_eyes,
        check_secrets: project.check_secrets,
        watch_secrets: project.watch_secrets,
        roll_pods: project.roll_pods,
        cluster_kinds: project.cluster_kinds.into_iter().map(|kind| kind.value).collect(),
        waves,
        needs: needs.projects,
    }
}

fn check_namespaces(
    project: &Text,
    entries: &Entries<Text>,
    is_pattern: bool,
    environments: &Environments,
    problems: &mut Problems,
) -> BTreeMap<EnvironmentName, String> {
    if entries.0.is_empty() {
        let message = format!("the project `{}` has no namespace, so it runs nowhere", project.value);
        problems.add(project.referenced, message, "name one for each environment: `namespaces: {prod: todo}`");
    }
    let mut namespaces = BTreeMap::new();
    for (key, namespace) in &entries.0 {
        check_namespace(namespace, is_pattern, problems);
        if let Some(environment) = known_environment(key, environments, problems) {
            namespaces.insert(environment, namespace.value.clone());
        }
    }
    namespaces
}

/// Where it holds `{instance}` each name that is found is checked again.
fn check_namespace(text: &Text, is_pattern: bool, problems: &mut Problems) {
    if text.value.contains(INSTANCE) && !is_pattern {
        let message = format!("`{}` names an instance, but the sources do not", text.value);
        problems.add(text.referenced, message, "put `{instance}` into the path of the sources too");
    }
    if let Some((fault, help)) = namespace_fault(&text.value.replace(INSTANCE, "x")) {
        problems.add(text.referenced, fault, help);
    }
}

fn known_environment(key: &Text, environments: &Environments, problems: &mut Problems) -> Option<EnvironmentName> {
    let name: EnvironmentName = problems.parse(key)?;
    if environments.named.contains(&name) {
        return Some(name);
    }
    let known: Vec<_> = environments.named.iter().map(EnvironmentName::as_str).collect();
    let help = if known.is_empty() {
        "add it to `environments`".to_owned()
    } else {
        format!("name one of {}, or add it to `environments`", known.join(", "))
    };
    problems.add(key.referenced, format!("there is no environment `{name}`"), help);
    None
}

fn check_rules(
    project: &ProjectName,
    entries: &Entries<Text>,
    namespaces: &Entries<Text>,
    environments: &Environments,
    problems: &mut Problems,
) -> BTreeMap<EnvironmentName, Rule> {
    let mut rules = BTreeMap::new();
    for (key, word) in &entries.0 {
        let environment = known_environment(key, environments, problems);
        if environment.is_some() && !namespaces.0.iter().any(|(named, _)| named.value == key.value) {
            let message = format!("the project `{project}` has a rule for `{0}` but no namespace there", key.value);
            problems.add(key.referenced, message, format!("add `{}: <namespace>` to its `namespaces`", key.value));
        }
        let rule = match word.value.as_str() {
            "auto" => Rule::Auto,
            "ask" => Rule::Ask,
            other => {
                let help = "write `auto` (pin new builds at once) or `ask` (people decide)";
                problems.add(word.referenced, format!("`{other}` is not a rule"), help);
                continue;
            }
        };
        if let Some(environment) = environment {
            rules.insert(environment, rule);
        }
    }
    rules
}

/// Where people are asked somebody must be able to answer.
fn check_asks(
    project: &ProjectName,
    file: &file::Project,
    rules: &BTreeMap<EnvironmentName, Rule>,
    environments: &Environments,
    problems: &mut Problems,
) {
    for (key, _) in &file.namespaces.0 {
        let named = environments.known.iter().find(|(name, _)| name.as_str() == key.value);
        let Some((name, environment)) = named else { continue };
        let rule = rules.get(name).copied().unwrap_or_default();
        if rule == Rule::Ask && environment.approvers.is_empty() {
            let message = format!("builds of `{project}` for `{name}` are asked about, but nobody may approve there");
            let help = format!("add `approvers` to the environment `{name}`, or `{name}: auto` to the project's rules");
            let word = file.rules.0.iter().find(|(rule, _)| rule.value == key.value).map(|(_, word)| word);
            problems.add(word.map_or(key.referenced, |word| word.referenced), message, help);
        }
    }
}

fn check_sources(
    project: &Text,
    sources: &[file::Source],
    namespaces: &BTreeMap<EnvironmentName, String>,
    problems: &mut Problems,
) {
    if sources.is_empty() {
        let message = format!("the project `{}` has no sources", project.value);
        problems.add(
            project.referenced,
            message,
            "name the folder of its manifests: `sources: [{path: \"apps/todo/{environment}\"}]`",
        );
    }
    let shares = Shares::of(sources, namespaces.len());
    for source in sources {
        check_source(project, source, shares, namespaces, problems);
    }
    check_own(project, sources, shares, problems);
}

fn check_pins(project: &file::Project, problems: &mut Problems) {
    for pin in &project.pins {
        check_template(&pin.file, problems);
        if !crate::yaml_edit::is_path(&pin.path.value) {
            let help = "write it like `spec.template.spec.containers[name=web].image`";
            problems.add(pin.path.referenced, format!("`{}` is not a path in a file", pin.path.value), help);
        }
        let of_source = |path: &Text| is_inside(&pin.file.value, path.value.trim_end_matches('/'));
        let shares = Shares::of(&project.sources, project.namespaces.0.len());
        if !project.sources.iter().flat_map(|source| own(source, shares)).any(of_source) {
            let message = format!("the file `{}` is in none of the project's sources", pin.file.value);
            problems.add(pin.file.referenced, message, "name it with the path of its source, words in braces included");
        }
    }
}

/// Whether a path is a folder or in it.
fn is_inside(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn check_template(text: &Text, problems: &mut Problems) {
    check_path(text, problems);
    let rest = text.value.replace(ENVIRONMENT, "");
    if rest.matches(INSTANCE).count() > 1 {
        problems.add(
            text.referenced,
            "`{instance}` stands more than once",
            "let one part of the path name the instance",
        );
    }
    if rest.replace(INSTANCE, "").contains(['{', '}']) {
        let message = format!("the path `{}` holds a word that is not known", text.value);
        problems.add(text.referenced, message, "only `{environment}` and `{instance}` are replaced");
    }
}

/// A folder that a project edits.
struct Place {
    project: ProjectName,
    image: ImageRepository,
    path: String,
    at: Location,
}

fn places_of(
    project: &ProjectName,
    image: &ImageRepository,
    sources: &[file::Source],
    namespaces: &BTreeMap<EnvironmentName, String>,
) -> Vec<Place> {
    let mut places = Vec::new();
    let shares = Shares::of(sources, namespaces.len());
    for template in sources.iter().flat_map(|source| own(source, shares)) {
        for environment in namespaces.keys() {
            let path = fill(template.value.trim_end_matches('/'), environment);
            let at = template.referenced;
            places.push(Place { project: project.clone(), image: image.clone(), path, at });
        }
    }
    places
}

/// A pin of one project would edit the image of the other: neither could be proven alone.
fn check_overlaps(places: &[Place], problems: &mut Problems) {
    for (index, place) in places.iter().enumerate() {
        let earlier = places.get(..index).unwrap_or_default().iter();
        let other = earlier.filter(|other| other.project != place.project && other.image == place.image);
        for other in other.filter(|other| may_overlap(&place.path, &other.path)) {
            let message = format!(
                "`{}` and `{}` have the same image and share the path `{}`",
                other.project, place.project, place.path
            );
            problems.add(place.at, message, "give each project its own folder, or make them one project");
        }
    }
}
