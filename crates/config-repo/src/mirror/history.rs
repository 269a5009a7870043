//! Reading commits: who, when, what they say, and how they stand to each other.

use std::fmt::Write as _;

use model::CommitId;

use crate::git::GitError;

use super::path::checked;
use super::{Mirror, MirrorError, explain, printed_id};

/// What a commit says about itself. Names and texts are as their authors wrote them: escape them where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its id.
    pub id: CommitId,
    /// Its parents, the first being the branch that it was made on.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author_name: String,
    /// The author's address.
    pub author_email: String,
    /// When it was committed, in seconds since the Unix epoch.
    pub date_seconds: i64,
    /// The first line of the message, cut at 500 characters.
    pub subject: String,
    /// The trailers of the message, in order.
    pub trailers: Vec<(String, String)>,
}

impl CommitInfo {
    /// The first trailer with that key; keys are compared as git does, without regard to case.
    pub fn trailer(&self, key: &str) -> Option<&str> {
        self.trailers.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }
}

/// One field each, ended by a zero byte, which no git text can hold.
pub(super) const FORMAT: &str = "--format=%H%x00%P%x00%an%x00%ae%x00%ct%x00%s%x00%(trailers:only=true,unfold=true)";
pub(super) const FIELDS: usize = 7;
const LONGEST_SUBJECT: usize = 500;
const LOG_BYTES: usize = 16 << 20;
const CHANGED_BYTES: usize = 1 << 20;
/// No range that is searched for a trailer is longer.
const SEARCHED: usize = 100_000;

impl Mirror {
    /// What one commit says about itself.
    pub async fn commit_info(&self, commit: &CommitId) -> Result<CommitInfo, MirrorError> {
        let _in_place = self.in_place().await;
        let found = self.log(&["--max-count=1".to_owned(), commit.to_string()], &[], commit).await?;
        found.into_iter().next().ok_or_else(|| MirrorError::UnknownCommit { id: commit.clone() })
    }

    /// The commits after `from` up to `to` that touch a path (empty: any), newest first, at most `max`.
    pub async fn log_range(
        &self,
        from: Option<&CommitId>,
        to: &CommitId,
        path: &str,
        max: usize,
    ) -> Result<Vec<CommitInfo>, MirrorError> {
        self.log_of(from, to, &[path], max).await
    }

    /// As [`Mirror::log_range`], of the commits that touch any of these paths, each once. No paths: none.
    pub async fn log_of(
        &self,
        from: Option<&CommitId>,
        to: &CommitId,
        paths: &[&str],
        max: usize,
    ) -> Result<Vec<CommitInfo>, MirrorError> {
        let paths = paths.iter().map(|path| checked(path)).collect::<Result<Vec<_>, _>>()?;
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let _in_place = self.in_place().await;
        let mut what = vec!["--topo-order".to_owned(), format!("--max-count={max}"), to.to_string()];
        what.extend(self.excluded(from).await?);
        // One path that means everything makes the others void.
        let paths = if paths.contains(&"") { &[] } else { paths.as_slice() };
        self.log(&what, paths, to).await
    }

    /// The paths of files that differ between two commits. None when there are too many to say.
    pub async fn changed_paths(&self, from: &CommitId, to: &CommitId) -> Result<Option<Vec<String>>, MirrorError> {
        let _in_place = self.in_place().await;
        let call = self.local("diff-tree", "compare two commits").at_most(CHANGED_BYTES);
        let call = call.args(["-r", "-z", "--name-only", "--no-renames"]).outside([from.as_str(), to.as_str()]);
        match call.text().await {
            Ok(listing) => Ok(Some(listing.split_terminator('\0').map(str::to_owned).collect())),
            Err(GitError::TooMuch { .. }) => Ok(None),
            Err(error) => Err(self.about(to, error).await),
        }
    }

    /// The newest commit after `after` up to `to` that carries the trailer.
    pub async fn find_by_trailer(
        &self,
        key: &str,
        value: &str,
        after: &CommitId,
        to: &CommitId,
    ) -> Result<Option<CommitId>, MirrorError> {
        let _in_place = self.in_place().await;
        let mut what = vec!["--topo-order".to_owned(), format!("--max-count={SEARCHED}"), to.to_string()];
        what.extend(["--fixed-strings".to_owned(), format!("--grep={value}")]);
        what.extend(self.excluded(Some(after)).await?);
        let found = self.log(&what, &[], to).await?;
        let carries = |info: &CommitInfo| info.trailers.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value);
        Ok(found.into_iter().find(carries).map(|info| info.id))
    }

    /// Whether `older` is `newer` or in its past.
    pub async fn is_ancestor(&self, older: &CommitId, newer: &CommitId) -> Result<bool, MirrorError> {
        let _in_place = self.in_place().await;
        self.is_ancestor_here(older, newer).await
    }

    /// The git diff between two commits below a path (empty: all), cut at the limit with a line that says so.
    pub async fn diff(&self, from: &CommitId, to: &CommitId, path: &str) -> Result<String, MirrorError> {
        let path = checked(path)?;
        let _in_place = self.in_place().await;
        let limit = self.inner.limits.diff_bytes;
        let action = "compare two commits";
        let call = self.local("diff-tree", action).cut_at(limit);
        let call = call.args(["-p", "-r", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames"]);
        let done =
            call.args([from.as_str(), to.as_str(), "--"]).args(Some(path).filter(|p| !p.is_empty())).finish().await?;
        if !done.status.success() {
            self.demand(from).await?;
            self.demand(to).await?;
            return Err(explain::local(done.failed(action)));
        }
        let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
        if done.cut {
            text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
            // Writing to a String can't fail.
            let _always = writeln!(text, "(the rest is left out: longer than {limit} bytes)");
        }
        Ok(text)
    }

    pub(super) async fn is_ancestor_here(&self, older: &CommitId, newer: &CommitId) -> Result<bool, MirrorError> {
        let action = "compare two commits";
        let call = self.local("merge-base", action);
        let done = call.args(["--is-ancestor", older.as_str(), newer.as_str()]).finish().await?;
        match done.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => {
                self.demand(older).await?;
                self.demand(newer).await?;
                Err(explain::local(done.failed(action)))
            }
        }
    }

    pub(super) async fn has_commit(&self, commit: &CommitId) -> Result<bool, MirrorError> {
        let call = self.local("cat-file", "look up a commit").args(["-e", &format!("{commit}^{{commit}}")]);
        Ok(call.finish().await?.status.success())
    }

    async fn demand(&self, commit: &CommitId) -> Result<(), MirrorError> {
        if self.has_commit(commit).await? { Ok(()) } else { Err(MirrorError::UnknownCommit { id: commit.clone() }) }
    }

    async fn excluded(&self, from: Option<&CommitId>) -> Result<Option<String>, MirrorError> {
        if let Some(from) = from {
            self.demand(from).await?;
        }
        Ok(from.map(|from| format!("^{from}")))
    }

    /// `what` holds only what we wrote ourselves and commit ids.
    async fn log(&self, what: &[String], paths: &[&str], of: &CommitId) -> Result<Vec<CommitInfo>, MirrorError> {
        let call = self.local("log", "read the history").at_most(LOG_BYTES);
        let call = call.args(["-z", FORMAT, "--no-notes", "--no-decorate", "--no-color", "--no-mailmap"]);
        let call = call.args(what).args(["--"]).args(paths);
        match call.text().await {
            Ok(text) => parse_log(&text),
            Err(error @ GitError::Failed { .. }) => Err(self.about(of, error).await),
            Err(error) => Err(explain::local(error)),
        }
    }
}

fn parse_log(text: &str) -> Result<Vec<CommitInfo>, MirrorError> {
    let fields: Vec<&str> = text.strip_suffix('\0').unwrap_or(text).split('\0').collect();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    fields.chunks(FIELDS).map(parse_commit).collect()
}

pub(super) fn parse_commit(fields: &[&str]) -> Result<CommitInfo, MirrorError> {
    let action = "read the history";
    let [id, parents, name, email, date, subject, trailers] = fields else {
        return Err(MirrorError::Corrupt { words: "an odd commit in the history".to_owned() });
    };
    let parents = parents.split_ascii_whitespace().map(|id| printed_id(id, action)).collect::<Result<_, _>>()?;
    Ok(CommitInfo {
        id: printed_id(id, action)?,
        parents,
        author_name: (*name).to_owned(),
        author_email: (*email).to_owned(),
        date_seconds: date.parse().unwrap_or(0),
        subject: subject.chars().take(LONGEST_SUBJECT).collect(),
        trailers: trailers.lines().filter_map(trailer).collect(),
    })
}

fn trailer(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(':')?;
    Some((key.trim().to_owned(), value.trim().to_owned()))
}
