//! A real PostgreSQL on loopback: Debian's, with a folder of its own.

use std::fs;
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use crate::served::free_port;
use crate::unprivileged::{self, given_away};

/// Where Debian puts its programs, a folder for each major version.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// What a server says that finds the memory of the one before in use.
const STILL_USED: &str = "pre-existing shared memory block";
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(50);
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// A server that ends when it is dropped.
pub struct DevPostgres {
    port: u16,
    child: Child,
    folder: TempDir,
}

impl DevPostgres {
    /// The role that may do everything.
    pub const ADMIN: &str = "postgres";
    /// Its password, which needs escapes wherever it is written.
    pub const PASSWORD: &str = "ad@min:/%?#'\"\\ pass";

    /// Makes a new server and waits until it takes connections.
    pub async fn start() -> io::Result<Self> {
        let folder = TempDir::with_prefix("pinnace-postgres-")?;
        let (programs, data) = (programs()?, folder.path().join("data"));
        let password = folder.path().join("password");
        fs::write(&password, Self::PASSWORD)?;
        for path in [folder.path(), &password] {
            given_away(path)?;
        }
        let made = run(&programs.join("initdb"))
            .args(["--username", Self::ADMIN, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(&data)
            .output()
            .await?;
        if !made.status.success() {
            return Err(Error::other(format!("initdb: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let port = free_port()?;
        let child = serving(&programs, &data, port).await?;
        Ok(Self { port, child, folder })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once, as a lost machine does, and starts it again on what it wrote.
    pub async fn crash(&mut self) -> io::Result<()> {
        self.child.kill().await?;
        let (programs, data) = (programs()?, self.folder.path().join("data"));
        let started = async {
            loop {
                match serving(&programs, &data, self.port).await {
                    // Its sessions live until they look whether it does.
                    Err(error) if error.to_string().contains(STILL_USED) => tokio::time::sleep(LOOKS_AGAIN_AFTER).await,
                    other => return other,
                }
            }
        };
        let started = tokio::time::timeout(STARTS_WITHIN, started).await;
        self.child = started.map_err(|_| Error::other("what was killed did not end"))??;
        Ok(())
    }
}

async fn serving(programs: &Path, data: &Path, port: u16) -> io::Result<Child> {
    let mut child = run(&programs.join("postgres"))
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        .args(["-c", "fsync=off", "-c", "max_connections=50", "-c", "log_statement=all"])
        .stderr(Stdio::piped())
        .spawn()?;
    let log = child.stderr.take().ok_or_else(|| Error::other("it has no standard error"))?;
    let ready = tokio::time::timeout(STARTS_WITHIN, ready(log)).await;
    ready.map_err(|_| Error::other("PostgreSQL did not become ready"))??;
    Ok(child)
}

/// Reads its log until it says that it is ready, and then for ever, so that it is never held up.
async fn ready(log: ChildStderr) -> io::Result<()> {
    let mut lines = BufReader::new(log).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if line.contains("database system is ready to accept connections") {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(Error::other(format!("PostgreSQL ended: {said}")))
}

/// A program that ends with us.
fn run(program: &Path) -> Command {
    let mut command = Command::from(unprivileged::run(program));
    command.kill_on_drop(true);
    command
}

/// Of the newest major version that is installed.
fn programs() -> io::Result<PathBuf> {
    let missing = |_| Error::other(format!("{PROGRAMS} is missing: install the Debian package postgresql"));
    let versions = fs::read_dir(PROGRAMS).map_err(missing)?;
    let versions = versions.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.max().ok_or_else(|| Error::other(format!("{PROGRAMS} holds no version")))?;
    Ok(Path::new(PROGRAMS).join(newest.to_string()).join("bin"))
}
