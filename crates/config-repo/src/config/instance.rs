//! Instances: the copies of projects, as the config and the tree have them.

use model::{EnvironmentName, ImageRepository, InstanceId, ProjectName};

use super::template::fill_all;
use super::{Config, DriftRule, Environment, Head, PinsPath, Project, Rule, Source};

/// One copy of a project in an environment, with all that the config says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Which one.
    pub id: InstanceId,
    /// Where its images live.
    pub image: ImageRepository,
    /// The kube context.
    pub context: String,
    /// The namespace that it runs in.
    pub namespace: String,
    /// The folders and files of the config repo that hold it, and nothing else's: what a pin edits lies in them.
    pub paths: Vec<String>,
    /// The folders and files that it takes from and that others may share: they are never edited.
    pub shared: Vec<String>,
    /// How all of that is rendered.
    pub sources: Vec<Source>,
    /// The places to edit, where they are named.
    pub pins: Vec<PinsPath>,
    /// Whether a new build is asked about.
    pub rule: Rule,
    /// What happens when live differs from desired.
    pub drift: DriftRule,
    /// Whether Secrets that its objects name may be read.
    pub check_secrets: bool,
    /// Whether its own Secrets are watched, so that what somebody changed in them is seen at once.
    pub watch_secrets: bool,
    /// Whether pods are made anew when what they read of Secrets and ConfigMaps changes.
    pub roll_pods: bool,
    /// The architectures of the machines that it may come to run on.
    pub architectures: Vec<String>,
    /// Kinds outside of namespaces that it may have.
    pub cluster_kinds: Vec<String>,
    /// What happens when a person's commit fails: as the environment says, else [`Head::Hold`] where asks are needed.
    pub head: Head,
    /// The instances that have to be proven and Current before this one is applied.
    pub needs: Vec<InstanceId>,
}

impl Config {
    /// Every instance: one per project and environment that the project has a namespace in, or as many as were found there.
    pub fn instances(&self) -> Vec<Instance> {
        self.projects.keys().flat_map(|project| self.instances_of(project)).collect()
    }

    /// Every instance of one project.
    pub fn instances_of(&self, project: &ProjectName) -> Vec<Instance> {
        let Some(known) = self.projects.get(project) else { return Vec::new() };
        let of = |environment: &EnvironmentName| self.ids(project, known, environment);
        known.namespaces.keys().flat_map(of).filter_map(|id| self.instance(&id)).collect()
    }

    /// The instance of this id.
    pub fn instance(&self, id: &InstanceId) -> Option<Instance> {
        let is_pattern = self.projects.get(&id.project)?.is_pattern();
        let is_there = !is_pattern || self.found.contains(id);
        is_there.then(|| self.would_be(id)).flatten()
    }

    /// What the instance of this id is, or would be if git had its files.
    pub fn would_be(&self, id: &InstanceId) -> Option<Instance> {
        let project = self.projects.get(&id.project)?;
        let environment = self.environments.get(&id.environment)?;
        let namespace = project.namespaces.get(&id.environment)?;
        let can_be = project.is_pattern() || *id == InstanceId::only(id.project.clone(), id.environment.clone());
        can_be.then(|| Instance {
            needs: self.needed(id, project),
            shared: self.shared(id, project),
            ..instance(id, project, environment, namespace)
        })
    }

    /// What it only reads: the lock file too, where a version of a chart stands there.
    fn shared(&self, id: &InstanceId, project: &Project) -> Vec<String> {
        let is_locked = |source: &Source| source.remote.as_ref().is_some_and(|remote| remote.pinned.is_none());
        let lock = Some(self.lock_file.clone()).filter(|_| project.sources.iter().any(is_locked));
        project.shared().into_iter().map(|path| fill_all(path, id)).chain(lock).collect()
    }

    /// What an instance needs of other projects: of each the instance of the same name in its environment, else all there.
    fn needed(&self, id: &InstanceId, project: &Project) -> Vec<InstanceId> {
        let of = |needed: &ProjectName| {
            let Some(known) = self.projects.get(needed) else { return Vec::new() };
            if !known.namespaces.contains_key(&id.environment) {
                return Vec::new();
            }
            let ids = self.ids(needed, known, &id.environment);
            let same = ids.iter().find(|other| other.name == id.name).cloned();
            same.map_or(ids, |same| vec![same])
        };
        project.needs.iter().flat_map(of).collect()
    }

    fn ids(&self, name: &ProjectName, project: &Project, environment: &EnvironmentName) -> Vec<InstanceId> {
        if project.is_pattern() {
            self.found.of(name, environment)
        } else {
            vec![InstanceId::only(name.clone(), environment.clone())]
        }
    }
}

fn instance(id: &InstanceId, project: &Project, environment: &Environment, namespace: &str) -> Instance {
    let fill = |template: &str| fill_all(template, id);
    let rule = project.rules.get(&id.environment).copied().unwrap_or_default();
    let pins = project.pins.iter().map(|pin| PinsPath { file: fill(&pin.file), path: pin.path.clone() });
    Instance {
        id: id.clone(),
        image: project.image.clone(),
        context: environment.context.clone(),
        namespace: fill(namespace),
        paths: project.own().into_iter().map(|path| fill(path)).collect(),
        shared: Vec::new(),
        sources: project.sources.iter().map(|source| source.filled(fill)).collect(),
        pins: pins.collect(),
        check_secrets: project.check_secrets,
        watch_secrets: project.watch_secrets,
        roll_pods: project.roll_pods,
        architectures: environment.architectures.clone(),
        cluster_kinds: project.cluster_kinds.clone(),
        rule,
        drift: environment.drift,
        head: environment.head.unwrap_or(if rule == Rule::Ask { Head::Hold } else { Head::Follow }),
        needs: Vec::new(),
    }
}
