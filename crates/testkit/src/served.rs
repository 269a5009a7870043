//! `pinnace serve` as a process of its own, with exactly the rights that it is given: what the demo shows and what tests of
//! the whole binary play with. What people and CI do with it is done by a [`Visitor`], over HTTP.

mod rights;
mod visitor;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

pub use rights::{printed_rights, write_narrow_kubeconfig};
pub use visitor::Visitor;

/// How long it may take until it answers, on a machine that has much else to do.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks at what can't be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The `pinnace` binary.
    pub program: PathBuf,
    /// Its data folder; `server.log` is written there too.
    pub data: PathBuf,
    /// The config repo's address.
    pub repo: String,
    /// The config file in it.
    pub config_file: String,
    /// The kubeconfig, and with it the rights.
    pub kubeconfig: PathBuf,
    /// Pinnace's own namespace in the cluster.
    pub own_namespace: String,
    /// The file with the keys of those who announce builds.
    pub senders: PathBuf,
    /// The port of the page; see [`free_port`].
    pub port: u16,
    /// More arguments of `pinnace serve`.
    pub more: Vec<OsString>,
}

/// A running server. It is killed when this is dropped, and ends by itself when this process is killed.
#[derive(Debug)]
pub struct Served {
    setup: Setup,
    child: Child,
}

/// What went wrong with a server or with what was done with it.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// A file, process or socket could not be handled.
    #[error("failed to {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended by itself.
    #[error("the server ended ({status}):\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// What it said.
        log: String,
    },
    /// It did not answer, or not in time.
    #[error("the server did not answer `{request}` in time")]
    Silent {
        /// What was asked.
        request: String,
    },
    /// It answered with no.
    #[error("{request}: the server said {said}")]
    Refused {
        /// What was asked.
        request: String,
        /// What it said, with the HTTP status if there is one.
        said: String,
    },
    /// It could not be spoken to.
    #[error("failed to {action} at the server")]
    Http {
        /// What was tried.
        action: String,
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
    /// The rights could not be set up.
    #[error("failed to set up the server's rights")]
    Rights(#[source] Box<cluster::ClusterError>),
}

impl ServedError {
    fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

/// A port of loopback that nobody uses now.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Served {
    /// Starts it and waits until it answers.
    pub async fn start(setup: Setup) -> Result<Self, ServedError> {
        let child = spawn(&setup)?;
        let mut server = Self { setup, child };
        server.ready().await?;
        Ok(server)
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.setup.port)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.setup.data
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) -> Result<(), ServedError> {
        self.child.kill().await.map_err(ServedError::io("kill the server"))
    }

    /// Kills it as a power cut would, and starts it again on the same data.
    pub async fn kill_and_start_again(&mut self) -> Result<(), ServedError> {
        self.kill().await?;
        self.child = spawn(&self.setup)?;
        self.ready().await
    }

    /// A one-time link with which a person signs in.
    pub async fn sign_in_link(&self, person: &str) -> Result<String, ServedError> {
        self.ask(&format!("sign-in {person}")).await
    }

    /// What git, cluster and database do not agree about; `none` when they do.
    pub async fn disagreements(&self, instance: &str) -> Result<String, ServedError> {
        self.ask(&format!("disagreements {instance}")).await
    }

    /// The newest pin of an instance, and what is verified there.
    pub async fn newest_pin(&self, instance: &str) -> Result<Value, ServedError> {
        let request = format!("newest-pin {instance}");
        let said = self.ask(&request).await?;
        serde_json::from_str(&said).map_err(|_| ServedError::Refused { request, said })
    }

    /// Waits until the newest pin of an instance is so; says what it saw instead when that takes too long.
    pub async fn until(
        &self,
        what: &str,
        instance: &str,
        within: Duration,
        mut is_so: impl FnMut(&Value) -> bool,
    ) -> Result<Value, ServedError> {
        let waiting = async {
            loop {
                let seen = self.newest_pin(instance).await?;
                if is_so(&seen) {
                    return Ok(seen);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(within, waiting).await {
            Ok(seen) => seen,
            Err(_) => Err(ServedError::Refused {
                request: format!("waited in vain for {what}"),
                said: self.newest_pin(instance).await?.to_string(),
            }),
        }
    }

    /// Asks at the door for whoever owns the data folder.
    async fn ask(&self, request: &str) -> Result<String, ServedError> {
        let door = self.setup.data.join("db").join("admin.sock");
        let asked = async {
            let mut stream = UnixStream::connect(&door).await?;
            stream.write_all(format!("{request}\n").as_bytes()).await?;
            let mut said = String::new();
            stream.read_to_string(&mut said).await?;
            Ok(said)
        };
        let said = tokio::time::timeout(ANSWER_WITHIN, asked)
            .await
            .map_err(|_| ServedError::Silent { request: request.to_owned() })?
            .map_err(ServedError::io(format!("ask the server `{request}`")))?;
        match said.trim().split_once(' ') {
            Some(("ok", answer)) => Ok(answer.to_owned()),
            _ => Err(ServedError::Refused { request: request.to_owned(), said }),
        }
    }

    async fn ready(&mut self) -> Result<(), ServedError> {
        let answers = async {
            loop {
                // The door in the data folder opens last; any answer will do.
                if matches!(self.ask("ready").await, Err(ServedError::Refused { .. })) {
                    return Ok(());
                }
                let ended = self.child.try_wait().map_err(ServedError::io("look at the server"))?;
                if let Some(status) = ended {
                    let log = fs::read_to_string(log_path(&self.setup.data)).unwrap_or_default();
                    return Err(ServedError::Ended { status, log });
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let in_time = tokio::time::timeout(READY_WITHIN, answers).await;
        in_time.unwrap_or_else(|_| Err(ServedError::Silent { request: "are you up".to_owned() }))
    }
}

fn log_path(data: &Path) -> PathBuf {
    data.join("server.log")
}

fn spawn(setup: &Setup) -> Result<Child, ServedError> {
    fs::create_dir_all(&setup.data).map_err(ServedError::io(format!("make {}", setup.data.display())))?;
    let log = log_path(&setup.data);
    let log = File::options().create(true).append(true).open(&log).map_err(ServedError::io("open the server's log"))?;
    let mut command = Command::new(&setup.program);
    command
        .arg("serve")
        .args(["--repo", &setup.repo, "--config-file", &setup.config_file])
        .args(["--listen", &format!("127.0.0.1:{}", setup.port)])
        .args(["--own-namespace", &setup.own_namespace, "--fetch-every", "1", "--until-stdin-ends"])
        .arg("--data")
        .arg(&setup.data)
        .arg("--kubeconfig")
        .arg(&setup.kubeconfig)
        .arg("--senders")
        .arg(&setup.senders)
        .args(&setup.more)
        // Ctrl-C is for us, who end it in order; and however we end, its stdin ends with us.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().map_err(ServedError::io(format!("start {}", setup.program.display())))
}
