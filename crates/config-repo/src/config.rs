//! `pinnace.yaml`: who there is, where things run and by which rules.
//!
//! First on the path of everything: text becomes the types below at one door, [`Config::parse`]. Behind it nobody meets
//! a name that is not one, an environment that is not there or a rule that nobody can meet.

mod check;
mod check_environment;
mod check_health;
mod check_kinds;
mod check_needs;
mod check_project;
mod check_remote_bases;
mod check_remote_chart;
mod check_source;
mod check_waves;
mod duration;
mod file;
mod found;
mod instance;
mod pattern;
mod problem;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{EnvironmentName, GroupName, ImageRepository, PersonName, ProjectName};

use crate::charts::RemoteChart;

pub use found::Found;
pub use instance::Instance;
pub use problem::{ConfigError, ConfigProblem};

/// A checked `pinnace.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Who there is.
    pub people: BTreeMap<PersonName, Person>,
    /// How registries are asked, by the host that stands in image references.
    pub registries: BTreeMap<String, RegistryAccess>,
    /// Where things run.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// What runs.
    pub projects: BTreeMap<ProjectName, Project>,
    /// The instances of projects whose sources are a pattern, as the tree of one commit has them.
    pub found: Found,
    /// When custom resources are Current, by kind.
    pub health: health::CustomRules,
    /// Git repositories, or what their addresses begin with, that kustomizations may take bases from.
    pub remote_bases: Vec<String>,
    /// The file beside it that says which versions of charts are used.
    pub lock_file: String,
}

/// A person who may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The address of their commits and of their sign-in.
    pub email: String,
    /// Their user id in Slack (`U024BE7LH`).
    pub slack: Option<String>,
    /// The groups that they are in.
    pub groups: BTreeSet<GroupName>,
}

/// How the server asks a registry. Nodes may know the same registry by another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAccess {
    /// Scheme, host and port to ask, without a slash at the end.
    pub ask: String,
    /// Path in the config repo of the certificates to trust.
    pub ca: Option<String>,
    /// Where the server finds the credentials; they are never in git.
    pub auth: Option<RegistryAuth>,
}

/// Where credentials for a registry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryAuth {
    /// An environment variable of the server, holding `user:password`.
    Env(String),
}

/// A place to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The kube context.
    pub context: String,
    /// Who may decide here. Empty where nothing is asked.
    pub approvers: Vec<Approver>,
    /// How many different people must approve.
    pub quorum: u32,
    /// The architectures of its machines (`amd64`), each of which an image must be made for. Empty: not known.
    pub architectures: Vec<String>,
    /// What happens when a person's commit fails; `None` leaves it to each instance ([`Instance::head`]).
    pub head: Option<Head>,
    /// What happens when live differs from desired.
    pub drift: DriftRule,
    /// How long a version must stay Current to count as proven.
    pub stable_for: Duration,
    /// How many observed seconds a version has to become Current.
    pub deadline: Duration,
    /// How long an ask waits for an answer.
    pub ask_expires: Duration,
}

/// Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approver {
    /// One person (`ann`).
    Person(PersonName),
    /// Everyone in a group (`group:release`).
    Group(GroupName),
}

/// What happens when a commit that people pushed fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Stay on HEAD and tell.
    Follow,
    /// Stay on what worked.
    Hold,
}

/// What happens when live differs from desired while no pin is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftRule {
    /// It is made equal again, and who changed it is said.
    #[default]
    Repair,
    /// It is said.
    Report,
    /// Nobody looks.
    Off,
}

/// Whether a new build is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// Pinned at once.
    Auto,
    /// People are asked.
    #[default]
    Ask,
}

/// An app that is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Where its images live.
    pub image: ImageRepository,
    /// Where its manifests come from.
    pub sources: Vec<Source>,
    /// The namespace in each environment that it runs in.
    pub namespaces: BTreeMap<EnvironmentName, String>,
    /// The rule of each environment; [`Rule::Ask`] where none is named.
    pub rules: BTreeMap<EnvironmentName, Rule>,
    /// The channel that is told.
    pub chat: Option<String>,
    /// The places to edit, where finding them by the image's repository would be ambiguous.
    pub pins: Vec<PinsPath>,
    /// Whether our commits carry the CI's skip mark.
    pub skip_ci: bool,
    /// Whether log lines of a failing container may be posted in chat.
    pub chat_logs: bool,
    /// Whether the author of a build may not approve it alone.
    pub four_eyes: bool,
    /// Whether Secrets that its objects name may be read, to know before the first write that they are there.
    pub check_secrets: bool,
    /// Whether its own Secrets are watched.
    pub watch_secrets: bool,
    /// Whether pods are made anew when what they read of Secrets and ConfigMaps changes.
    pub roll_pods: bool,
    /// Kinds outside of namespaces that it may have, as `ClusterRole` or `Widget.example.org`.
    pub cluster_kinds: Vec<String>,
    /// How a fleet pin goes through the instances.
    pub waves: Waves,
    /// The projects whose instances have to be proven and Current before its own are applied.
    pub needs: Vec<ProjectName>,
}

/// How a fleet pin goes through the instances of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waves {
    /// How many instances are pinned at a time.
    pub size: u32,
    /// How long nothing is begun after a wave that holds.
    pub pause: Duration,
}

impl Default for Waves {
    fn default() -> Self {
        Self { size: 10, pause: Duration::from_mins(1) }
    }
}

/// Where manifests come from. In each path `{environment}` stands for the environment's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A folder of the config repo; `{instance}` stands for whatever is there: each is an instance of its own.
    pub path: String,
    /// Whether the folder is a chart that others may use too: it is read, and never edited.
    pub is_shared_chart: bool,
    /// How it is rendered where it is a chart.
    pub chart: ChartSettings,
    /// Where the chart lies when it is not in the config repo; the path is then that place, for people.
    pub remote: Option<RemoteChart>,
    /// The sources of the project that have to be Current before it is applied, by their places in the list.
    pub needs: Vec<usize>,
}

/// How a chart is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChartSettings {
    /// Files of values in the config repo, the later over the earlier.
    pub values: Vec<String>,
    /// The release's name; none means the project's.
    pub release: Option<String>,
    /// The version of Kubernetes that templates see.
    pub kube_version: Option<String>,
    /// More APIs that templates see.
    pub api_versions: Vec<String>,
}

/// One place to edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinsPath {
    /// The file; `{environment}` stands for the environment's name.
    pub file: String,
    /// The scalar's path in it (`spec.template.spec.containers[name=web].image`).
    pub path: String,
}

impl Config {
    /// Reads and checks a `pinnace.yaml`. The error names every problem found, each with file, line, column and what
    /// to do.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ConfigError> {
        let file = file::read(text).map_err(|problem| ConfigError::new(file_name, vec![problem]))?;
        let checked = check::check(text, file).map_err(|problems| ConfigError::new(file_name, problems))?;
        Ok(Self { lock_file: lock_file(file_name), ..checked })
    }

    /// Whether this person may decide in this environment: named as an approver, or in a group that is.
    /// Where an environment names no approvers nobody may.
    pub fn may_decide(&self, environment: &EnvironmentName, person: &PersonName) -> bool {
        let (Some(environment), Some(known)) = (self.environments.get(environment), self.people.get(person)) else {
            return false;
        };
        environment.approvers.iter().any(|approver| match approver {
            Approver::Person(name) => name == person,
            Approver::Group(group) => known.groups.contains(group),
        })
    }

    /// Everyone who may decide in this environment, groups taken apart.
    pub fn approver_names(&self, environment: &EnvironmentName) -> Vec<PersonName> {
        self.people.keys().filter(|person| self.may_decide(environment, person)).cloned().collect()
    }

    /// The person of this name.
    pub fn person(&self, name: &PersonName) -> Option<&Person> {
        self.people.get(name)
    }

    /// The person with this user id in Slack.
    pub fn person_by_slack(&self, id: &str) -> Option<(&PersonName, &Person)> {
        self.people.iter().find(|(_, person)| person.slack.as_deref() == Some(id))
    }
}

/// `pinnace.lock` beside `pinnace.yaml`.
fn lock_file(config_file: &str) -> String {
    let name = config_file.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{}{stem}.lock", &config_file[..config_file.len() - name.len()])
}

#[cfg(test)]
mod tests;
