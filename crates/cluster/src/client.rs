//! The connection to one cluster: who we are there, how long we wait, how often we try again.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::Duration;

use kube::Config;

use crate::discovery::{Asking, Kind};
use crate::error::ClusterError;
use crate::error::status::Whose;
use crate::inventory::Book;
use crate::watch::Watched;

mod connection;
mod login;
mod request;

use connection::{Connection, Source};
pub use login::login_program;
pub use request::jittered;
pub(crate) use request::{APPLY_PATCH, Call, JSON, JSON_PATCH, Query};

/// What may be set about a connection.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request is repeated that the API server was too busy for.
    pub retries: u32,
    /// Pinnace's own namespace in this cluster, where inventories live. Only setup creates it.
    pub own_namespace: String,
    /// How many requests of one dry run are under way at once.
    pub concurrency: usize,
    /// How long it is left alone to watch what we have no right to: one that is given later is found then.
    pub refused_for: Duration,
    /// The command that prints the rights that are needed here.
    pub command_for_rights: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retries: 4,
            own_namespace: "pinnace-system".to_owned(),
            concurrency: 16,
            refused_for: Duration::from_mins(5),
            command_for_rights: "pinnace rbac".to_owned(),
        }
    }
}

/// A cluster that we can talk to. Cheap to clone; clones share connections and what was learnt about kinds.
#[derive(Clone)]
pub struct ClusterClient {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    connection: Connection,
    pub(crate) context: String,
    pub(crate) settings: Settings,
    pub(crate) kinds: RwLock<HashMap<(String, String), Kind>>,
    pub(crate) discovery: Asking,
    /// By namespace, so that instances that share one share its watches.
    pub(crate) watched: Mutex<HashMap<String, Weak<Watched>>>,
    pub(crate) inventories: Book,
}

impl ClusterClient {
    /// Connects with a context of a kubeconfig (of `KUBECONFIG` or the home directory when none is given).
    ///
    /// Nothing is sent yet: whether the cluster answers shows with the first call, or with [`ClusterClient::check`].
    pub async fn connect(kubeconfig: Option<&Path>, context: &str) -> Result<Self, ClusterError> {
        Self::connect_with(kubeconfig, context, Settings::default()).await
    }

    /// Connects with settings of one's own.
    pub async fn connect_with(
        kubeconfig: Option<&Path>,
        context: &str,
        settings: Settings,
    ) -> Result<Self, ClusterError> {
        let source = Source { kubeconfig: kubeconfig.map(Path::to_owned), timeout: settings.timeout };
        let connected = source.connect(context).await?;
        Ok(Self::with(Connection::renewable(connected, source), context, settings))
    }

    /// Connects as the pod that we run in.
    pub fn in_cluster(settings: Settings) -> Result<Self, ClusterError> {
        let context = "in-cluster";
        let config = Config::incluster()
            .map_err(|e| ClusterError::Config { context: context.to_owned(), why: e.to_string() })?;
        // The pod's token is read again by itself.
        Ok(Self::over(connection::client(config, context, settings.timeout)?, context, settings))
    }

    /// Uses a connection that was made elsewhere, with layers of its own.
    pub fn over(kube: kube::Client, context: &str, settings: Settings) -> Self {
        Self::with(Connection::fixed(kube), context, settings)
    }

    fn with(connection: Connection, context: &str, settings: Settings) -> Self {
        let context = context.to_owned();
        let (kinds, discovery) = (RwLock::default(), Asking::default());
        let (watched, inventories) = (Mutex::default(), Book::default());
        let shared = Shared { connection, context, settings, kinds, discovery, watched, inventories };
        Self { shared: Arc::new(shared) }
    }

    /// The context that this client was made from.
    pub fn context(&self) -> &str {
        &self.shared.context
    }

    /// Pinnace's own namespace in this cluster.
    pub fn own_namespace(&self) -> &str {
        &self.shared.settings.own_namespace
    }

    /// The command that prints the rights that are needed here.
    pub fn command_for_rights(&self) -> &str {
        &self.shared.settings.command_for_rights
    }

    pub(crate) fn whose(&self) -> Whose<'_> {
        Whose { context: self.context(), command_for_rights: self.command_for_rights() }
    }

    /// Asks the cluster for its version: whether it answers and knows us.
    pub async fn check(&self) -> Result<String, ClusterError> {
        let call = Call::other("get", "version");
        let answer = self.send(&call, http::Method::GET, "/version", &Query::new(), None).await?;
        Ok(answer.body.get("gitVersion").and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned())
    }
}

impl fmt::Debug for ClusterClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterClient").field("context", &self.shared.context).finish_non_exhaustive()
    }
}
