//! The server under demonstration: this same binary, as a process of its own, with exactly the rights that `pinnace rbac`
//! prints.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

use crate::commands::serve::admin;

/// How long it may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// What the server is started with.
pub(super) struct Setup {
    pub(super) data: PathBuf,
    pub(super) repo: String,
    pub(super) kubeconfig: PathBuf,
    pub(super) own_namespace: String,
    pub(super) senders: PathBuf,
    pub(super) barrier: PathBuf,
    pub(super) desk: PathBuf,
    pub(super) port: u16,
}

/// The running server. It is killed when this is dropped.
pub(super) struct Server {
    setup: Setup,
    child: Child,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(super) async fn start(setup: Setup) -> anyhow::Result<Self> {
        let child = spawn(&setup)?;
        let mut server = Self { setup, child };
        server.ready().await?;
        Ok(server)
    }

    /// The page's address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.setup.port)
    }

    /// Kills it as a power cut would, and starts it again on the same data.
    pub(super) async fn kill_and_start_again(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("killing the server")?;
        self.child = spawn(&self.setup)?;
        self.ready().await
    }

    /// A one-time link with which ann signs in.
    pub(super) async fn sign_in_link(&self) -> anyhow::Result<String> {
        admin::ask(&self.setup.data, "sign-in ann").await
    }

    /// What git, cluster and database do not agree about.
    pub(super) async fn disagreements(&self) -> anyhow::Result<String> {
        admin::ask(&self.setup.data, "disagreements shop/demo").await
    }

    /// The newest pin, as JSON.
    pub(super) async fn newest_pin(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_str(&admin::ask(&self.setup.data, "newest-pin shop/demo").await?)?)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let answers = async {
            loop {
                // The door in the data folder opens last.
                if self.disagreements().await.is_ok() {
                    return anyhow::Ok(());
                }
                if let Some(status) = self.child.try_wait()? {
                    let log = std::fs::read_to_string(log_path(&self.setup.data)).unwrap_or_default();
                    bail!("the server ended ({status}):\n{log}");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, answers).await.context("the server did not come up in time")?
    }
}

fn log_path(data: &Path) -> PathBuf {
    data.join("server.log")
}

fn spawn(setup: &Setup) -> anyhow::Result<Child> {
    std::fs::create_dir_all(&setup.data)?;
    let log = File::options().create(true).append(true).open(log_path(&setup.data))?;
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command
        .arg("serve")
        .args(["--repo", &setup.repo, "--listen", &format!("127.0.0.1:{}", setup.port)])
        .args(["--own-namespace", &setup.own_namespace, "--fetch-every", "1", "--public-read"])
        .arg("--data")
        .arg(&setup.data)
        .arg("--kubeconfig")
        .arg(&setup.kubeconfig)
        .arg("--senders")
        .arg(&setup.senders)
        .arg("--barrier")
        .arg(&setup.barrier)
        .arg("--demo-desk")
        .arg(&setup.desk)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().context("starting the server")
}
