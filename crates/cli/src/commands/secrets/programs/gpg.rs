//! The program `gpg`, for files that are for PGP keys: it opens and seals a file's key, some hundred bytes each time.
//!
//! The private key stays with gpg's agent, which may ask its owner for a passphrase. No value of a file passes through here.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrets::Secret;
use secrets::sops::{Fingerprint, PgpKey};

/// Somebody may have to find the card and type a passphrase.
const WITHIN: Duration = Duration::from_mins(5);
/// A file's key, sealed or open.
const MOST: u64 = 64 * 1024;
/// For every run. No server of keys is asked, and none of the person's settings adds a recipient.
const FIXED: [&str; 6] =
    ["--batch", "--quiet", "--no-tty", "--no-auto-key-locate", "--no-auto-key-retrieve", "--no-encrypt-to"];
/// What gpg needs to find its keys, and its agent to ask at the right place.
const KEPT: [&str; 13] = [
    "PATH",
    "HOME",
    "GNUPGHOME",
    "GPG_TTY",
    "TERM",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
];

/// Asks gpg, and remembers what it said when it could not.
#[derive(Default)]
pub(in super::super) struct Gpg {
    said: RefCell<Vec<String>>,
}

impl Gpg {
    pub(in super::super) fn open(&self, key: &PgpKey) -> Result<Secret<Vec<u8>>, String> {
        let opened = run(&["--decrypt"], key.sealed().as_bytes()).map(Secret::new);
        opened.inspect_err(|why| self.said.borrow_mut().push(format!("gpg said of {}: {why}", shown(&key.fingerprint))))
    }

    /// For exactly this key, whose owner the person names by naming the key: nobody else has to vouch for it.
    pub(in super::super) fn seal(key: &Fingerprint, part: &Secret<Vec<u8>>) -> Result<String, String> {
        let arguments =
            ["--armor", "--no-default-recipient", "--trust-model", "always", "--recipient", key.as_str(), "--encrypt"];
        String::from_utf8(run(&arguments, part.expose())?).map_err(|_| "gpg gave no text".to_owned())
    }

    /// Why it could not, since the last time that this was asked.
    pub(in super::super) fn said(&self) -> Option<String> {
        let said = std::mem::take(&mut *self.said.borrow_mut());
        (!said.is_empty()).then(|| said.join("; "))
    }
}

fn shown(text: &str) -> String {
    secrets::clip(&secrets::clean_terminal(text.trim()), 500).replace('\n', "; ")
}

/// Standard output of a run that went well.
fn run(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    if input.len() as u64 >= MOST {
        return Err("what is sealed is longer than a file's key".to_owned());
    }
    let mut command = Command::new("gpg");
    command.args(FIXED).args(arguments).env_clear();
    // Where people are asked for a passphrase, if they did not say it.
    if let Ok(terminal) = std::fs::read_link("/proc/self/fd/0")
        && io::stdin().is_terminal()
    {
        command.env("GPG_TTY", terminal);
    }
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no program `gpg` in PATH: install GnuPG".to_owned(),
        _ => format!("starting gpg failed: {error}"),
    })?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("gpg was started without its pipes".to_owned());
    };
    let (done, wait) = mpsc::channel();
    let input = Secret::new(input.to_vec());
    // Each pipe by itself: none waits until another is read.
    std::thread::spawn(move || {
        // Where gpg has ended before it read all, it has said why.
        let _ = stdin.write_all(input.expose());
    });
    let words = std::thread::spawn(move || bounded(stderr));
    std::thread::spawn(move || {
        let out = bounded(stdout);
        let _ = done.send((out, words.join().unwrap_or_default()));
    });
    let Ok((out, words)) = wait.recv_timeout(WITHIN) else {
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
        return Err(format!("gpg did not answer within {} seconds", WITHIN.as_secs()));
    };
    let status = child.wait().map_err(|error| format!("waiting for gpg failed: {error}"))?;
    if out.len() as u64 == MOST {
        return Err("gpg gave more than a file's key".to_owned());
    }
    if !status.success() || out.is_empty() {
        let words = shown(&String::from_utf8_lossy(&words));
        return Err(if words.is_empty() { format!("it gave nothing ({status})") } else { words });
    }
    Ok(out)
}

fn bounded(pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4096);
    let _ = pipe.take(MOST).read_to_end(&mut bytes);
    bytes
}
