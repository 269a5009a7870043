//! The checkout that somebody works in: which files are theirs to commit, and what is staged. Nothing is changed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::git::{Call, Git, GitError};

/// Lists of so many bytes are read.
const LONGEST_LIST: usize = 64 << 20;
/// Files that are larger are left out: nobody writes secrets into them by hand.
const LARGEST_FILE: usize = 32 << 20;
/// Whoever owns it: no setting of its own that could start a program holds here.
const ANY_OWNER: &str = "safe.directory=*";

/// A checkout.
#[derive(Debug, Clone)]
pub struct Worktree {
    git: Git,
    folder: PathBuf,
}

/// A file as it would be committed.
#[derive(Debug)]
pub struct StagedFile {
    /// From the checkout's top.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Worktree {
    /// The checkout that this folder is in; none where there is no git repository.
    pub async fn around(folder: &Path) -> Result<Option<Self>, GitError> {
        let (git, action) = (Git::new()?, "find the checkout");
        let asked = call(&git, folder, "rev-parse", action).args(["--show-toplevel"]).finish().await?;
        if !asked.status.success() {
            return if asked.words.contains("not a git repository") { Ok(None) } else { Err(asked.failed(action)) };
        }
        let top = asked.stdout.strip_suffix(b"\n").unwrap_or(&asked.stdout).to_vec();
        Ok(Some(Self { git, folder: PathBuf::from(OsString::from_vec(top)) }))
    }

    /// Its top.
    pub fn top(&self) -> &Path {
        &self.folder
    }

    /// Every file that is tracked, or could be: what `.gitignore` leaves out is not among them. From the top, in order.
    pub async fn files(&self) -> Result<Vec<PathBuf>, GitError> {
        let call = call(&self.git, &self.folder, "ls-files", "list the checkout's files");
        let listed = call.args(["-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
        let listed = listed.at_most(LONGEST_LIST).bytes().await?;
        let mut paths: Vec<PathBuf> = fields(&listed).map(path).collect();
        paths.sort();
        Ok(paths)
    }

    /// What the next commit would change or add.
    pub async fn staged(&self) -> Result<Vec<StagedFile>, GitError> {
        let listed = call(&self.git, &self.folder, "diff", "list what is staged").args([
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--diff-filter=AMT",
            "--no-ext-diff",
        ]);
        let listed = listed.at_most(LONGEST_LIST).bytes().await?;
        let (mut files, mut fields) = (Vec::new(), fields(&listed));
        // `:100644 100644 OLD NEW M`, and the path.
        while let (Some(head), Some(name)) = (fields.next(), fields.next()) {
            let head = String::from_utf8_lossy(head);
            let mut words = head.split(' ').skip(1);
            let (Some(mode), Some(object)) = (words.next(), words.nth(1)) else { continue };
            let is_id = object.len() >= 40 && object.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !mode.starts_with("100") || !is_id {
                continue;
            }
            let read = call(&self.git, &self.folder, "cat-file", "read what is staged").args(["blob", object]);
            let read = read.cut_at(LARGEST_FILE).finish().await?;
            if read.cut {
                continue;
            }
            if !read.status.success() {
                return Err(read.failed("read what is staged"));
            }
            files.push(StagedFile { path: path(name), bytes: read.stdout });
        }
        Ok(files)
    }
}

/// In the folder of somebody who works there. A hook is told where the index is that will be committed.
fn call<'g>(git: &'g Git, folder: &Path, subcommand: &str, action: &'static str) -> Call<'g> {
    let mut call = git.call_with(&[ANY_OWNER.to_owned()], subcommand, action).work_in(folder);
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        if let Some(value) = std::env::var_os(name) {
            call = call.env(name, value);
        }
    }
    call
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|field| !field.is_empty())
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}
