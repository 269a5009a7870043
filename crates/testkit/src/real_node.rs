//! A node whose pods really run, as part of a test cluster: kubelet, containerd, kube-proxy, CoreDNS and, if wanted, Traefik.
//!
//! It needs root on Linux and some Debian packages; [`missing`] says what is not there, and tests that need the node are skipped
//! then. The node lives in namespaces of its own (`devcluster/node.go`), so the machine's network, mounts and cgroups stay as they
//! are, and nothing outlives the cluster. Its pods are reached by [`Inside::forward`].

mod images;
mod network;
mod site;

pub use images::{Behaviour, NodeImage, Orders, Recipe};
pub use network::{Cut, Forward};
pub use site::{Load, Site};

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::devcluster::{DevClusterError, binaries, cache_folder};
use crate::go_build::{Program, built};

/// What the real node is to have.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealNode {
    /// Traefik, which serves the Ingresses of the class `traefik` and those of none.
    pub traefik: bool,
}

/// How to reach what is on the node: a part of the line that `devcluster supervise` prints when it is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inside {
    /// The first process of the node's namespaces: [`Inside::program`] puts programs into its network.
    pub pid: i32,
    /// The registry that images are pushed to, `127.0.0.1:<port>`. The node pulls from every registry on this machine's loopback
    /// under the name that it has here, and looks in this one for all other names.
    pub registry: String,
    /// An HTTP proxy on loopback whose CONNECT leads to pods and Services, by address or by name (`web.shop`).
    pub proxy: String,
    /// A `resolv.conf` that asks the cluster's DNS.
    pub names: PathBuf,
    /// Where Traefik answers, `127.0.0.1:<port>`.
    pub http: Option<String>,
}

const CONTAINERD: Program = Program {
    name: "containerd",
    module: "engines/containerd",
    packages: &[
        "github.com/containerd/containerd/v2/cmd/containerd",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        "github.com/containerd/containerd/v2/cmd/ctr",
    ],
    linker_flags: "-s -w -X github.com/containerd/containerd/v2/version.Version=2.4.2",
    takes: "about 2 minutes, once",
};

const COREDNS: Program = Program {
    name: "coredns",
    module: "engines/coredns",
    packages: &["github.com/coredns/coredns"],
    linker_flags: "-s -w",
    takes: "about 5 minutes, once",
};

const TRAEFIK: Program = Program {
    name: "traefik",
    module: "engines/traefik",
    packages: &["github.com/traefik/traefik/v3/cmd/traefik"],
    linker_flags: "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=3.6.1",
    takes: "about 6 minutes, once",
};

const PAUSE: Program = Program {
    name: "pause",
    module: "devcluster/pause",
    packages: &["."],
    linker_flags: "-s -w",
    takes: "some seconds, once",
};

/// Builds what a real node runs, and says the folders of it.
pub async fn programs(node: RealNode) -> Result<Vec<PathBuf>, DevClusterError> {
    let building = move || {
        let mut wanted = vec![&CONTAINERD, &COREDNS, &PAUSE];
        wanted.extend(node.traefik.then_some(&TRAEFIK));
        wanted.into_iter().map(built).collect()
    };
    let joined = tokio::task::spawn_blocking(building).await;
    joined.map_err(|joining| DevClusterError::Build { output: joining.to_string() })?
}

/// Says why tests do without a real node: CI has a limit of time, and building its programs takes a quarter of an hour.
const SWITCHED_OFF: &str = "PINNACE_NO_REAL_NODE";

/// What keeps this machine from having a real node, in a sentence; nothing when it can.
pub async fn missing() -> Result<Option<String>, DevClusterError> {
    if let Some(why) = env::var(SWITCHED_OFF).ok().filter(|why| !why.is_empty()) {
        return Ok(Some(why));
    }
    let devcluster = binaries().await?.devcluster;
    let output = Command::new(&devcluster).arg("check-node").output();
    let output = output.map_err(DevClusterError::io(format!("start {}", devcluster.display())))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Some(said.trim().trim_start_matches("check-node: ").to_owned()))
}

/// Whether tests do without a real node here. Why is written straight to stderr: what a test prints is shown only when it fails.
pub async fn skipped() -> Result<bool, DevClusterError> {
    let why = missing().await?;
    if let Some(why) = &why {
        // Nobody may be listening.
        let _ = writeln!(io::stderr(), "skipped: {why}");
    }
    Ok(why.is_some())
}

/// What `devcluster supervise` is told of a real node.
pub(crate) async fn arguments(node: RealNode) -> Result<Vec<String>, DevClusterError> {
    if let Some(why) = missing().await? {
        return Err(DevClusterError::NoRealNode { why });
    }
    let folders = env::join_paths(programs(node).await?).unwrap_or_else(|_| OsString::new());
    Ok(vec![
        "--real-node".to_owned(),
        format!("--traefik={}", node.traefik),
        format!("--programs={}", folders.display()),
        format!("--images={}", cache_folder()?.join("images/registry").display()),
    ])
}
