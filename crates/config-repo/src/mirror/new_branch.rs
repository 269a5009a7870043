//! A branch of its own for a commit that people are to review: made where there is none of that name, and never moved.

use model::CommitId;

use super::files::remove_stale_locks;
use super::push::{Verdict, lacks_rights, refused, verdict};
use super::{BranchName, Mirror, MirrorError, PushOutcome};

/// What the remote did with a new branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBranch {
    /// It is there, and is this commit.
    Made,
    /// There is one of that name already, at another commit.
    Taken {
        /// Whether that commit holds the same files on the same parent: most likely an answer of ours was lost.
        same: bool,
    },
    /// A hook, a protection rule or missing rights: trying again changes nothing.
    Refused {
        /// In the remote's own words.
        reason: String,
    },
}

const ACTION: &str = "make a branch in the config repo";

impl Mirror {
    /// Makes a branch of this name at a commit, if there is none.
    pub async fn push_new_branch(&self, commit: &CommitId, name: &BranchName) -> Result<NewBranch, MirrorError> {
        let _working = self.inner.work.lock().await;
        let _in_place = self.in_place().await;
        remove_stale_locks(&self.inner.dir);
        if let Some(there) = self.branch_there(name).await? {
            return self.taken(commit, &there).await;
        }
        let full = name.full();
        // The lease of nothing: it must not be there.
        let lease = format!("--force-with-lease={full}:");
        let call = self
            .distant("push", ACTION)
            .args(["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", &lease])
            .outside([self.url().for_git(), &format!("{commit}:{full}")]);
        let done = call.finish().await.map_err(|error| self.inner.remote.explain(error))?;
        let report = self.inner.remote.git.scrub(&String::from_utf8_lossy(&done.stdout));
        let verdict = verdict(&report);
        if verdict == Verdict::Pushed && done.status.success() {
            return Ok(NewBranch::Made);
        }
        // Somebody else may have made it in between.
        if let Some(there) = self.branch_there(name).await? {
            return self.taken(commit, &there).await;
        }
        match verdict {
            Verdict::Rejected(why) => Ok(told(refused(&why, &done.words))),
            _ if lacks_rights(&done.words) => Ok(told(refused("", &done.words))),
            _ => Err(self.inner.remote.explain(done.failed(ACTION))),
        }
    }

    async fn taken(&self, commit: &CommitId, there: &CommitId) -> Result<NewBranch, MirrorError> {
        if there == commit {
            return Ok(NewBranch::Made);
        }
        // One that we made lies in the mirror; what others pushed to other branches does not.
        if !self.has_commit(there).await? {
            return Ok(NewBranch::Taken { same: false });
        }
        let (ours, theirs) = (self.id_here(commit, "").await?, self.id_here(there, "").await?);
        let same = ours == theirs && self.commit_info(commit).await?.parents == self.commit_info(there).await?.parents;
        Ok(NewBranch::Taken { same })
    }
}

fn told(outcome: PushOutcome) -> NewBranch {
    match outcome {
        PushOutcome::Refused { reason } => NewBranch::Refused { reason },
        _ => NewBranch::Refused { reason: String::new() },
    }
}
