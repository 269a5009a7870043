//! What the history of the config repo says about an instance: whether it changed, and by whom.

use config_repo::{CommitInfo, Instance};
use model::{CommitId, CommitLine};

use crate::inner::Inner;
use crate::trouble::Trouble;

impl Inner {
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
        for path in &instance.paths {
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
        let mut newest: Option<CommitInfo> = None;
        for path in &instance.paths {
            let found = self.mirror.log_range(None, commit, path, 1).await.unwrap_or_default();
            newest = newest.into_iter().chain(found).max_by_key(|info| info.date_seconds);
        }
        newest
    }
}
