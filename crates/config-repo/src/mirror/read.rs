//! Reading files out of a commit's tree, with bounds, and never through a symbolic link.

use std::collections::BTreeMap;

use model::CommitId;

use crate::git::GitError;

use super::path::checked;
use super::together::Files;
use super::{Mirror, MirrorError, explain};

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path from the root.
    pub path: String,
    /// The id of its content.
    pub blob: String,
    /// `100644`, or `100755` when executable.
    pub mode: String,
    /// Its length in bytes.
    pub size: u64,
}

/// No listing is longer: 10,000 files with paths of 1,000 bytes are 11 MB.
const LISTING_BYTES: usize = 32 << 20;

impl Mirror {
    /// The files at or below a path (empty: the root), by path. A path that is not there gives none.
    ///
    /// A symbolic link or submodule there is an error with its path.
    pub async fn list_files(&self, commit: &CommitId, path: &str) -> Result<Vec<TreeEntry>, MirrorError> {
        let path = checked(path)?;
        let _in_place = self.in_place().await;
        let entries = self.list_here(commit, path).await?;
        if entries.is_empty() {
            self.refuse_links_on_the_way(commit, path).await?;
        }
        Ok(entries)
    }

    /// The id of the tree or file at a path: equal ids mean equal content. None when nothing is there.
    pub async fn tree_id(&self, commit: &CommitId, path: &str) -> Result<Option<String>, MirrorError> {
        let path = checked(path)?;
        let _in_place = self.in_place().await;
        self.id_here(commit, path).await
    }

    /// The content of all files at or below each of the paths.
    pub async fn read_files(
        &self,
        commit: &CommitId,
        paths: &[&str],
    ) -> Result<BTreeMap<String, Vec<u8>>, MirrorError> {
        let paths = paths.iter().map(|path| Ok(checked(path)?.to_owned())).collect::<Result<_, MirrorError>>()?;
        self.read_with_others(commit, paths).await
    }

    pub(super) async fn read_alone(&self, commit: &CommitId, paths: &[String]) -> Result<Files, MirrorError> {
        let mut entries = BTreeMap::new();
        for path in paths {
            let listed = self.list_files(commit, path).await?;
            entries.extend(listed.into_iter().map(|entry| (entry.path.clone(), entry)));
            self.refuse_too_much(path, &entries)?;
        }
        let _in_place = self.in_place().await;
        self.contents_here(entries.into_values().collect()).await
    }

    fn refuse_too_much(&self, path: &str, entries: &BTreeMap<String, TreeEntry>) -> Result<(), MirrorError> {
        let limits = &self.inner.limits;
        if let Some(big) = entries.values().find(|entry| entry.size > limits.file_bytes) {
            return Err(MirrorError::TooBig { path: big.path.clone(), size: big.size, limit: limits.file_bytes });
        }
        if entries.len() > limits.files {
            return Err(too_many(path, limits.files));
        }
        if entries.values().map(|entry| entry.size).sum::<u64>() > limits.total_bytes {
            return Err(MirrorError::TooMuch { path: path.to_owned(), limit: limits.total_bytes, unit: "bytes" });
        }
        Ok(())
    }

    async fn list_here(&self, commit: &CommitId, path: &str) -> Result<Vec<TreeEntry>, MirrorError> {
        let below: &[&str] = if path.is_empty() { &[] } else { &[path] };
        let listing = match self.listed(commit, below).await {
            Ok(listing) => listing,
            Err(GitError::TooMuch { .. }) => return Err(too_many(path, self.inner.limits.files)),
            Err(error) => return Err(self.about(commit, error).await),
        };
        let mut entries = Vec::new();
        for line in listing.split(|&byte| byte == 0).filter(|line| !line.is_empty()) {
            entries.push(parse_entry(line)?);
            if entries.len() > self.inner.limits.files {
                return Err(too_many(path, self.inner.limits.files));
            }
        }
        Ok(entries)
    }

    /// The files at or below all of these paths, as git prints them.
    pub(super) async fn listed(&self, commit: &CommitId, below: &[&str]) -> Result<Vec<u8>, GitError> {
        let call = self.local("ls-tree", "list the files of a commit").at_most(LISTING_BYTES);
        let call = call.args(["-r", "-z", "-l", "--full-tree"]);
        call.outside(std::iter::once(commit.as_str()).chain(below.iter().copied())).bytes().await
    }

    /// Nothing below `a/b/c` may mean that `a` is a link: that is told, for "empty" would be taken as a fact.
    pub(super) async fn refuse_links_on_the_way(&self, commit: &CommitId, path: &str) -> Result<(), MirrorError> {
        for (end, _) in path.match_indices('/') {
            let ancestor = path.get(..end).unwrap_or_default();
            let call = self.local("ls-tree", "list a directory of a commit").args(["-z", "-l", "--full-tree"]);
            let line = call.outside([commit.as_str(), ancestor]).bytes().await.map_err(explain::local)?;
            if line.starts_with(b"120000") || line.starts_with(b"160000") {
                parse_entry(line.strip_suffix(b"\0").unwrap_or(&line))?;
            }
        }
        Ok(())
    }

    pub(super) async fn id_here(&self, commit: &CommitId, path: &str) -> Result<Option<String>, MirrorError> {
        let action = "look up a path of a commit";
        let asked = if path.is_empty() { format!("{commit}^{{tree}}\n") } else { format!("{commit}:{path}\n") };
        let input = format!("{commit}^{{commit}}\n{asked}");
        let call = self.local("cat-file", action).args(["--batch-check=%(objecttype) %(objectname)", "--buffer"]);
        let said = call.stdin(input.into_bytes()).text().await.map_err(explain::local)?;
        let mut lines = said.lines();
        if !lines.next().is_some_and(|line| line.starts_with("commit ")) {
            return Err(MirrorError::UnknownCommit { id: commit.clone() });
        }
        let found = lines.next().and_then(|line| line.strip_prefix("tree ").or_else(|| line.strip_prefix("blob ")));
        Ok(found.map(str::to_owned))
    }

    pub(super) async fn contents_here(
        &self,
        entries: Vec<TreeEntry>,
    ) -> Result<BTreeMap<String, Vec<u8>>, MirrorError> {
        let action = "read files of a commit";
        if entries.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut input = String::new();
        let mut room = 0;
        for entry in &entries {
            input.push_str(&entry.blob);
            input.push('\n');
            // Header, content, line feed.
            room += 128 + usize::try_from(entry.size).unwrap_or(usize::MAX / 2);
        }
        let call = self.local("cat-file", action).args(["--batch", "--buffer"]).stdin(input.into_bytes()).at_most(room);
        let done = call.finish().await?;
        if !done.status.success() {
            return Err(explain::local(done.failed(action)));
        }
        let mut rest = done.stdout.as_slice();
        let mut files = BTreeMap::new();
        for entry in entries {
            let (content, after) = next_content(rest, &entry).ok_or_else(|| MirrorError::Corrupt {
                words: format!("can't read `{}`; {}", entry.path, done.words),
            })?;
            files.insert(entry.path, content.to_vec());
            rest = after;
        }
        Ok(files)
    }

    /// What a failed read of a commit means.
    pub(super) async fn about(&self, commit: &CommitId, error: GitError) -> MirrorError {
        match self.has_commit(commit).await {
            Ok(false) => MirrorError::UnknownCommit { id: commit.clone() },
            _ => explain::local(error),
        }
    }
}

/// Reads `<mode> <type> <id> <size>\t<path>`.
pub(super) fn parse_entry(line: &[u8]) -> Result<TreeEntry, MirrorError> {
    let line = String::from_utf8_lossy(line);
    let odd = || MirrorError::Corrupt { words: format!("an odd tree entry: {}", line.escape_debug()) };
    let (facts, path) = line.split_once('\t').ok_or_else(odd)?;
    let mut facts = facts.split_ascii_whitespace();
    let (Some(mode), Some(_), Some(blob), Some(size)) = (facts.next(), facts.next(), facts.next(), facts.next()) else {
        return Err(odd());
    };
    let refused = |what| Err(MirrorError::NotAFile { path: path.to_owned(), what });
    match mode {
        "120000" => return refused("symbolic link"),
        "160000" => return refused("submodule"),
        _ => {}
    }
    if path.contains(char::REPLACEMENT_CHARACTER) || path.chars().any(char::is_control) {
        let why = "it is not UTF-8 or holds a control character";
        return Err(MirrorError::BadPath { path: path.escape_debug().to_string(), why });
    }
    let size = size.parse().map_err(|_| odd())?;
    Ok(TreeEntry { path: path.to_owned(), blob: blob.to_owned(), mode: mode.to_owned(), size })
}

/// Takes the next `<id> blob <size>\n<content>\n` off the answer.
fn next_content<'a>(rest: &'a [u8], entry: &TreeEntry) -> Option<(&'a [u8], &'a [u8])> {
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    let header = std::str::from_utf8(rest.get(..end)?).ok()?;
    if header != format!("{} blob {}", entry.blob, entry.size) {
        return None;
    }
    let (content, after) = rest.get(end + 1..)?.split_at_checked(usize::try_from(entry.size).ok()?)?;
    Some((content, after.strip_prefix(b"\n")?))
}

fn too_many(path: &str, limit: usize) -> MirrorError {
    MirrorError::TooMuch { path: path.to_owned(), limit: u64::try_from(limit).unwrap_or(u64::MAX), unit: "files" }
}
