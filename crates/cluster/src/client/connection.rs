//! The connection itself. When the cluster refuses our credentials the kubeconfig is read again: people renew them there.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::error::ClusterError;

/// So often at most, however many requests are refused.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);

pub(crate) struct Connection {
    now: Mutex<Now>,
    source: Option<Source>,
}

struct Now {
    kube: Client,
    read_at: Instant,
}

/// Where the credentials come from.
pub(crate) struct Source {
    /// None: the usual places.
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) timeout: Duration,
}

impl Connection {
    /// One that stays as it is.
    pub(crate) fn fixed(kube: Client) -> Self {
        Self { now: Mutex::new(Now { kube, read_at: Instant::now() }), source: None }
    }

    /// One whose credentials may be renewed.
    pub(crate) fn renewable(kube: Client, source: Source) -> Self {
        Self { source: Some(source), ..Self::fixed(kube) }
    }

    pub(crate) fn kube(&self) -> Client {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).kube.clone()
    }

    /// The credentials were refused: what is in the kubeconfig now is taken for all later requests.
    pub(crate) async fn renew(&self, context: &str) {
        let Some(source) = &self.source else { return };
        {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            if now.read_at.elapsed() < READ_AGAIN_AFTER {
                return;
            }
            now.read_at = Instant::now();
        }
        match source.connect(context).await {
            Ok(kube) => self.now.lock().unwrap_or_else(PoisonError::into_inner).kube = kube,
            Err(error) => tracing::warn!(%error, "the credentials were refused, and there are no others"),
        }
    }
}

impl Source {
    pub(crate) async fn connect(&self, context: &str) -> Result<Client, ClusterError> {
        let bad = |why: String| ClusterError::Config { context: context.to_owned(), why };
        let file = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let file = file.map_err(|error| bad(error.to_string()))?;
        let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| bad(error.to_string()))?;
        client(config, context, self.timeout)
    }
}

pub(crate) fn client(mut config: Config, context: &str, timeout: Duration) -> Result<Client, ClusterError> {
    // Retrying is ours: it obeys Retry-After, and its end is an error that says "busy".
    config.default_retry = false;
    config.connect_timeout = Some(timeout);
    Client::try_from(config)
        .map_err(|error| ClusterError::Config { context: context.to_owned(), why: error.to_string() })
}
