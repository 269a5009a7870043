//! A real bare git repository to push to, and people who commit to it behind our back.
//!
//! All of it is synchronous and blocks for some milliseconds: call it from tests and set-up code only.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Something that the remote could not do.
#[derive(Debug, thiserror::Error)]
pub enum GitRemoteError {
    /// A file could not be written.
    #[error("failed to write `{}`", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Git did not do it.
    #[error("failed to run `git {}`: {words}", args.join(" "))]
    Git {
        /// What was run.
        args: Vec<String>,
        /// What it said.
        words: String,
    },
}

/// Somebody who commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: &'static str,
    /// Their address.
    pub email: &'static str,
}

impl Person {
    /// Ann, who releases.
    pub const ANN: Self = Self { name: "Ann", email: "ann@example.org" };
    /// Bob, who edits by hand.
    pub const BOB: Self = Self { name: "Bob", email: "bob@example.org" };
}

/// A bare repository with a branch `main`, removed when dropped.
#[derive(Debug)]
pub struct GitRemote {
    keep: Option<TempDir>,
    dir: PathBuf,
}

/// The branch that all of it is about.
const BRANCH: &str = "main";
/// The date of each commit, so that ids do not depend on the clock.
const DATE: &str = "@1700000000 +0000";

impl GitRemote {
    /// A bare repository in a temporary directory, whose first commit holds these files.
    pub fn bare(files: &[(&str, &str)]) -> Result<Self, GitRemoteError> {
        let keep = tempfile::Builder::new()
            .prefix("pinnace-remote-")
            .tempdir()
            .map_err(|source| GitRemoteError::Io { path: std::env::temp_dir(), source })?;
        let mut remote = Self::bare_in(&keep.path().join("config.git"), files)?;
        remote.keep = Some(keep);
        Ok(remote)
    }

    /// As [`GitRemote::bare`], in a directory that stays.
    pub fn bare_in(dir: &Path, files: &[(&str, &str)]) -> Result<Self, GitRemoteError> {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(|source| GitRemoteError::Io { path: parent.to_owned(), source })?;
        }
        let remote = Self { keep: None, dir: dir.to_owned() };
        let text = dir.to_string_lossy();
        run(&["init", "--quiet", "--bare", "--template=", "--initial-branch", BRANCH, &text], &[], b"")?;
        remote.git(&["config", "http.receivepack", "true"])?;
        remote.git(&["config", "gc.auto", "0"])?;
        remote.commit_files(Person::ANN, files, "Seed", None)?;
        Ok(remote)
    }

    /// A repository that is there already, and stays.
    pub fn at(dir: &Path) -> Self {
        Self { keep: None, dir: dir.to_owned() }
    }

    /// The repository's directory, which is also its address as a file remote.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Its address as a file remote, as a URL.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    /// The head of the branch.
    pub fn head(&self) -> Result<String, GitRemoteError> {
        self.git(&["rev-parse", "--verify", &format!("refs/heads/{BRANCH}")])
    }

    /// The content of a file at the head.
    pub fn file(&self, path: &str) -> Result<String, GitRemoteError> {
        let bytes = run(&["--git-dir", &self.dir.to_string_lossy(), "show", &format!("{BRANCH}:{path}")], &[], b"")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Somebody changes or adds one file on the branch; gives the new head.
    pub fn commit_as(&self, who: Person, path: &str, content: &str) -> Result<String, GitRemoteError> {
        let message = format!("Change {path}");
        self.commit_files(who, &[(path, content)], &message, Some(&self.head()?))
    }

    /// Somebody takes a file away; gives the new head.
    pub fn remove_as(&self, who: Person, path: &str) -> Result<String, GitRemoteError> {
        let nothing = "0".repeat(40);
        self.commit_tree(who, &[format!("0 {nothing}\t{path}")], &format!("Remove {path}"), Some(&self.head()?))
    }

    /// Somebody commits several files at once; gives the new head.
    pub fn commit_all_as(&self, who: Person, files: &[(&str, &str)]) -> Result<String, GitRemoteError> {
        self.commit_files(who, files, "Change files", Some(&self.head()?))
    }

    /// Somebody changes or adds many files in one commit; gives the new head.
    pub fn commit_many_as(&self, who: Person, files: &[(&str, &str)], message: &str) -> Result<String, GitRemoteError> {
        self.commit_files(who, files, message, Some(&self.head()?))
    }

    /// Somebody force-pushes: the branch gets a new history of one commit that holds only these files.
    pub fn rewrite_as(&self, who: Person, files: &[(&str, &str)]) -> Result<String, GitRemoteError> {
        self.commit_files(who, files, "Rewrite history", None)
    }

    /// Somebody deletes the branch.
    pub fn delete_branch(&self) -> Result<(), GitRemoteError> {
        self.git(&["update-ref", "-d", &format!("refs/heads/{BRANCH}")])?;
        Ok(())
    }

    /// Points the branch to any commit that the repository has.
    pub fn set_head(&self, commit: &str) -> Result<(), GitRemoteError> {
        self.git(&["update-ref", &format!("refs/heads/{BRANCH}"), commit])?;
        Ok(())
    }

    /// Installs a server-side hook (`pre-receive`, `update`, ...), a shell script without its first line.
    pub fn install_hook(&self, name: &str, script: &str) -> Result<(), GitRemoteError> {
        let hooks = self.dir.join("hooks");
        let path = hooks.join(name);
        let io = |source| GitRemoteError::Io { path: path.clone(), source };
        fs::create_dir_all(&hooks).map_err(io)?;
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).map_err(io)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(io)
    }

    /// Takes a hook away again.
    pub fn remove_hook(&self, name: &str) -> Result<(), GitRemoteError> {
        let path = self.dir.join("hooks").join(name);
        fs::remove_file(&path).map_err(|source| GitRemoteError::Io { path, source })
    }

    /// Any git command in the repository; gives what it printed, without the last line feed.
    pub fn git(&self, args: &[&str]) -> Result<String, GitRemoteError> {
        let mut all = vec!["--git-dir".to_owned(), self.dir.to_string_lossy().into_owned()];
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Ok(String::from_utf8_lossy(&run(&all, &[], b"")?).trim_end().to_owned())
    }

    /// Puts a tree entry of any mode at a path (a symbolic link is `120000` with its target as content).
    pub fn commit_entry(&self, who: Person, mode: &str, path: &str, content: &str) -> Result<String, GitRemoteError> {
        let parent = self.head()?;
        let blob = if mode == "160000" { parent.clone() } else { self.blob(content)? };
        self.commit_tree(who, &[format!("{mode} {blob}\t{path}")], "Put an entry", Some(&parent))
    }

    fn commit_files(
        &self,
        who: Person,
        files: &[(&str, &str)],
        message: &str,
        parent: Option<&str>,
    ) -> Result<String, GitRemoteError> {
        let blobs = self.blobs(files)?;
        let entries: Vec<String> =
            files.iter().zip(blobs).map(|((path, _), blob)| format!("100644 {blob}\t{path}")).collect();
        self.commit_tree(who, &entries, message, parent)
    }

    /// The ids of all contents, by one run of git however many there are.
    fn blobs(&self, files: &[(&str, &str)]) -> Result<Vec<String>, GitRemoteError> {
        let room = TempDir::new().map_err(|source| GitRemoteError::Io { path: std::env::temp_dir(), source })?;
        let mut paths = String::new();
        for (at, (_, content)) in files.iter().enumerate() {
            let path = room.path().join(at.to_string());
            fs::write(&path, content).map_err(|source| GitRemoteError::Io { path: path.clone(), source })?;
            paths += &format!("{}\n", path.display());
        }
        let dir = self.dir.to_string_lossy();
        let args = ["--git-dir", &dir, "hash-object", "-w", "--no-filters", "--stdin-paths"];
        Ok(text(run(&args, &[], paths.as_bytes())?).lines().map(str::to_owned).collect())
    }

    fn blob(&self, content: &str) -> Result<String, GitRemoteError> {
        let dir = self.dir.to_string_lossy();
        Ok(text(run(&["--git-dir", &dir, "hash-object", "-w", "--stdin"], &[], content.as_bytes())?))
    }

    fn commit_tree(
        &self,
        who: Person,
        entries: &[String],
        message: &str,
        parent: Option<&str>,
    ) -> Result<String, GitRemoteError> {
        let room = TempDir::new().map_err(|source| GitRemoteError::Io { path: std::env::temp_dir(), source })?;
        let index = room.path().join("index").to_string_lossy().into_owned();
        let (dir, index) = (self.dir.to_string_lossy(), [("GIT_INDEX_FILE", index.as_str())]);
        if let Some(parent) = parent {
            run(&["--git-dir", &dir, "read-tree", parent], &index, b"")?;
        }
        let lines = entries.iter().fold(String::new(), |lines, entry| lines + entry + "\n");
        run(&["--git-dir", &dir, "update-index", "--index-info"], &index, lines.as_bytes())?;
        let tree = text(run(&["--git-dir", &dir, "write-tree"], &index, b"")?);
        let mut args = vec!["--git-dir", &dir, "commit-tree", &tree, "-m", message];
        args.extend(parent.iter().flat_map(|parent| ["-p", parent]));
        let identity = [
            ("GIT_AUTHOR_NAME", who.name),
            ("GIT_AUTHOR_EMAIL", who.email),
            ("GIT_AUTHOR_DATE", DATE),
            ("GIT_COMMITTER_NAME", who.name),
            ("GIT_COMMITTER_EMAIL", who.email),
            ("GIT_COMMITTER_DATE", DATE),
        ];
        let commit = text(run(&args, &identity, b"")?);
        // With the old value: two people at once are refused, not lost.
        let branch = format!("refs/heads/{BRANCH}");
        let mut update = vec!["update-ref", branch.as_str(), commit.as_str()];
        update.extend(parent);
        self.git(&update)?;
        Ok(commit)
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

fn run(args: &[&str], env: &[(&str, &str)], input: &[u8]) -> Result<Vec<u8>, GitRemoteError> {
    let failed = |words: String| GitRemoteError::Git { args: args.iter().map(|&arg| arg.to_owned()).collect(), words };
    let mut command = Command::new("git");
    command.args(["-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*"]).args(args).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("LC_ALL", "C")]);
    command.envs(env.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let stdin = child.stdin.take();
    // It answers while it is still being told: each would wait for the other once a pipe is full.
    let (told, done) = std::thread::scope(|scope| {
        let told = scope.spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input)));
        let done = child.wait_with_output();
        (told.join(), done)
    });
    let done = done.map_err(|error| failed(error.to_string()))?;
    match told {
        Ok(Ok(())) if done.status.success() => Ok(done.stdout),
        Ok(Err(error)) if done.status.success() => Err(failed(error.to_string())),
        _ => Err(failed(String::from_utf8_lossy(&done.stderr).into_owned())),
    }
}
