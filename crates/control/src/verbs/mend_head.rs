//! What people pushed does not work: it is tried again, or taken back in git.

use std::collections::{BTreeMap, BTreeSet};

use config_repo::{CommitDraft, Identity, Instance, PushOutcome};
use model::{CommitId, FailedHead, InstanceFact, InstanceId, PersonName};

use crate::Control;
use crate::authorize::Act;
use crate::effects::INSTANCE_TRAILER;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;

/// The trailer that names what a revert takes back.
const REVERTS_TRAILER: &str = "Pinnace-Reverts";
/// How often a push is tried again because somebody was first.
const MOST_RACES: u32 = 5;

impl Control {
    /// Tries the failed HEAD of an instance again.
    pub async fn retry_head(&self, instance: &InstanceId, person: &PersonName) -> Result<(), Problem> {
        self.known(instance)?;
        self.allowed(person, Act::MendHead(instance))?;
        self.failed_head(instance).await?;
        Ok(self.inner.append_instance(instance, InstanceFact::RetryWanted { by: person.clone() }).await?)
    }

    /// Commits to the config repo that the instance's files are again what was verified. Nothing else in it changes, and what
    /// came to other instances with the same commits stays.
    pub async fn revert_head(&self, instance: &InstanceId, person: &PersonName) -> Result<CommitId, Problem> {
        let configured = self.known(instance)?;
        self.allowed(person, Act::MendHead(instance))?;
        let failed = self.failed_head(instance).await?;
        let Some(verified) = self.inner.store.instance(instance).await?.verified else {
            let what = format!("nothing was verified in {instance} yet");
            return Err(Problem::new(ProblemCode::TooLate, what, "there is nothing to go back to: push what works"));
        };
        for _ in 0..MOST_RACES {
            let pushed = self.revert_once(&configured, &failed, &verified.commit, person).await;
            if let Some(commit) = pushed.map_err(|trouble| not_reverted(instance, &trouble))? {
                tracing::info!(%person, %instance, commit = commit.short(), "what does not work was reverted");
                self.inner.wakes.wake(instance);
                return Ok(commit);
            }
        }
        let what = format!("others push to the config repo all the time; {instance} was not reverted");
        Err(Problem::new(ProblemCode::Unavailable, what, "try again"))
    }

    async fn failed_head(&self, instance: &InstanceId) -> Result<FailedHead, Problem> {
        self.inner.store.instance(instance).await?.head_failure.ok_or_else(|| {
            let what = format!("nothing that was pushed fails in {instance}");
            Problem::new(ProblemCode::TooLate, what, "the page shows how it is")
        })
    }

    /// None when somebody else pushed first.
    async fn revert_once(
        &self,
        instance: &Instance,
        failed: &FailedHead,
        verified: &CommitId,
        person: &PersonName,
    ) -> Result<Option<CommitId>, Trouble> {
        let inner = &self.inner;
        let head = inner.mirror.fetch().await?.head;
        let (files, removed) = self.change_to(instance, &head, verified).await?;
        if files.is_empty() && removed.is_empty() {
            if !inner.same_files(instance, verified, &head).await? {
                let why = "what was changed lies in files that others take too; revert it by hand".to_owned();
                return Err(Trouble::Impossible(why));
            }
            // Somebody did it before us, or an answer of ours was lost.
            return Ok(Some(head));
        }
        let bot = Identity { name: inner.settings.bot_name.clone(), email: inner.settings.bot_email.clone() };
        let config = inner.config();
        let author =
            config.person(person).map(|known| Identity { name: person.to_string(), email: known.email.clone() });
        let draft = CommitDraft {
            parent: head.clone(),
            files,
            removed,
            author: author.unwrap_or_else(|| bot.clone()),
            committer: bot,
            date_seconds: inner.clock.now().seconds(),
            message: message(&instance.id, failed, verified),
        };
        let commit = inner.mirror.create_commit(&draft).await?;
        let push = || async { Ok::<_, Trouble>(inner.mirror.push(&commit, &head).await?) };
        match inner.barrier.around("push revert", push).await? {
            PushOutcome::Pushed => Ok(Some(commit)),
            PushOutcome::HeadMoved => Ok(None),
            PushOutcome::Refused { reason } => {
                Err(Trouble::Impossible(format!("the config repo refuses it: {reason}")))
            }
        }
    }

    /// What has to change at HEAD so that the instance's files are those of the verified commit.
    async fn change_to(
        &self,
        instance: &Instance,
        head: &CommitId,
        verified: &CommitId,
    ) -> Result<(BTreeMap<String, Vec<u8>>, BTreeSet<String>), Trouble> {
        let paths: Vec<&str> = instance.paths.iter().map(String::as_str).collect();
        let (now, mut wanted) =
            (self.inner.mirror.read_files(head, &paths).await?, self.inner.mirror.read_files(verified, &paths).await?);
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
