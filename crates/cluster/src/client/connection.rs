//! The connection itself. When the cluster refuses our credentials, or they are about to end, the kubeconfig is read again: people
//! renew them there, and the programs that it names give new ones.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::login::log_in;
use crate::error::ClusterError;

/// So often at most, however many requests are refused.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Credentials that end within this time are renewed before they are refused,
const ENDS_SOON: Duration = Duration::from_mins(1);
/// and so often at most, since some never last longer.
const RENEW_AFTER: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    now: Mutex<Now>,
    source: Option<Source>,
}

struct Now {
    kube: Client,
    read_at: Instant,
    /// When the credentials end, where that is known.
    until: Option<Timestamp>,
}

impl Now {
    fn ends_soon(&self) -> bool {
        let soon = |until| Timestamp::now().checked_add(ENDS_SOON).is_ok_and(|soon| soon >= until);
        self.until.is_some_and(soon) && self.read_at.elapsed() >= RENEW_AFTER
    }
}

/// A client, and when its credentials end, where that is known.
pub(crate) struct Connected {
    kube: Client,
    until: Option<Timestamp>,
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
        Self::new(Connected { kube, until: None }, None)
    }

    /// One whose credentials may be renewed.
    pub(crate) fn renewable(connected: Connected, source: Source) -> Self {
        Self::new(connected, Some(source))
    }

    fn new(Connected { kube, until }: Connected, source: Option<Source>) -> Self {
        Self { now: Mutex::new(Now { kube, read_at: Instant::now(), until }), source }
    }

    /// The client for one request.
    pub(crate) async fn kube(&self, context: &str) -> Client {
        let ends_soon = self.now.lock().unwrap_or_else(PoisonError::into_inner).ends_soon();
        if ends_soon {
            self.renew(context).await;
        }
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
            Ok(Connected { kube, until }) => {
                let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
                (now.kube, now.until) = (kube, until);
            }
            Err(error) => {
                tracing::warn!(%error, "the credentials are refused or about to end, and there are no others");
            }
        }
    }
}

impl Source {
    pub(crate) async fn connect(&self, context: &str) -> Result<Connected, ClusterError> {
        let bad = |why: String| ClusterError::Config { context: context.to_owned(), why };
        let file = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let mut file = file.map_err(|error| bad(error.to_string()))?;
        let until = self.log_in(&mut file, context).await.map_err(bad)?;
        let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| bad(error.to_string()))?;
        Ok(Connected { kube: client(config, context, self.timeout)?, until })
    }

    /// Runs the program that the context's user logs in with, if there is one.
    async fn log_in(&self, file: &mut Kubeconfig, context: &str) -> Result<Option<Timestamp>, String> {
        let named = file.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.clone());
        // What is not there is said when the client is made.
        let Some(named) = named else { return Ok(None) };
        let cluster =
            file.clusters.iter().find(|known| known.name == named.cluster).and_then(|known| known.cluster.as_ref());
        let user = file.auth_infos.iter_mut().find(|known| Some(&known.name) == named.user.as_ref());
        match user.and_then(|known| known.auth_info.as_mut()) {
            Some(user) => log_in(user, cluster).await,
            None => Ok(None),
        }
    }
}

pub(crate) fn client(mut config: Config, context: &str, timeout: Duration) -> Result<Client, ClusterError> {
    // Retrying is ours: it obeys Retry-After, and its end is an error that says "busy".
    config.default_retry = false;
    config.connect_timeout = Some(timeout);
    Client::try_from(config)
        .map_err(|error| ClusterError::Config { context: context.to_owned(), why: error.to_string() })
}
