//! A program that runs as a pod would run it: not as root, with a few variables, and all that it says kept.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use testkit::unprivileged;

const SAYS_WITHIN: Duration = Duration::from_mins(2);

/// It ends with the test, and all that it started.
pub(crate) struct Program {
    child: Child,
    said: Receiver<String>,
}

impl Program {
    pub(crate) fn start(program: &str, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = prepared(program, arguments, env);
        // What it starts says the same way what it has to say.
        let (reading, writing) = std::io::pipe().unwrap();
        command.stdout(writing.try_clone().unwrap()).stderr(writing).process_group(0);
        let child = command.spawn().unwrap();
        drop(command);
        let (say, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reading).split(b'\n').map_while(Result::ok) {
                let _ = say.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { child, said }
    }

    /// Waits until it says something, and gives all that it said until then.
    pub(crate) fn until(&mut self, words: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.said.recv_timeout(SAYS_WITHIN);
            let line = line.unwrap_or_else(|why| panic!("it never said `{words}` ({why}):\n{all}"));
            all = all + &line + "\n";
            if all.contains(words) {
                return all;
            }
        }
    }

    /// Waits until it ends by itself, and gives what it said.
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let said = self.said.iter().collect::<Vec<String>>().join("\n");
        (self.child.wait().unwrap(), said)
    }

    pub(crate) fn tell(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// With all that it started, as a machine that is lost does.
    pub(crate) fn kill(&mut self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a program that ends by itself ends well.
pub(crate) fn ends_well(program: &str, arguments: &[&str], env: &[(&str, &str)]) -> bool {
    prepared(program, arguments, env).stderr(Stdio::null()).status().unwrap().success()
}

/// A folder that such a program may write to.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::TempDir::with_prefix("pinnace-local-").unwrap();
    unprivileged::given_away(folder.path()).unwrap();
    folder
}

/// Writes a file that such a program may read.
pub(crate) fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    unprivileged::given_away(path).unwrap();
}

fn prepared(program: &str, arguments: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = unprivileged::run(Path::new(program));
    command.args(arguments).env("PATH", "/usr/bin:/bin").envs(env.iter().copied());
    command
}
