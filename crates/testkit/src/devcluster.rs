//! A real Kubernetes for tests and the demo: etcd, kube-apiserver, controller-manager, scheduler and nodes played by KWOK.
//!
//! The processes belong to `devcluster supervise` (the Go module in `devcluster/`), which ends them when its stdin ends:
//! nothing is left behind, however this process dies. Pods fail on command, by the name of their image; the list is at
//! the top of `devcluster/stages/pod.yaml`.

mod binaries;
mod kubeconfig;
mod named;
mod shared;

pub use binaries::{Binaries, binaries, cache_folder};
pub use named::NamedCluster;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::real_node::{self, Inside, RealNode};
use crate::supervised::Supervised;

/// A cluster that runs as long as this value lives (or, when shared, as long as anybody's does).
#[derive(Debug)]
pub struct DevCluster {
    process: Option<Supervised>,
    access: Access,
    _user_lock: Option<File>,
}

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Simulated nodes. With 0 pods stay Pending.
    pub nodes: u32,
    /// Write one line a request to [`DevCluster::audit_log`], to count what a client asks for.
    pub audit: bool,
    /// Where the cluster writes; a temporary folder when not given.
    pub folder: Option<PathBuf>,
    /// A node beside them whose pods really run. With simulated nodes beside it, pods say by a node selector where they belong.
    pub real_node: Option<RealNode>,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: 3, audit: false, folder: None, real_node: None }
    }
}

/// How to reach a cluster: the line that `devcluster supervise` prints when it is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Access {
    kubeconfig: PathBuf,
    server: String,
    token: String,
    ca: PathBuf,
    audit: Option<PathBuf>,
    pid: i32,
    node: Option<Inside>,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum DevClusterError {
    /// There is no Go to build the binaries with.
    #[error("`go` is needed to build the test cluster; install Go 1.26 or later and try again")]
    NoGo,
    /// `go build` failed.
    #[error("building the test cluster's binaries failed:\n{output}")]
    Build {
        /// What the compiler said.
        output: String,
    },
    /// The cluster was started and did not come up.
    #[error("the test cluster did not start:\n{output}")]
    Start {
        /// What it said, with the last lines of the part that ended.
        output: String,
    },
    /// This machine can't have a real node.
    #[error("there is no real node: {why}")]
    NoRealNode {
        /// What is missing, and where to get it.
        why: String,
    },
    /// A file or a process could not be handled.
    #[error("failed to {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl DevClusterError {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

/// How long a start may take on a machine that has much else to do.
const START_LIMIT: Duration = Duration::from_mins(2);

impl DevCluster {
    /// Starts a cluster of its own; it takes about four seconds (and some minutes once, to build the binaries).
    pub async fn start(options: Options) -> Result<Self, DevClusterError> {
        let (path, extra) = if let Some(path) = &options.folder {
            (path.clone(), vec![])
        } else {
            let folder = TempDir::with_prefix("devcluster-").map_err(DevClusterError::io("make a folder"))?;
            // The supervisor removes it, which it does even when this process is killed.
            (folder.keep(), vec!["--ephemeral"])
        };
        let (process, access) = launch(&path, &options, &extra).await?;
        Ok(Self { process: Some(process), access, _user_lock: None })
    }

    /// The cluster that all tests of a run share; the first starts it, and it ends soon after its last user.
    /// Keep to namespaces of your own in it.
    pub async fn shared() -> Result<Self, DevClusterError> {
        shared::join().await
    }

    /// A kubeconfig whose current context, `devcluster`, is the cluster's admin.
    pub fn kubeconfig(&self) -> &Path {
        &self.access.kubeconfig
    }

    /// The address of the API server, `https://127.0.0.1:<port>`.
    pub fn server(&self) -> &str {
        &self.access.server
    }

    /// The admin's bearer token.
    pub fn token(&self) -> &str {
        &self.access.token
    }

    /// The file with the certificate of the API server's CA.
    pub fn ca(&self) -> &Path {
        &self.access.ca
    }

    /// One JSON line a request, without those of the cluster's own parts; only with [`Options::audit`].
    pub fn audit_log(&self) -> Option<&Path> {
        self.access.audit.as_deref()
    }

    /// How to reach what runs on the real node; only with [`Options::real_node`].
    pub fn inside(&self) -> Option<&Inside> {
        self.access.node.as_ref()
    }

    /// The process that holds all others.
    pub fn supervisor(&self) -> i32 {
        self.access.pid
    }

    /// The API server crashes, and comes back a moment later with what was stored. Only for a cluster of one's own.
    pub fn crash_api_server(&self) -> Result<(), DevClusterError> {
        assert!(self.process.is_some(), "others use a shared cluster");
        let supervisor = rustix::process::Pid::from_raw(self.access.pid);
        let supervisor = supervisor.ok_or_else(|| io::Error::other("it has no process"));
        let told = supervisor.and_then(|pid| Ok(rustix::process::kill_process(pid, rustix::process::Signal::USR1)?));
        told.map_err(DevClusterError::io("crash the API server"))
    }

    /// Ends the cluster now (dropping it does the same).
    pub fn stop(mut self) {
        self.process.take();
    }
}

/// Writes one kubeconfig with a context of the given name for each cluster; the first is the current one.
pub fn write_kubeconfig(path: &Path, contexts: &[(&str, &DevCluster)]) -> Result<(), DevClusterError> {
    let contexts: Vec<_> = contexts.iter().map(|(name, cluster)| (*name, &cluster.access)).collect();
    kubeconfig::write(path, &contexts)
}

/// Starts `devcluster supervise` and waits for the line that says the cluster is ready.
async fn launch(folder: &Path, options: &Options, extra: &[&str]) -> Result<(Supervised, Access), DevClusterError> {
    let binaries = binaries().await?;
    let mut arguments = vec![
        "supervise".to_owned(),
        format!("--dir={}", folder.display()),
        format!("--nodes={}", options.nodes),
        format!("--audit={}", options.audit),
    ];
    arguments.extend(binaries.assets.iter().map(|assets| format!("--assets={}", assets.display())));
    if let Some(node) = options.real_node {
        arguments.extend(real_node::arguments(node).await?);
    }
    arguments.extend(extra.iter().map(|&argument| argument.to_owned()));
    let log = folder.join("supervise.log");
    let (process, line) = Supervised::start(&binaries.devcluster, &arguments, &[], &log, START_LIMIT).await?;
    let access = serde_json::from_str(&line).map_err(|_| DevClusterError::Start { output: line })?;
    Ok((process, access))
}
