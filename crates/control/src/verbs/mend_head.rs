//! What people pushed does not work: it is tried again, or taken back in git.

use std::collections::{BTreeMap, BTreeSet};

use config_repo::Instance;
use model::{CommitId, FailedHead, InstanceFact, InstanceId, PersonName, Written};

use crate::Control;
use crate::authorize::Act;
use crate::effects::INSTANCE_TRAILER;
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::written::{Change, To, Wanted, Writer};

/// The trailer that names what a revert takes back.
const REVERTS_TRAILER: &str = "Pinnace-Reverts";

impl Control {
    /// Tries the failed HEAD of an instance again.
    pub async fn retry_head(&self, instance: &InstanceId, person: &PersonName) -> Result<(), Problem> {
        self.known(instance)?;
        self.allowed(person, Act::MendHead(instance))?;
        self.failed_head(instance).await?;
        Ok(self.inner.append_instance(instance, InstanceFact::RetryWanted { by: person.clone() }).await?)
    }

    /// Commits to the config repo that the instance's files are again what was verified, on the branch that is deployed from or, for
    /// review, on one of its own. Nothing else in it changes, and what came to other instances with the same commits stays.
    pub async fn revert_head(
        &self,
        instance: &InstanceId,
        person: &PersonName,
        as_branch: bool,
    ) -> Result<Written, Problem> {
        let configured = self.known(instance)?;
        self.allowed(person, Act::MendHead(instance))?;
        let failed = self.failed_head(instance).await?;
        let Some(verified) = self.inner.store.instance(instance).await?.verified else {
            let what = format!("nothing was verified in {instance} yet");
            return Err(Problem::new(ProblemCode::TooLate, what, "there is nothing to go back to: push what works"));
        };
        let branch = format!("pinnace/revert-{}", failed.head.by.commit.short());
        let to = if as_branch { To::Branch(branch) } else { To::Head };
        let wanted = Wanted::Revert { failed: &failed, verified: &verified.commit };
        let writer = Writer { person, effect: "push revert" };
        let written = self.inner.write(&configured, writer, &to, &wanted).await;
        written.map_err(|trouble| not_reverted(instance, &trouble))
    }

    async fn failed_head(&self, instance: &InstanceId) -> Result<FailedHead, Problem> {
        self.inner.store.instance(instance).await?.head_failure.ok_or_else(|| {
            let what = format!("nothing that was pushed fails in {instance}");
            Problem::new(ProblemCode::TooLate, what, "the page shows how it is")
        })
    }
}

impl Inner {
    /// What has to change at HEAD so that the instance's files are those of the verified commit. None where they are.
    pub(crate) async fn revert_as_change(
        &self,
        instance: &Instance,
        failed: &FailedHead,
        verified: &CommitId,
        head: &CommitId,
    ) -> Result<Option<Change>, Trouble> {
        let (files, removed) = self.change_to(instance, head, verified).await?;
        if files.is_empty() && removed.is_empty() {
            if !self.same_files(instance, verified, head).await? {
                let why = "what was changed lies in files that others take too; revert it by hand".to_owned();
                return Err(Trouble::Impossible(why));
            }
            return Ok(None);
        }
        let what = format!("revert of commit {}", failed.head.by.commit.short());
        Ok(Some(Change { files, removed, what, message: message(&instance.id, failed, verified) }))
    }

    /// The files of an instance that differ between HEAD and a verified commit, as that has them, and those that only HEAD has.
    pub(crate) async fn change_to(
        &self,
        instance: &Instance,
        head: &CommitId,
        verified: &CommitId,
    ) -> Result<(BTreeMap<String, Vec<u8>>, BTreeSet<String>), Trouble> {
        let paths: Vec<&str> = instance.paths.iter().map(String::as_str).collect();
        let (now, mut wanted) =
            (self.mirror.read_files(head, &paths).await?, self.mirror.read_files(verified, &paths).await?);
        let removed = now.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
        wanted.retain(|path, bytes| now.get(path) != Some(bytes));
        Ok((wanted, removed))
    }
}

fn message(instance: &InstanceId, failed: &FailedHead, verified: &CommitId) -> String {
    let by = &failed.head.by;
    format!(
        "{instance}: revert to commit {}\n\n{:.8} by {} (\"{}\") does not work: {}\n\n{REVERTS_TRAILER}: {}\n{INSTANCE_TRAILER}: {instance}\n",
        verified.short(),
        by.commit.as_str(),
        by.author,
        by.subject,
        failed.head.failure.sentence,
        by.commit,
    )
}

fn not_reverted(instance: &InstanceId, trouble: &Trouble) -> Problem {
    let next = "revert it by hand: `git revert`, and push";
    Problem::new(ProblemCode::Unavailable, format!("{instance} was not reverted: {trouble}"), next)
}
