//! Making a commit without a work tree. The same draft always gives the same commit id, so a redo is no second commit.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use model::CommitId;

use crate::git::GitError;

use super::path::checked_file;
use super::{Mirror, MirrorError, explain, printed_id};

/// Who writes or makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// Everything that a commit is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitDraft {
    /// The commit that it stands on.
    pub parent: CommitId,
    /// Whole new contents by path; every other file stays, and so does the mode of these.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that are no longer there.
    pub removed: BTreeSet<String>,
    /// Who decided.
    pub author: Identity,
    /// Who made it.
    pub committer: Identity,
    /// Its date, in seconds since the Unix epoch.
    pub date_seconds: i64,
    /// The whole message, trailers included.
    pub message: String,
}

const LONGEST_MESSAGE: usize = 64 << 10;
/// Paths in one argument list.
const AT_ONCE: usize = 200;

impl Mirror {
    /// Makes the commit in the mirror; nobody sees it before [`Mirror::push`].
    pub async fn create_commit(&self, draft: &CommitDraft) -> Result<CommitId, MirrorError> {
        self.check(draft)?;
        let _in_place = self.in_place().await;
        let parent_tree = self.id_here(&draft.parent, "").await?;
        let modes = self.modes(draft).await?;
        let index = self.private_index()?;
        let index_env = ("GIT_INDEX_FILE".to_owned(), index.path().join("index").into_os_string());
        let tree = self.write_tree(draft, &modes, index_env).await?;
        if parent_tree.as_deref() == Some(tree.as_str()) {
            return Err(MirrorError::NothingToCommit { parent: draft.parent.clone() });
        }
        self.commit_tree(draft, &tree).await
    }

    fn check(&self, draft: &CommitDraft) -> Result<(), MirrorError> {
        let limits = &self.inner.limits;
        let refuse = |why: String| Err(MirrorError::Draft { why });
        for (path, content) in &draft.files {
            checked_file(path)?;
            let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
            if size > limits.file_bytes {
                return Err(MirrorError::TooBig { path: path.clone(), size, limit: limits.file_bytes });
            }
        }
        for path in &draft.removed {
            checked_file(path)?;
        }
        let changed = draft.files.len() + draft.removed.len();
        if changed == 0 || changed > limits.files {
            return refuse(format!("it changes {changed} files; change 1 to {}", limits.files));
        }
        for Identity { name, email } in [&draft.author, &draft.committer] {
            if !is_ident(name) || !is_ident(email) {
                let shown = name.escape_debug();
                return refuse(format!(
                    "the name or address of `{shown}` is empty or holds `<`, `>` or a control character; correct it in `pinnace.yaml`"
                ));
            }
        }
        if draft.message.trim().is_empty() || draft.message.contains('\0') || draft.message.len() > LONGEST_MESSAGE {
            return refuse("its message is empty, holds a zero byte or is longer than 64 KiB; shorten it".to_owned());
        }
        if draft.date_seconds < 0 {
            return refuse("its date is before 1970; check the clock".to_owned());
        }
        Ok(())
    }

    /// The modes of those files that are there already. Whatever else stands in the way of a file is refused.
    async fn modes(&self, draft: &CommitDraft) -> Result<BTreeMap<String, String>, MirrorError> {
        let mut modes = BTreeMap::new();
        let paths: Vec<&str> = draft.files.keys().map(String::as_str).collect();
        for some in paths.chunks(AT_ONCE) {
            let call = self.local("ls-tree", "look at the files to change").at_most(1 << 20);
            let call = call
                .args(["-z", "--full-tree"])
                .outside(std::iter::once(draft.parent.as_str()).chain(some.iter().copied()));
            let listing = match call.text().await {
                Ok(listing) => listing,
                Err(error) => return Err(self.about(&draft.parent, error).await),
            };
            for line in listing.split_terminator('\0') {
                let (facts, path) = line.split_once('\t').unwrap_or((line, ""));
                let mode = facts.split(' ').next().unwrap_or_default();
                match mode {
                    "100644" | "100755" => modes.insert(path.to_owned(), mode.to_owned()),
                    "120000" => return Err(MirrorError::NotAFile { path: path.to_owned(), what: "symbolic link" }),
                    "160000" => return Err(MirrorError::NotAFile { path: path.to_owned(), what: "submodule" }),
                    _ => return Err(MirrorError::NotAFile { path: path.to_owned(), what: "directory" }),
                };
            }
        }
        Ok(modes)
    }

    fn private_index(&self) -> Result<tempfile::TempDir, MirrorError> {
        let home = self.inner.remote.git.home();
        tempfile::tempdir_in(home).map_err(|source| MirrorError::Io {
            action: "make room for an index in",
            path: home.to_owned(),
            source,
        })
    }

    async fn write_tree(
        &self,
        draft: &CommitDraft,
        modes: &BTreeMap<String, String>,
        index: (String, OsString),
    ) -> Result<String, MirrorError> {
        let index = [index];
        let read = self.local("read-tree", "read the parent's tree").envs(&index);
        read.args([draft.parent.as_str()]).bytes().await.map_err(explain::local)?;
        let mut entries = Vec::new();
        for (path, content) in &draft.files {
            let write = self.local("hash-object", "write a file").args(["-w", "--stdin"]).stdin(content.clone());
            let blob = write.text().await.map_err(explain::local)?;
            let mode = modes.get(path).map_or("100644", String::as_str);
            entries.push(format!("{mode},{},{path}", blob.trim()));
        }
        for some in entries.chunks(AT_ONCE) {
            // Without `--replace`, git refuses a file where a directory is, and the other way round.
            let update = self.local("update-index", "put the files into the tree").envs(&index).args(["--add"]);
            let update = some.iter().fold(update, |call, entry| call.args(["--cacheinfo", entry.as_str()]));
            update.bytes().await.map_err(in_the_way)?;
        }
        if !draft.removed.is_empty() {
            // `--force-remove` wants a work tree, and a bare mirror has none. The mode 0 takes an entry out.
            let nothing = "0".repeat(40);
            let entry = |all: String, path: &String| all + &format!("0 {nothing}\t{path}\0");
            let entries = draft.removed.iter().fold(String::new(), entry);
            let update = self.local("update-index", "take the files out of the tree").envs(&index);
            let update = update.args(["-z", "--index-info"]).stdin(entries.into_bytes());
            update.bytes().await.map_err(explain::local)?;
        }
        let tree = self.local("write-tree", "write the tree").envs(&index).text().await.map_err(explain::local)?;
        Ok(tree.trim().to_owned())
    }

    async fn commit_tree(&self, draft: &CommitDraft, tree: &str) -> Result<CommitId, MirrorError> {
        let action = "make the commit";
        let date = format!("@{} +0000", draft.date_seconds);
        let call = self
            .local("commit-tree", action)
            .args([tree, "-p", draft.parent.as_str(), "-F", "-"])
            .env("GIT_AUTHOR_NAME", &draft.author.name)
            .env("GIT_AUTHOR_EMAIL", &draft.author.email)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", &draft.committer.name)
            .env("GIT_COMMITTER_EMAIL", &draft.committer.email)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(draft.message.clone().into_bytes());
        printed_id(&call.text().await.map_err(explain::local)?, action)
    }
}

fn is_ident(text: &str) -> bool {
    // Git strips these from the ends; what is left must be something.
    let bare = text.trim_matches(|c: char| c.is_whitespace() || ".,:;\"\\'".contains(c));
    !bare.is_empty() && text.len() <= 300 && !text.chars().any(|c| c.is_control() || c == '<' || c == '>')
}

fn in_the_way(error: GitError) -> MirrorError {
    match error {
        GitError::Failed { words, .. } if !explain::tells_of_damage(&words) => MirrorError::Draft {
            why: format!(
                "a file would stand where a directory is, or the other way round ({words}); name another path"
            ),
        },
        other => explain::local(other),
    }
}
