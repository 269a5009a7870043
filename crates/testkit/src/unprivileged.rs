//! Servers of Debian's that refuse to run as root, as children that end with us.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Gid, Uid, chown};
use rustix::process::geteuid;

/// Where we are root, they run as `nobody`.
const NOBODY: u32 = 65_534;

/// A program that ends with the thread that starts it, and does not run as root.
pub fn run(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if geteuid().is_root() {
        command.args(["--reuid", &NOBODY.to_string(), "--regid", &NOBODY.to_string(), "--clear-groups"]);
    }
    command.arg(program).env_clear().env("LC_ALL", "C.UTF-8").current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Lets such a program have a file or a folder.
pub fn given_away(path: &Path) -> io::Result<()> {
    if geteuid().is_root() {
        chown(path, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))?;
    }
    Ok(())
}
