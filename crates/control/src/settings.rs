//! What the server is started with.

use std::path::PathBuf;
use std::time::Duration;

use config_repo::Mirror;
use render::engine::{ChildProgram, EngineSettings};
use secrets::Redactor;
use store::Store;

use crate::registry::RegistryClient;
use crate::{Barrier, Clock};

/// What does not change while the server runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What people type into a browser to get here, without a slash at the end.
    pub base_url: String,
    /// Pinnace's own namespace in each cluster, where inventories live.
    pub own_namespace: String,
    /// The kubeconfig; none means the usual places.
    pub kubeconfig: Option<PathBuf>,
    /// The config file's path in the config repo.
    pub config_file: String,
    /// How often the config repo is fetched when nothing happens.
    pub fetch_every: Duration,
    /// The name that commits carry when not one person decided.
    pub bot_name: String,
    /// The bot's address.
    pub bot_email: String,
    /// Address of a commit's page, with `{commit}` for its id; none when the config repo has no page.
    pub commit_url: Option<String>,
    /// How Kustomize and Helm are run.
    pub engines: EngineSettings,
    /// Where the archives of charts from elsewhere are kept.
    pub charts: PathBuf,
    /// Where mirrors of repositories with bases are kept.
    pub bases: PathBuf,
    /// The file of age keys that open what lies encrypted in git; none where nothing does.
    pub age_key_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".to_owned(),
            own_namespace: "pinnace-system".to_owned(),
            kubeconfig: None,
            config_file: "pinnace.yaml".to_owned(),
            fetch_every: Duration::from_secs(20),
            bot_name: "Pinnace".to_owned(),
            bot_email: "pinnace@localhost".to_owned(),
            commit_url: None,
            engines: EngineSettings::new(ChildProgram::own()),
            charts: PathBuf::from("pinnace-data/charts"),
            bases: PathBuf::from("pinnace-data/bases"),
            age_key_file: None,
        }
    }
}

/// What [`Control`](crate::Control) is wired from.
pub struct Parts {
    /// What does not change.
    pub settings: Settings,
    /// What happened.
    pub store: Store,
    /// What should be.
    pub mirror: Mirror,
    /// The registries.
    pub registry: RegistryClient,
    /// The chat, if there is one.
    pub chat: Option<chat::ChatService>,
    /// Values that must never be shown.
    pub redactor: Redactor,
    /// The clock.
    pub clock: Clock,
    /// The barrier.
    pub barrier: Barrier,
}
