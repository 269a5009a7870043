//! The program that `pinnace secrets exec` becomes: it goes on in our place, with our process id, and what it does is its own.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Comes back only where it can't be started: why, and the exit code that shells have for that. Its environment is ours without
/// these variables and with those.
pub(in super::super) fn become_it<'v>(
    program: &OsStr,
    arguments: &[OsString],
    without: &[&str],
    with: impl Iterator<Item = (&'v String, &'v [u8])>,
) -> (io::Error, u8) {
    let mut command = Command::new(program);
    command.args(arguments);
    for name in without {
        command.env_remove(name);
    }
    for (name, value) in with {
        command.env(name, OsStr::from_bytes(value));
    }
    let error = command.exec();
    let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
    (error, code)
}
