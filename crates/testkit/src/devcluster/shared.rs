//! One cluster for all tests of a run, whichever processes they are in.
//!
//! Who uses it holds a shared lock on `users`; the cluster's supervisor looks whether it can have that lock for itself,
//! and ends after some seconds in which it could. The kernel lets go of the locks of a killed process, so nobody counts.
//! `users.start` is held by whoever looks for the cluster or starts it, and by the supervisor while it ends.

use std::fs::{self, File};
use std::path::Path;

use super::{Access, DevCluster, DevClusterError, Options, binaries, launch, named};

/// Finds the shared cluster or starts it.
pub(super) async fn join() -> Result<DevCluster, DevClusterError> {
    let binary = binaries().await?.devcluster;
    let folder = binary.parent().unwrap_or(Path::new("/")).join("shared");
    fs::create_dir_all(&folder).map_err(DevClusterError::io(format!("make {}", folder.display())))?;
    let gate = lock_file(&folder.join("users.start"))?;
    let gate = tokio::task::spawn_blocking(move || gate.lock().map(|()| gate))
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(DevClusterError::io("wait for the shared cluster"))?;
    let users = lock_file(&folder.join("users"))?;
    users.lock_shared().map_err(DevClusterError::io("lock the shared cluster"))?;
    let access = match running(&folder) {
        Some(access) => access,
        None => start(&folder).await?,
    };
    drop(gate);
    Ok(DevCluster { process: None, access, _user_lock: Some(users) })
}

fn running(folder: &Path) -> Option<Access> {
    if !named::is_alive(&folder.join("cluster")) {
        return None;
    }
    serde_json::from_slice(&fs::read(folder.join("users.json")).ok()?).ok()
}

async fn start(folder: &Path) -> Result<Access, DevClusterError> {
    let cluster = folder.join("cluster");
    let _ = fs::remove_dir_all(&cluster);
    let lock = format!("--while-locked={}", folder.join("users").display());
    let (process, access) = launch(&cluster, &Options::default(), &["--ephemeral", &lock]).await?;
    process.leave_running();
    named::write_state(&folder.join("users.json"), &access)?;
    Ok(access)
}

fn lock_file(path: &Path) -> Result<File, DevClusterError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(DevClusterError::io(format!("open {}", path.display())))
}
