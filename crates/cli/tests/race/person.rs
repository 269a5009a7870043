//! A person with a clone of their own, who pulls and pushes as people do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use testkit::GitRemote;

/// Bob's clone.
pub(crate) struct Clone {
    folder: PathBuf,
    /// His commits that are on the remote.
    pub(crate) pushed: Vec<String>,
    /// How often somebody else was faster.
    pub(crate) lost: u32,
    /// The longest that one commit took him until it was on the remote.
    pub(crate) slowest: Duration,
}

impl Clone {
    pub(crate) fn of(remote: &GitRemote, folder: &Path) -> Self {
        let clone = Self { folder: folder.to_owned(), pushed: Vec::new(), lost: 0, slowest: Duration::ZERO };
        std::fs::create_dir_all(folder).unwrap();
        clone.git(&["clone", "--quiet", &remote.file_url(), "."]);
        clone
    }

    /// Changes a file, commits, and pushes; pulls and tries again when somebody else was faster.
    pub(crate) fn commit(&mut self, path: &str, change: impl Fn(&str) -> String) {
        let began = Instant::now();
        self.git(&["pull", "--quiet", "--rebase"]);
        let file = self.folder.join(path);
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, change(&before)).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", &format!("Change {path}")]);
        while !self.run(&["push", "--quiet"]).status.success() {
            self.lost += 1;
            self.git(&["pull", "--quiet", "--rebase"]);
        }
        self.pushed.push(self.git(&["rev-parse", "HEAD"]));
        self.slowest = self.slowest.max(began.elapsed());
    }

    fn git(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.current_dir(&self.folder).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("LC_ALL", "C")]);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Bob").env(format!("GIT_{who}_EMAIL"), "bob@example.org");
        }
        command.args(args).output().unwrap()
    }
}
