//! How commands are told where the config repo is. Secrets come from the environment: PINNACE_GIT_TOKEN.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use config_repo::{BranchName, Credentials, Limits, Mirror, RemoteUrl, Secret};

/// Where the config repo is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Repo {
    /// The config repo: an https, ssh or file address
    #[arg(long = "repo", value_name = "URL", env = "PINNACE_REPO")]
    pub(crate) url: String,
    /// Its branch
    #[arg(long, env = "PINNACE_BRANCH", default_value = "main")]
    pub(crate) branch: String,
    /// The config file in it
    #[arg(long, env = "PINNACE_CONFIG_FILE", default_value = "pinnace.yaml")]
    pub(crate) config_file: String,
    /// User name that goes with PINNACE_GIT_TOKEN
    #[arg(long, default_value = "git")]
    pub(crate) git_user: String,
    /// SSH key for the config repo
    #[arg(long, requires = "git_known_hosts")]
    pub(crate) git_ssh_key: Option<PathBuf>,
    /// known_hosts file with the config repo's host key
    #[arg(long)]
    pub(crate) git_known_hosts: Option<PathBuf>,
}

impl Repo {
    /// Opens a mirror of it in this folder.
    pub(crate) async fn open(&self, folder: &Path) -> anyhow::Result<Mirror> {
        let url: RemoteUrl = self.url.parse().context("--repo")?;
        let branch: BranchName = self.branch.parse().context("--branch")?;
        let credentials = match (&self.git_ssh_key, Self::token()) {
            (Some(key), _) => {
                let known = self.git_known_hosts.as_deref().context("--git-ssh-key needs --git-known-hosts")?;
                let known = std::fs::read_to_string(known).with_context(|| format!("reading {}", known.display()))?;
                Credentials::ssh(key.clone(), &known)
            }
            (None, Some(token)) => Credentials::token(&self.git_user, Secret::new(&token)),
            (None, None) => Credentials::none(),
        };
        Mirror::open(folder, url, branch, credentials, Limits::default()).await.context("opening the config repo")
    }

    /// The token from the environment.
    pub(crate) fn token() -> Option<String> {
        super::secret("PINNACE_GIT_TOKEN")
    }
}
