//! Opening: a healthy directory is taken as it is, a missing or damaged one is cloned beside and swapped in.

use std::fs;
use std::path::Path;

use model::CommitId;

use crate::git::GitError;

use super::files::{beside, remove_dir, remove_stale_locks, rename, write_private};
use super::remote::Remote;
use super::{BranchName, Limits, MirrorError, accepted_ref, fetched_ref, printed_id};

/// Holds the id of a head that a new clone no longer contains, until a person accepts the new one.
const LOST_HEAD: &str = "pinnace-lost-head";

/// Makes `dir` a usable mirror and gives the accepted head.
pub(super) async fn prepare(
    dir: &Path,
    remote: &Remote,
    branch: &BranchName,
    limits: &Limits,
) -> Result<CommitId, MirrorError> {
    if dir.exists() {
        remove_stale_locks(dir);
        match accepted_head(dir, remote, branch, limits).await {
            Ok(head) => return Ok(head),
            Err(MirrorError::Git(GitError::NotStarted { action, source })) => {
                return Err(MirrorError::Git(GitError::NotStarted { action, source }));
            }
            Err(error) => tracing::warn!(dir = %dir.display(), %error, "the mirror is damaged and is cloned again"),
        }
    }
    clone_and_swap(dir, remote, branch, limits).await
}

/// Clones beside `dir`, then swaps. The head that was accepted before stays the head, so that a rewrite of the history
/// can't hide behind a damaged disk.
pub(super) async fn clone_and_swap(
    dir: &Path,
    remote: &Remote,
    branch: &BranchName,
    limits: &Limits,
) -> Result<CommitId, MirrorError> {
    let (new, broken) = (beside(dir, "new"), beside(dir, "broken"));
    // A process that died between the two renames below left the old mirror under its other name.
    let before = remembered_head(dir, branch).or_else(|| remembered_head(&broken, branch));
    remove_dir(&new)?;
    let there = clone(&new, remote, branch, limits).await?;
    let head = match before {
        Some(before) if before != there => keep_head(&new, remote, branch, limits, before, &there).await?,
        _ => there,
    };
    if dir.exists() {
        remove_dir(&broken)?;
        rename(dir, &broken)?;
    }
    rename(&new, dir)?;
    remove_dir(&broken)?;
    Ok(head)
}

/// The head that is kept though the remote no longer has it in its past, if that is so.
pub(super) fn lost_head(dir: &Path) -> Option<CommitId> {
    fs::read_to_string(dir.join(LOST_HEAD)).ok()?.trim().parse().ok()
}

pub(super) fn forget_lost_head(dir: &Path) {
    // Missing is what we want; a file that can't be removed only makes a person confirm once more.
    let _gone = fs::remove_file(dir.join(LOST_HEAD));
}

async fn accepted_head(
    dir: &Path,
    remote: &Remote,
    branch: &BranchName,
    limits: &Limits,
) -> Result<CommitId, MirrorError> {
    let local = |subcommand, action| remote.git.call(subcommand, action).dir(dir).within(limits.local);
    let name = accepted_ref(branch);
    let action = "read the accepted head";
    let id = printed_id(&local("rev-parse", action).args(["--verify", "--quiet", &name]).text().await?, action)?;
    let check = local("fsck", "check the mirror")
        .args(["--connectivity-only", "--no-dangling", "--no-reflogs", "--no-progress", id.as_str()])
        .bytes()
        .await;
    match check {
        // Too big to check in the time given: damage shows when it is read.
        Ok(_) | Err(GitError::TimedOut { .. }) => Ok(lost_head(dir).unwrap_or(id)),
        Err(error) => Err(error.into()),
    }
}

/// The accepted head as the files of a perhaps damaged mirror have it.
fn remembered_head(dir: &Path, branch: &BranchName) -> Option<CommitId> {
    let name = accepted_ref(branch);
    let loose = || fs::read_to_string(dir.join(&name)).ok()?.trim().parse().ok();
    let packed = || {
        let all = fs::read_to_string(dir.join("packed-refs")).ok()?;
        all.lines().find_map(|line| line.strip_suffix(name.as_str())?.trim().parse().ok())
    };
    lost_head(dir).or_else(loose).or_else(packed)
}

async fn clone(new: &Path, remote: &Remote, branch: &BranchName, limits: &Limits) -> Result<CommitId, MirrorError> {
    init(new, remote, "sha1").await?;
    match fetch_into(new, remote, branch, limits).await {
        Err(MirrorError::Git(GitError::Failed { words, .. })) if words.contains("mismatched algorithms") => {
            remove_dir(new)?;
            init(new, remote, "sha256").await?;
            fetch_into(new, remote, branch, limits).await?;
        }
        other => other?,
    }
    let action = "read the cloned head";
    let call = remote.git.call("rev-parse", action).dir(new).args(["--verify", "--quiet", &fetched_ref(branch)]);
    let head = printed_id(&call.text().await?, action)?;
    set_accepted(new, remote, branch, &head).await?;
    Ok(head)
}

pub(super) async fn init(dir: &Path, remote: &Remote, format: &str) -> Result<(), MirrorError> {
    let format = format!("--object-format={format}");
    // No template: no sample hooks, no info/attributes.
    let call = remote.git.call("init", "make a bare repository").args(["--bare", "--quiet", "--template=", &format]);
    call.outside([dir]).bytes().await?;
    Ok(())
}

async fn fetch_into(dir: &Path, remote: &Remote, branch: &BranchName, limits: &Limits) -> Result<(), MirrorError> {
    let call = remote.call("fetch", "clone the config repo", dir, limits).within(limits.clone);
    super::fetch::run(call, remote, branch).await
}

async fn set_accepted(dir: &Path, remote: &Remote, branch: &BranchName, head: &CommitId) -> Result<(), MirrorError> {
    let call = remote.git.call("update-ref", "note the accepted head").dir(dir);
    call.args([accepted_ref(branch).as_str(), head.as_str()]).bytes().await?;
    Ok(())
}

/// After a new clone: the old head when it is in the past of the new one is just forgotten; else it stays the head.
async fn keep_head(
    new: &Path,
    remote: &Remote,
    branch: &BranchName,
    limits: &Limits,
    before: CommitId,
    there: &CommitId,
) -> Result<CommitId, MirrorError> {
    let call = remote.git.call("merge-base", "compare two heads").dir(new).within(limits.local);
    let done = call.args(["--is-ancestor", before.as_str(), there.as_str()]).finish().await?;
    if done.status.success() {
        set_accepted(new, remote, branch, &before).await?;
    } else {
        write_private(&new.join(LOST_HEAD), before.as_str().as_bytes())?;
    }
    Ok(before)
}
