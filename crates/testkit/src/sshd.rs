//! A git host over SSH: the real `sshd`, one process a connection, behind a listener of ours on loopback.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::{JoinHandle, JoinSet};

use crate::GitRemote;

/// A git host over SSH on loopback that lets one key in; stopped when dropped.
#[derive(Debug)]
pub struct Sshd {
    dir: TempDir,
    repository: PathBuf,
    user: String,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Debian's path; sshd wants to be started by its full name.
const PROGRAM: &str = "/usr/sbin/sshd";

impl Sshd {
    /// Serves the remote to whoever has [`Sshd::key`], as the user who runs this.
    pub async fn serve(remote: &GitRemote) -> std::io::Result<Self> {
        let dir = TempDir::new()?;
        for name in ["host", "other_host", "client", "stranger"] {
            let file = dir.path().join(name);
            output(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(file))
                .await?;
        }
        let user = output(Command::new("id").arg("-un")).await?;
        if user == "root" {
            // sshd started by root insists on this one directory.
            fs::create_dir_all("/run/sshd")?;
        }
        fs::copy(dir.path().join("client.pub"), dir.path().join("authorized_keys"))?;
        fs::write(dir.path().join("sshd_config"), config(dir.path()))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, dir.path().join("sshd_config")));
        Ok(Self { dir, repository: remote.path().to_owned(), user: user.clone(), address, task })
    }

    /// The address of the remote.
    pub fn url(&self) -> String {
        format!("ssh://{}@{}{}", self.user, self.address, self.repository.display())
    }

    /// The private key that is let in.
    pub fn key(&self) -> PathBuf {
        self.dir.path().join("client")
    }

    /// A private key that is not let in.
    pub fn strange_key(&self) -> PathBuf {
        self.dir.path().join("stranger")
    }

    /// The `known_hosts` line of the host as it is.
    pub fn known_hosts(&self) -> std::io::Result<String> {
        self.line_of("host")
    }

    /// A `known_hosts` line of the host with another key: what one has after the host was reinstalled, or replaced.
    pub fn outdated_known_hosts(&self) -> std::io::Result<String> {
        self.line_of("other_host")
    }

    fn line_of(&self, key: &str) -> std::io::Result<String> {
        let public = fs::read_to_string(self.dir.path().join(format!("{key}.pub")))?;
        Ok(format!("[{}]:{} {}", self.address.ip(), self.address.port(), public.trim_end()))
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // The set of connections goes with the task, and each child is killed when dropped.
        self.task.abort();
    }
}

fn config(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "HostKey {dir}/host\n\
         AuthorizedKeysFile {dir}/authorized_keys\n\
         PidFile none\n\
         StrictModes no\n\
         UsePAM no\n\
         PermitRootLogin prohibit-password\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         AllowTcpForwarding no\n\
         PermitUserEnvironment no\n\
         ForceCommand git shell -c \"$SSH_ORIGINAL_COMMAND\"\n"
    )
}

async fn accept(listener: TcpListener, config: PathBuf) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(mut child) = connection(stream, &config) {
            connections.spawn(async move { child.wait().await });
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One sshd for one connection, as inetd would start it.
fn connection(stream: TcpStream, config: &Path) -> std::io::Result<Child> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    let socket: OwnedFd = stream.into();
    Command::new(PROGRAM)
        .args(["-i", "-e", "-f"])
        .arg(config)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::from(socket.try_clone()?))
        .stdout(Stdio::from(socket))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

async fn output(command: &mut Command) -> std::io::Result<String> {
    let done = command.stdin(Stdio::null()).output().await?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
    } else {
        Err(std::io::Error::other(String::from_utf8_lossy(&done.stderr).into_owned()))
    }
}
