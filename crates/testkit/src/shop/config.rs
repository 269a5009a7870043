//! The config file of one project in one environment, `prod`, and a server for it.

use std::io;
use std::path::PathBuf;

use crate::GitRemote;
use crate::served::{Setup, free_port};

/// The context of a test cluster, in its own kubeconfig.
pub const CONTEXT: &str = "devcluster";
/// Who there is, and in which group: ann may approve, bo may sign in and look.
pub const PEOPLE: People = &[("ann", "release"), ("bo", "")];

/// People, each with the names of their groups, set apart by commas.
pub type People = &'static [(&'static str, &'static str)];

/// What stands in the config file. People of the group `release` approve.
#[derive(Debug, Clone)]
pub struct Config {
    /// The project.
    pub project: String,
    /// Where CI pushes its images.
    pub repository: String,
    /// The folder whose folder `prod` holds the manifests.
    pub sources: String,
    /// Where the instance runs.
    pub namespace: String,
    /// How long a version must stay Current.
    pub stable_for: String,
    /// Who there is.
    pub people: People,
}

impl Config {
    /// A server for it, with this data folder, where the remote holds it at this path.
    pub fn setup(&self, program: PathBuf, data: PathBuf, remote: &GitRemote, config_file: &str) -> io::Result<Setup> {
        Ok(Setup {
            program,
            data,
            repo: remote.file_url(),
            config_file: config_file.to_owned(),
            context: CONTEXT.to_owned(),
            own_namespace: format!("{}-pinnace", self.namespace),
            project: self.project.clone(),
            port: free_port()?,
            barrier: None,
            fetch_every: 1,
            more: Vec::new(),
        })
    }

    /// The file.
    pub fn text(&self) -> String {
        let Self { project, repository, sources, namespace, stable_for, people } = self;
        let people: Vec<String> = people
            .iter()
            .map(|(name, groups)| format!("  {name}: {{email: {name}@example.org, groups: [{groups}]}}"))
            .collect();
        let people = people.join("\n");
        format!(
            "apiVersion: pinnace.dev/v1
kind: Config
people:
{people}
environments:
  prod:
    context: {CONTEXT}
    approvers: [group:release]
    rules: {{stableFor: {stable_for}, deadline: 1m}}
projects:
  {project}:
    image: {repository}
    sources: [{{path: \"{sources}/{{environment}}\"}}]
    namespaces: {{prod: {namespace}}}
    rules: {{prod: ask}}
"
        )
    }
}
