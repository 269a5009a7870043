//! What the history of the config repo says about an instance: whether it changed, and by whom.

use config_repo::{CommitInfo, Instance};
use model::{CommitId, CommitLine};

use crate::inner::Inner;
use crate::sources;
use crate::trouble::Trouble;

impl Inner {
    /// Everything that an instance takes from, as far as it is known.
    pub(crate) fn reads(&self, instance: &Instance) -> Vec<String> {
        let mut paths = sources::named(instance);
        paths.extend(self.beyond.of(&instance.id));
        paths
    }

    /// Whether two commits hold the same files of an instance.
    pub(crate) async fn same_files(
        &self,
        instance: &Instance,
        one: &CommitId,
        other: &CommitId,
    ) -> Result<bool, Trouble> {
        if one == other {
            return Ok(true);
        }
        // What a kustomization names is known once it was read, and the same as long as the files are.
        if !self.beyond.knows(&instance.id, one)
            && let Err(Trouble::Wait(why)) = self.read(instance, one).await
        {
            return Err(Trouble::Wait(why));
        }
        let reads = self.reads(instance);
        if let Some(touched) = self.comparisons.between(&self.mirror, one, other).await?.touches(&reads) {
            return Ok(!touched);
        }
        for path in &reads {
            if self.mirror.tree_id(one, path).await? != self.mirror.tree_id(other, path).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The newest commit that touched an instance, as people are shown it.
    pub(crate) async fn pushed_by(&self, instance: &Instance, head: &CommitId) -> Result<CommitLine, Trouble> {
        let newest = self.newest_touching(instance, head).await;
        let info = match newest {
            Some(info) => info,
            None => self.mirror.commit_info(head).await?,
        };
        let subject = secrets::clip(&self.redacted(&info.subject), 200);
        Ok(CommitLine { commit: info.id, author: self.redacted(&info.author_name), subject })
    }

    /// `commit 1234abcd by Bob`: the newest one up to here that touched the instance, whom people would ask.
    pub(crate) async fn last_touched(&self, instance: &Instance, commit: &CommitId) -> String {
        match self.newest_touching(instance, commit).await {
            Some(info) => format!("commit {} by {}", info.id.short(), self.redacted(&info.author_name)),
            None => format!("commit {}", commit.short()),
        }
    }

    /// The newest commit up to here that touched the instance.
    pub(crate) async fn newest_touching(&self, instance: &Instance, commit: &CommitId) -> Option<CommitInfo> {
        let found = self.commits_touching(instance, None, commit, 1).await;
        found.unwrap_or_default().into_iter().next()
    }

    /// The commits after `from` up to `to` that touched the instance, newest first, at most `max`.
    pub(crate) async fn commits_touching(
        &self,
        instance: &Instance,
        from: Option<&CommitId>,
        to: &CommitId,
        max: usize,
    ) -> Result<Vec<CommitInfo>, Trouble> {
        let paths = self.reads(instance);
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        Ok(self.mirror.log_of(from, to, &paths, max).await?)
    }
}
