//! What a server is started with, and the rights that it gets: an admin makes the account and the roles, and the server's
//! kubeconfig holds no more.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::BuildHasher as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cluster::ClusterClient;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::{ServedError, announcer};

/// How long the server's token lasts.
const TOKEN_LASTS: Duration = Duration::from_hours(24);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The `pinnace` binary.
    pub program: PathBuf,
    /// Its data folder; its log, its kubeconfig and the senders are kept there too.
    pub data: PathBuf,
    /// The config repo's address.
    pub repo: String,
    /// The config file in it.
    pub config_file: String,
    /// The context of the cluster, in the admin's kubeconfig and in its own.
    pub context: String,
    /// Pinnace's own namespace in the cluster.
    pub own_namespace: String,
    /// The project whose builds CI may announce.
    pub project: String,
    /// The port of the page; see [`free_port`].
    pub port: u16,
    /// The barrier's socket.
    pub barrier: Option<PathBuf>,
    /// Seconds between two fetches of the config repo when nothing happens.
    pub fetch_every: u32,
    /// More arguments of `pinnace serve`.
    pub more: Vec<OsString>,
}

/// A port of loopback that nobody uses now. It lies below the range that the kernel gives to outgoing connections:
/// between finding it and using it, no client on this machine can be given it. An error when 1000 of them are taken.
pub fn free_port() -> io::Result<u16> {
    let random = || LOWEST_PORT + u16::try_from(RandomState::new().hash_one(()) % PORTS).unwrap_or_default();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let found = std::iter::repeat_with(random).take(1000).find(free);
    found.ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no free port of loopback between 20000 and 30000"))
}

/// As devcluster's `freePorts` has it.
const LOWEST_PORT: u16 = 20_000;
const PORTS: u64 = 10_000;

/// The objects in what a command prints; else what can't be read of it.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let documents = text.split("---\n").filter(|document| !document.trim().is_empty());
    documents.map(|document| serde_saphyr::from_str(document).map_err(|error| error.to_string())).collect()
}

impl Setup {
    /// Gives the server exactly what `pinnace rbac` prints, in namespaces that are there, and writes its kubeconfig.
    /// `admin_config` is the admin's own (none: the usual places). What was printed.
    pub async fn grant(&self, admin: &ClusterClient, admin_config: Option<&Path>) -> Result<Vec<Value>, ServedError> {
        let rights = self.printed_rights().await?;
        admin.set_up(&rights).await.map_err(ServedError::rights)?;
        let token = admin.account_token(TOKEN_LASTS).await.map_err(ServedError::rights)?;
        let text = cluster::setup::kubeconfig_for(admin_config, &self.context, &token).map_err(ServedError::rights)?;
        self.write(&self.kubeconfig(), text.expose())?;
        Ok(rights)
    }

    /// What `pinnace rbac` prints: the real command, asked as an admin would.
    async fn printed_rights(&self) -> Result<Vec<Value>, ServedError> {
        let command = Command::new(&self.program)
            .args(["rbac", "--repo", &self.repo, "--config-file", &self.config_file])
            .args(["--context", &self.context, "--own-namespace", &self.own_namespace])
            .output();
        let printed = command.await.map_err(ServedError::io("run `pinnace rbac`"))?;
        let refused = |said: String| ServedError::Refused { request: "pinnace rbac".to_owned(), said };
        if !printed.status.success() {
            return Err(refused(String::from_utf8_lossy(&printed.stderr).into_owned()));
        }
        documents(&String::from_utf8_lossy(&printed.stdout)).map_err(refused)
    }

    /// Starts `pinnace serve`.
    pub(super) fn spawn(&self) -> Result<Child, ServedError> {
        let senders = self.data.join("senders.yaml");
        self.write(&senders, &announcer::senders(&self.project))?;
        let log = File::options().create(true).append(true).open(self.log_path());
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .args(["--repo", &self.repo, "--config-file", &self.config_file])
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--own-namespace", &self.own_namespace, "--until-stdin-ends"])
            .args(["--fetch-every", &self.fetch_every.to_string()])
            .arg("--data")
            .arg(&self.data)
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--senders")
            .arg(senders)
            .args(self.barrier.iter().flat_map(|path| ["--barrier".as_ref(), path.as_os_str()]))
            .args(&self.more)
            // Ctrl-C is for us, who end it in order; and however we end, its stdin ends with us.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.map_err(ServedError::io("open the server's log"))?)
            .kill_on_drop(true);
        command.spawn().map_err(ServedError::io(format!("start {}", self.program.display())))
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.data.join("server.log")
    }

    fn kubeconfig(&self) -> PathBuf {
        self.data.join("kubeconfig")
    }

    /// Writes a file of the data folder.
    fn write(&self, path: &Path, text: &str) -> Result<(), ServedError> {
        fs::create_dir_all(&self.data).map_err(ServedError::io(format!("make {}", self.data.display())))?;
        fs::write(path, text).map_err(ServedError::io(format!("write {}", path.display())))
    }
}
