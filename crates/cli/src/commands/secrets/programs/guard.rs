//! Plaintext for another program: a folder in memory that is gone when we are, however we end.
//!
//! Nobody can catch SIGKILL, so the folder belongs to a child. It makes the folder, holds the end of a pipe that only we hold
//! the other end of, and removes the folder when that closes: by our own doing, or because the kernel closed it. The ways
//! without a child fail where they matter: a path `/proc/PID/fd/N` can't be saved to by editors that write a new file and
//! rename it, and a mount of our own needs rights that people do not have on many machines.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _, stdin, stdout};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};

/// How the folders are called.
const PREFIX: &str = "pinnace-secrets-";

/// Keep a folder in memory for as long as standard input is open
#[derive(Debug, clap::Args)]
pub(in super::super) struct Guard {}

/// The child: says where the folder is, and waits.
pub(in super::super) fn run() -> anyhow::Result<ExitCode> {
    // What the terminal sends to our parent and the editor is not for us.
    let _ = rustix::process::setsid();
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).permissions(std::fs::Permissions::from_mode(0o700));
    let folder = builder.tempdir_in(render::engine::memory()?).context("making a folder in memory failed")?;
    // While this process lives the folder is in use, for whoever sweeps.
    let lock = File::open(folder.path()).context("locking the folder in memory failed")?;
    lock.lock_shared().context("locking the folder in memory failed")?;
    {
        let mut out = stdout().lock();
        writeln!(out, "{}", folder.path().display())
            .and_then(|()| out.flush())
            .context("nobody waits for the folder")?;
    }
    // Nothing is sent: this ends when the pipe is closed.
    let _ = stdin().lock().take(1).read_to_end(&mut Vec::new());
    folder.close().context("removing the folder in memory failed")?;
    Ok(ExitCode::SUCCESS)
}

/// A folder in memory that only we can look into.
pub(in super::super) struct Room {
    folder: PathBuf,
    child: Child,
}

impl Room {
    /// Refused where there is no memory to write to.
    pub(in super::super) fn open() -> anyhow::Result<Self> {
        render::engine::memory()?;
        // Where somebody ended both, the child too, its folder is there still.
        render::engine::sweep_memory(PREFIX);
        let mut command = Command::new("/proc/self/exe");
        command.args(["secrets", "guard"]).env_clear();
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting a child failed")?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).take(4096).read_line(&mut line).context("waiting for a folder in memory failed")?;
        }
        let Some(folder) = line.strip_suffix('\n').filter(|path| !path.is_empty()).map(PathBuf::from) else {
            let _ = child.wait();
            bail!("there is no folder in memory for what is in the clear; nothing was written");
        };
        Ok(Self { folder, child })
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        // Where somebody ended the child, this is left to us.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
