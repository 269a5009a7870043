//! Amazon as far as moto plays it, on loopback: it keeps what it is told as Amazon does, and checks no signature.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Error};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::devcluster::cache_folder;
use crate::served::free_port;

/// From Python's packages, installed beside the test cluster's binaries by the first test that needs it.
const VERSION: &str = "5.2.5";
const STARTS_WITHIN: Duration = Duration::from_mins(5);

/// An Amazon that ends when it is dropped.
#[derive(Debug)]
pub struct DevMoto {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl DevMoto {
    /// Starts a new one, which holds nothing.
    pub async fn start() -> io::Result<Self> {
        let (port, folder) = (free_port()?, TempDir::with_prefix("pinnace-moto-")?);
        let (tell, told) = oneshot::channel();
        let home = folder.path().to_owned();
        // In a thread that lives as long as it does: what a thread started ends with that thread.
        std::thread::spawn(move || match started(port, &home) {
            Ok((child, log)) => {
                if tell.send(Ok(child)).is_ok() {
                    log.lines().map_while(Result::ok).for_each(drop);
                }
            }
            Err(error) => drop(tell.send(Err(error))),
        });
        let told = tokio::time::timeout(STARTS_WITHIN, told).await;
        let child = told.map_err(|_| Error::other("moto did not become ready"))?;
        let child = child.map_err(|_| Error::other("the thread that starts moto ended"))??;
        Ok(Self { port, child, _folder: folder })
    }

    /// Its address, for all services.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for DevMoto {
    fn drop(&mut self) {
        // One that ended already is no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(port: u16, home: &Path) -> io::Result<(Child, BufReader<ChildStderr>)> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(installed()?.join("bin/python"));
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    command.env("HOME", home).current_dir(home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut log = BufReader::new(child.stderr.take().ok_or_else(|| Error::other("it has no standard error"))?);
    let mut said = String::new();
    while !said.contains("Running on http") {
        if log.read_line(&mut said)? == 0 {
            return Err(Error::other(format!("moto ended: {said}")));
        }
    }
    Ok((child, log))
}

/// The folder that it is installed in.
fn installed() -> io::Result<PathBuf> {
    // It takes a minute: tests of one process wait for the first of them.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = cache_folder().map_err(Error::other)?.join(format!("moto-{VERSION}"));
    if folder.exists() {
        return Ok(folder);
    }
    let part = folder.with_extension(format!("{}.part", std::process::id()));
    run(Command::new("python3").args(["-m", "venv"]).arg(&part))?;
    let package = format!("moto[rds,server]=={VERSION}");
    run(Command::new(part.join("bin/python")).args(["-m", "pip", "install", "--quiet", &package]))?;
    if fs::rename(&part, &folder).is_err() {
        // Another was faster.
        fs::remove_dir_all(&part)?;
    }
    Ok(folder)
}

fn run(command: &mut Command) -> io::Result<()> {
    let done = command.output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(Error::other(format!("{command:?}: {said}"))) }
}
