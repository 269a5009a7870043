//! A process that holds secrets leaves no image of its memory.

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use super::real::Real;

/// Started so that it may write a core dump, and aborted while it reads from the pipe `value`.
fn dumps(command: &str, folder: &Path) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -c unlimited; exec {command}")]).current_dir(folder);
    let mut child = shell.spawn().unwrap();
    // Opened when the other side has opened it.
    let pipe = OpenOptions::new().write(true).open(folder.join("value")).unwrap();
    assert!(Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    drop(pipe);
    assert_eq!(status.signal(), Some(6), "{status}");
    status.core_dumped()
}

#[test]
fn no_core_dump_is_left() {
    let desk = Real::new();
    assert!(Command::new("mkfifo").arg(desk.path().join("value")).status().unwrap().success());
    desk.write("s.yaml", desk.ours("s.yaml", "password: hunter22\n"));
    let pinnace = env!("CARGO_BIN_EXE_pinnace");
    let set = format!("{pinnace} secrets set --key-file key.txt --value-file value s.yaml password");
    assert!(!dumps(&set, desk.path()));
    // Where the system writes none at all, nothing was shown.
    if !dumps("cat value", desk.path()) {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "this system writes no core dumps");
    }
}
