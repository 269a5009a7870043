//! Clusters that stay up in the background until they are taken down, by name.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Access, DevClusterError, Options, cache_folder, kubeconfig, launch};
use crate::real_node::Inside;

/// A cluster in the background, found again by its name.
#[derive(Debug)]
pub struct NamedCluster {
    name: String,
    folder: PathBuf,
}

impl NamedCluster {
    /// The cluster of this name, running or not.
    pub fn new(name: &str) -> Result<Self, DevClusterError> {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain {
            let why = std::io::Error::other("only letters, digits and `-` make a name");
            return Err(DevClusterError::io(format!("take `{name}` as a cluster's name"))(why));
        }
        Ok(Self { name: name.to_owned(), folder: named_folder()?.join(name) })
    }

    /// The names of the clusters that run.
    pub fn running() -> Result<Vec<String>, DevClusterError> {
        let entries = fs::read_dir(named_folder()?).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> = entries
            .filter(|entry| is_alive(&entry.path()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Starts the cluster unless it runs. Its kubeconfig has one context, named like the cluster.
    pub async fn up(&self, options: &Options) -> Result<(), DevClusterError> {
        if self.is_up() {
            return Ok(());
        }
        let _ = fs::remove_dir_all(&self.folder);
        let (process, access) = launch(&self.folder, options, &["--background"]).await?;
        process.leave_running();
        kubeconfig::write(&self.kubeconfig(), &[(&self.name, &access)])?;
        write_state(&self.state(), &access)
    }

    /// Ends the cluster and forgets all that was in it.
    pub async fn down(&self) -> Result<(), DevClusterError> {
        if let Some(access) = self.access().filter(|_| self.is_up())
            && let Some(pid) = Pid::from_raw(access.pid)
        {
            kill_process(pid, Signal::TERM)
                .map_err(|error| DevClusterError::io(format!("end the cluster `{}`", self.name))(error.into()))?;
        }
        // A real node's containers take a moment to end.
        for _ in 0..1500 {
            if !self.is_up() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DevClusterError::io(format!("remove {}", self.folder.display()))(error))
            }
            _ => Ok(()),
        }
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        is_alive(&self.folder)
    }

    /// Where its kubeconfig is while it runs.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("context.kubeconfig")
    }

    /// The address of its API server while it runs.
    pub fn server(&self) -> Option<String> {
        self.access().map(|access| access.server)
    }

    /// How to reach what runs on its real node, if it has one.
    pub fn inside(&self) -> Option<Inside> {
        self.access()?.node
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    fn access(&self) -> Option<Access> {
        serde_json::from_slice(&fs::read(self.state()).ok()?).ok()
    }
}

fn named_folder() -> Result<PathBuf, DevClusterError> {
    Ok(cache_folder()?.join("devcluster-named"))
}

/// Whether a supervisor holds its lock in this folder: true only while it lives.
pub(super) fn is_alive(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join("alive")) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Written aside and renamed, so that nobody reads half of it.
pub(super) fn write_state(path: &Path, access: &Access) -> Result<(), DevClusterError> {
    let text =
        serde_json::to_vec(access).map_err(std::io::Error::other).map_err(DevClusterError::io("write a state"))?;
    let aside = path.with_extension("part");
    fs::write(&aside, text)
        .and_then(|()| fs::rename(&aside, path))
        .map_err(DevClusterError::io(format!("write {}", path.display())))
}
