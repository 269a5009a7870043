//! The last good `pinnace.yaml`: an error in a newer one is shown, and the last good one goes on.

use std::sync::{Arc, Mutex, PoisonError};

use config_repo::{Config, Instance, Mirror};
use model::CommitId;

use crate::registry::{Access, ResolveError};
use crate::sources::{self, Accesses};

/// So many versions are looked through for a good one.
const MOST_VERSIONS: usize = 50;
/// So many odd names in the tree are told at once.
const MOST_ODD: usize = 3;

pub(crate) struct Configuration {
    file: String,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    config: Arc<Config>,
    /// The commit that was read last, good or not.
    read_at: Option<CommitId>,
    /// The file's id as it was when it was read and good.
    file: Option<String>,
    trouble: Option<String>,
}

impl Configuration {
    /// Reads it from the mirror's head. Where that one is bad the last good one of the history goes on, as it did before a
    /// restart; where there is none the config is empty. Either way the trouble says why.
    pub(crate) async fn load(mirror: &Mirror, file: &str) -> Self {
        let configuration = Self { file: file.to_owned(), state: Mutex::default() };
        if !configuration.refresh(mirror).await
            && let Some(mut config) = last_good(mirror, file).await
        {
            if let Err(error) = config.find_instances(mirror, &mirror.head()).await {
                tracing::warn!(%error, "the instances of patterns can't be found");
            }
            configuration.state.lock().unwrap_or_else(PoisonError::into_inner).config = Arc::new(config);
        }
        configuration
    }

    /// Reads it again if the mirror's head moved. True when there is a new good one.
    pub(crate) async fn refresh(&self, mirror: &Mirror) -> bool {
        let head = mirror.head();
        if self.read(|state| state.read_at.as_ref() == Some(&head)) {
            return false;
        }
        // Most commits leave the file as it is, and it may name thousands of projects.
        let file = mirror.tree_id(&head, &self.file).await.ok().flatten();
        let same = file.is_some() && self.read(|state| state.file == file && state.trouble.is_none());
        let read = match self.parsed(mirror, &head, same).await {
            Ok(config) => found(config, mirror, &head).await.map(|config| (config, None)),
            // The last good config goes on, and so do the instances that come and go under it.
            Err(trouble) if trouble.lasting => {
                tracing::warn!(commit = head.short(), %trouble, "the last good config goes on");
                let config = (*self.config()).clone();
                found(config, mirror, &head).await.map(|config| (config, Some(trouble.what)))
            }
            Err(trouble) => Err(trouble),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok((config, trouble)) => {
                let news = config.found != state.config.found || (trouble.is_none() && !same);
                let file = file.filter(|_| trouble.is_none());
                *state = State { config: Arc::new(config), read_at: Some(head), file, trouble };
                news
            }
            Err(trouble) => {
                tracing::warn!(commit = head.short(), %trouble, "the config can't be read, and is read again");
                state.trouble = Some(trouble.what);
                false
            }
        }
    }

    /// The file as a config: the one that is known, where it is the same.
    async fn parsed(&self, mirror: &Mirror, head: &CommitId, same: bool) -> Result<Config, Unreadable> {
        if same { Ok((*self.config()).clone()) } else { read_config(mirror, head, &self.file).await }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        self.read(|state| Arc::clone(&state.config))
    }

    /// What is wrong with the newest one, or with what its patterns find.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.read(|state| state.trouble.clone().or_else(|| odd(&state.config.found.odd)))
    }

    /// The config, if it is the one of this HEAD and nothing is wrong with it: only then what it does not name is gone.
    pub(crate) fn trusted(&self, head: &CommitId) -> Option<Arc<Config>> {
        self.read(|state| {
            let good = state.trouble.is_none() && state.read_at.as_ref() == Some(head);
            good.then(|| Arc::clone(&state.config))
        })
    }

    /// How a registry is asked.
    pub(crate) async fn registry_access(&self, mirror: &Mirror, host: &str) -> Result<Access, ResolveError> {
        access(&self.config(), mirror, host).await
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How a registry, or a chart repository, is asked: the CA stands in the config repo, the login in the server's environment.
pub async fn access(config: &Config, mirror: &Mirror, host: &str) -> Result<Access, ResolveError> {
    let Some(known) = config.registries.get(host) else { return Ok(Access::default()) };
    let setup = |reason: String| ResolveError::Setup { reason };
    let ca_pem = match &known.ca {
        None => None,
        Some(path) => {
            let files = mirror.read_files(&mirror.head(), &[path]).await;
            let files = files.map_err(|error| setup(format!("the registry's `ca` can't be read: {error}")))?;
            let found = files.into_values().next();
            Some(found.ok_or_else(|| setup(format!("the registry's `ca` `{path}` is not in the config repo")))?)
        }
    };
    Access::configured(known, ca_pem)
}

/// How the hosts of an instance's charts are asked.
pub(crate) async fn accesses(config: &Config, mirror: &Mirror, instance: &Instance) -> Accesses {
    let mut accesses = Accesses::new();
    for host in sources::hosts(instance) {
        let access = access(config, mirror, &host).await;
        accesses.insert(host, access);
    }
    accesses
}

struct Unreadable {
    what: String,
    lasting: bool,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// The newest config of the history that can be used.
async fn last_good(mirror: &Mirror, file: &str) -> Option<Config> {
    let commits = mirror.log_range(None, &mirror.head(), file, MOST_VERSIONS).await.ok()?;
    for commit in commits {
        if let Ok(config) = read_config(mirror, &commit.id, file).await {
            tracing::warn!(commit = commit.id.short(), "the last good config goes on");
            return Some(config);
        }
    }
    None
}

/// The config with the instances that the tree has for it.
async fn found(mut config: Config, mirror: &Mirror, head: &CommitId) -> Result<Config, Unreadable> {
    match config.find_instances(mirror, head).await {
        Ok(()) => Ok(config),
        Err(error) => Err(Unreadable { what: error.to_string(), lasting: false }),
    }
}

/// What is odd in the tree, in a few words.
fn odd(all: &[String]) -> Option<String> {
    let more = all.len().saturating_sub(MOST_ODD);
    let mut told = all.iter().take(MOST_ODD).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 {
        told = format!("{told}; and {more} more");
    }
    (!all.is_empty()).then_some(told)
}

async fn read_config(mirror: &Mirror, head: &CommitId, file: &str) -> Result<Config, Unreadable> {
    let passing = |what: String| Unreadable { what, lasting: false };
    let lasting = |what: String| Unreadable { what, lasting: true };
    let files = mirror.read_files(head, &[file]).await.map_err(|error| passing(error.to_string()))?;
    let Some(bytes) = files.get(file) else {
        return Err(lasting(format!("there is no `{file}` at the top of the config repo: add one")));
    };
    let text = std::str::from_utf8(bytes).map_err(|_| lasting(format!("`{file}` is not UTF-8 text")))?;
    Config::parse(text, file).map_err(|error| lasting(error.to_string()))
}
