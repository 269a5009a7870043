//! Bringing in what others pushed. Only forward: anything else stops and asks a person.

use std::sync::atomic::Ordering;

use model::CommitId;

use crate::git::Call;

use super::remote::Remote;
use super::{BranchName, Mirror, MirrorError, accepted_ref, explain, fetched_ref, open, printed_id};

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The head from now on.
    pub head: CommitId,
    /// The head before, when it was another one.
    pub previous: Option<CommitId>,
    /// A person accepted a head that does not have `previous` in its past.
    pub rewritten: bool,
}

impl Mirror {
    /// Fetches the branch and moves the head forward.
    ///
    /// A head that does not have ours in its past is [`MirrorError::HistoryRewritten`], a branch that is gone
    /// [`MirrorError::BranchMissing`]: in both cases the mirror stays as it is.
    pub async fn fetch(&self) -> Result<Fetched, MirrorError> {
        let _working = self.inner.work.lock().await;
        let fetched = match self.fetch_once().await {
            Err(error) if is_damage(&error) => {
                tracing::warn!(dir = %self.inner.dir.display(), %error, "the mirror is damaged and is cloned again");
                self.clone_again().await?;
                self.fetch_once().await
            }
            other => other,
        };
        self.pack_now_and_then().await;
        fetched
    }

    /// A person confirms the head that [`MirrorError::HistoryRewritten`] told of. The old commits are kept.
    pub async fn accept_rewrite(&self, new: &CommitId) -> Result<Fetched, MirrorError> {
        let _working = self.inner.work.lock().await;
        let _in_place = self.in_place().await;
        let inner = &self.inner;
        if self.fetched_head().await? != *new {
            return Err(MirrorError::NotTheRewrite { asked: new.clone() });
        }
        let old = self.head();
        if open::lost_head(&inner.dir).is_none() {
            let kept = format!("refs/pinnace/kept/{old}");
            self.update_ref(&kept, &old).await?;
        }
        self.update_ref(&accepted_ref(&inner.branch), new).await?;
        open::forget_lost_head(&inner.dir);
        self.set_head(new);
        Ok(Fetched { head: new.clone(), previous: Some(old), rewritten: true })
    }

    async fn fetch_once(&self) -> Result<Fetched, MirrorError> {
        let _in_place = self.in_place().await;
        let inner = &self.inner;
        super::files::remove_stale_locks(&inner.dir);
        run(self.distant("fetch", "fetch the config repo"), &inner.remote, &inner.branch).await?;
        let (old, new) = (self.head(), self.fetched_head().await?);
        if old == new {
            return Ok(Fetched { head: new, previous: None, rewritten: false });
        }
        let lost = open::lost_head(&inner.dir).is_some();
        if lost && !self.has_commit(&old).await? || !self.is_ancestor_here(&old, &new).await? {
            return Err(MirrorError::HistoryRewritten { branch: inner.branch.clone(), old, new });
        }
        self.update_ref(&accepted_ref(&inner.branch), &new).await?;
        open::forget_lost_head(&inner.dir);
        self.set_head(&new);
        Ok(Fetched { head: new, previous: Some(old), rewritten: false })
    }

    /// Small packs and loose objects would pile up for ever. What no ref holds stays for two weeks, so that a commit
    /// that waits to be pushed is not lost.
    async fn pack_now_and_then(&self) {
        let fetches = self.inner.fetches.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if !fetches.is_multiple_of(self.inner.limits.fetches_per_packing.max(1)) {
            return;
        }
        let _in_place = self.in_place().await;
        let settings = ["gc.auto=1000", "gc.autoPackLimit=20", "gc.pruneExpire=2.weeks.ago"].map(str::to_owned);
        let call = self.inner.remote.git.call_with(&settings, "gc", "pack the mirror").dir(&self.inner.dir);
        if let Err(error) = call.args(["--auto", "--quiet"]).within(self.inner.limits.clone).bytes().await {
            tracing::warn!(%error, "the mirror is not packed, it only takes more room");
        }
    }

    async fn clone_again(&self) -> Result<(), MirrorError> {
        let inner = &self.inner;
        let _nobody_reads = inner.swap.write().await;
        let head = open::clone_and_swap(&inner.dir, &inner.remote, &inner.branch, &inner.limits).await?;
        self.set_head(&head);
        Ok(())
    }

    pub(super) async fn update_ref(&self, name: &str, to: &CommitId) -> Result<(), MirrorError> {
        self.local("update-ref", "move a ref of the mirror").args([name, to.as_str()]).bytes().await?;
        Ok(())
    }

    async fn fetched_head(&self) -> Result<CommitId, MirrorError> {
        let action = "read the fetched head";
        let name = fetched_ref(&self.inner.branch);
        printed_id(&self.local("rev-parse", action).args(["--verify", "--quiet", &name]).text().await?, action)
    }
}

/// Fetches the branch into its ref for what the remote has.
pub(super) async fn run(call: Call<'_>, remote: &Remote, branch: &BranchName) -> Result<(), MirrorError> {
    let refspec = format!("+{}:{}", branch.full(), fetched_ref(branch));
    let call = call
        .args(["--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--quiet"])
        .outside([remote.url.for_git(), &refspec]);
    match call.bytes().await {
        Ok(_) => Ok(()),
        Err(crate::GitError::Failed { words, .. }) if words.contains("couldn't find remote ref") => {
            Err(MirrorError::BranchMissing { url: remote.url.clone(), branch: branch.clone() })
        }
        Err(error) => Err(remote.explain(error)),
    }
}

fn is_damage(error: &MirrorError) -> bool {
    match error {
        MirrorError::Corrupt { .. } => true,
        MirrorError::Git(crate::GitError::Failed { words, .. }) => explain::tells_of_damage(words),
        _ => false,
    }
}
