//! Runs the git program: the only way by which anything here reaches a repository.
//!
//! A [`Git`] holds what every run has in common (an empty environment and home, the fixed settings, the secrets to
//! keep out of messages); a [`Call`] is one run with its time and output bounds. No shell is involved, values from
//! outside come after `--end-of-options`, and the whole process group dies at the limit or when the caller gives up.

mod error;
mod group;
mod pipes;
mod scrub;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};

pub use error::GitError;
pub(crate) use scrub::Scrubber;

use group::ProcessGroup;
use pipes::Pipes;

/// Settings that hold whatever a repository's own config file says.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.fsync=committed",
    "core.symlinks=false",
    "credential.helper=",
    "gc.auto=0",
    "fetch.unpackLimit=1",
    "gc.autoDetach=false",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "protocol.allow=never",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "diff.external=",
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

const STDERR_KEPT: usize = 64 * 1024;

/// The git program in a clean room of its own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Git {
    home: Arc<Home>,
    scrubber: Arc<Scrubber>,
}

#[derive(Debug)]
enum Home {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

/// What a finished run left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// Standard error, scrubbed of secrets and control characters.
    pub(crate) words: String,
    /// Standard output was longer than the bound and is cut.
    pub(crate) cut: bool,
}

/// One run of git, being put together.
#[must_use]
pub(crate) struct Call<'a> {
    git: &'a Git,
    action: &'static str,
    command: Command,
    stdin: Vec<u8>,
    within: Duration,
    at_most: usize,
    longest_file: Option<u64>,
    cut: bool,
}

impl Git {
    /// A clean room whose home is a new empty directory.
    pub fn new() -> Result<Self, GitError> {
        let home = tempfile::Builder::new()
            .prefix("pinnace-git-")
            .tempdir()
            .map_err(|source| GitError::NotStarted { action: "make a home for git", source })?;
        Ok(Self { home: Arc::new(Home::Temporary(home)), scrubber: Arc::default() })
    }

    /// The version of the program, as it says it (`2.39.5`).
    pub async fn version(&self) -> Result<String, GitError> {
        let said = self.call("version", "ask git for its version").text().await?;
        Ok(said.trim().trim_start_matches("git version ").to_owned())
    }

    /// As [`Git::new`], in a home that stays: it is emptied first, so it must belong to us alone.
    pub(crate) fn in_home(home: &Path, scrubber: Scrubber) -> std::io::Result<Self> {
        match std::fs::remove_dir_all(home) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(home)?,
        }
        Ok(Self { home: Arc::new(Home::Kept(home.to_owned())), scrubber: Arc::new(scrubber) })
    }

    /// The private directory that git takes for its home; files that a transport needs may be put here.
    pub(crate) fn home(&self) -> &Path {
        match &*self.home {
            Home::Kept(path) => path,
            Home::Temporary(dir) => dir.path(),
        }
    }

    pub(crate) fn scrub(&self, text: &str) -> String {
        self.scrubber.clean(text)
    }

    /// Starts putting together `git <subcommand>`; `action` completes "failed to ..." in errors.
    pub(crate) fn call(&self, subcommand: &str, action: &'static str) -> Call<'_> {
        self.call_with(&[], subcommand, action)
    }

    /// As [`Git::call`], with more settings of ours in front of the subcommand. Never for secrets: argv is public.
    pub(crate) fn call_with(&self, settings: &[String], subcommand: &str, action: &'static str) -> Call<'_> {
        let mut command = Command::new("git");
        command.env_clear().env("HOME", self.home()).envs(ENVIRONMENT.iter().copied());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for setting in SETTINGS.iter().copied().chain(settings.iter().map(String::as_str)) {
            command.arg("-c").arg(setting);
        }
        command.arg(subcommand).current_dir(self.home()).process_group(0).kill_on_drop(true);
        let within = Duration::from_secs(30);
        Call { git: self, action, command, stdin: Vec::new(), within, at_most: 1 << 20, longest_file: None, cut: false }
    }
}

impl Call<'_> {
    /// The repository to work in.
    pub(crate) fn dir(mut self, repository: &Path) -> Self {
        self.command.env("GIT_DIR", repository);
        self
    }

    /// The checkout of somebody who works there.
    pub(crate) fn work_in(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Arguments that we wrote ourselves, or ids that can't be taken for an option.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Values from outside, none of which git can take for an option. Nothing but values may follow.
    pub(crate) fn outside<A: AsRef<OsStr>>(mut self, values: impl IntoIterator<Item = A>) -> Self {
        self.command.arg("--end-of-options").args(values);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn envs(mut self, pairs: &[(String, OsString)]) -> Self {
        self.command.envs(pairs.iter().map(|(key, value)| (key, value)));
        self
    }

    pub(crate) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// The longest file that git, or a helper of its, may write.
    pub(crate) fn no_file_over(mut self, bytes: u64) -> Self {
        self.longest_file = Some(bytes);
        self
    }

    /// The bound on standard output; more than that is an error.
    pub(crate) fn at_most(mut self, bytes: usize) -> Self {
        self.at_most = bytes;
        self
    }

    /// The bound on standard output; more than that is cut off.
    pub(crate) fn cut_at(mut self, bytes: usize) -> Self {
        self.at_most = bytes;
        self.cut = true;
        self
    }

    /// Runs to the end, whatever the exit status.
    pub(crate) async fn finish(mut self) -> Result<Finished, GitError> {
        let action = self.action;
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|source| GitError::NotStarted { action, source })?;
        let mut group = ProcessGroup::of(&child);
        if let Some(bytes) = self.longest_file {
            group.limit_files(bytes);
        }
        let pipes = Pipes::take(&mut child);
        let run = Box::pin(run_to_end(&mut child, pipes, &self.stdin, self.at_most));
        let Ok(ended) = tokio::time::timeout(self.within, run).await else {
            group.stop(&mut child).await;
            return Err(GitError::TimedOut { action, after: self.within });
        };
        let (status, stdout, stderr) = ended.map_err(|source| GitError::Broken { action, source })?;
        let Some(status) = status else {
            group.stop(&mut child).await;
            if self.cut {
                return Ok(Finished { status: ExitStatus::default(), stdout, words: String::new(), cut: true });
            }
            return Err(GitError::TooMuch { action, limit: self.at_most });
        };
        group.ended();
        let words = self.git.scrub(&String::from_utf8_lossy(&stderr));
        Ok(Finished { status, stdout, words, cut: false })
    }

    /// Runs to the end and demands success; gives standard output.
    pub(crate) async fn bytes(self) -> Result<Vec<u8>, GitError> {
        let action = self.action;
        let done = self.finish().await?;
        if done.status.success() { Ok(done.stdout) } else { Err(done.failed(action)) }
    }

    /// As [`Call::bytes`], as text.
    pub(crate) async fn text(self) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }
}

impl Finished {
    /// The error of a run that ended badly.
    pub(crate) fn failed(&self, action: &'static str) -> GitError {
        GitError::Failed { action, code: self.status.code(), words: self.words.clone() }
    }
}

/// Exit status, standard output, standard error. No status: standard output went over its bound.
type Ended = (Option<ExitStatus>, Vec<u8>, Vec<u8>);

/// Feeds and drains all three pipes, then waits.
async fn run_to_end(child: &mut Child, pipes: Pipes, stdin: &[u8], at_most: usize) -> std::io::Result<Ended> {
    let (stdout, stderr, over) = pipes.pump(stdin, at_most, STDERR_KEPT).await?;
    let status = if over { None } else { Some(child.wait().await?) };
    Ok((status, stdout, stderr))
}
