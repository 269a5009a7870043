//! What a person has us write to the config repo: a commit on the branch that is deployed from, or on a branch of its own that
//! people review. The way of every commit of ours: leased, never forced, with the person as author.

use std::collections::{BTreeMap, BTreeSet};

use config_repo::{BranchName, CommitDraft, Identity, Instance, NewBranch, PushOutcome};
use model::{CommitId, FailedHead, InstanceFact, PersonName, Written};
use store::Pruned;

use crate::inner::Inner;
use crate::trouble::Trouble;

/// How often a push is tried again because somebody was first.
const MOST_RACES: u32 = 5;
/// How many branches of one kind may wait for people.
const MOST_BRANCHES: u32 = 50;

/// What changes.
pub(crate) struct Change {
    /// Whole new contents by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files that are no longer there.
    pub removed: BTreeSet<String>,
    /// In words, for people who read what was done (`drift of ConfigMap/settings`).
    pub what: String,
    /// The commit's message.
    pub message: String,
}

/// What a person wants written.
pub(crate) enum Wanted<'a> {
    /// The files are again those of the verified commit.
    Revert { failed: &'a FailedHead, verified: &'a CommitId },
    /// What differs in the cluster, of one object or of all.
    Drift { object: Option<&'a str> },
    /// An object that was pruned.
    Restored(&'a Pruned),
    /// All files of an instance that git has no longer, as they were in this commit.
    Returned(&'a CommitId),
}

/// Where it is written to.
#[derive(Debug, Clone)]
pub(crate) enum To {
    /// The branch that is deployed from.
    Head,
    /// A branch of this name.
    Branch(String),
    /// The first branch that is free of those that begin so and end with a number.
    Numbered(String),
}

/// Who wants it, and what it is called on the barrier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub person: &'a PersonName,
    pub effect: &'static str,
}

impl Inner {
    /// Makes a change on the newest HEAD and pushes it, on a newer one where somebody else pushed first. Where nothing has to be
    /// changed any more, somebody did it before us, or an answer of ours was lost: then that is the commit.
    pub(crate) async fn write(
        &self,
        instance: &Instance,
        writer: Writer<'_>,
        to: &To,
        wanted: &Wanted<'_>,
    ) -> Result<Written, Trouble> {
        let Writer { person, .. } = writer;
        for _ in 0..MOST_RACES {
            let head = self.mirror.fetch().await?.head;
            let Some(change) = self.change(instance, wanted, &head).await? else {
                return Ok(Written { by: person.clone(), what: String::new(), commit: head, branch: None });
            };
            let what = change.what.clone();
            let commit = self.mirror.create_commit(&self.draft(&head, person, change)).await?;
            let branch = match self.push_to(&commit, &head, to, writer.effect).await? {
                Pushed::There(branch) => branch,
                Pushed::HeadMoved => continue,
            };
            let written = Written { by: person.clone(), what, commit, branch };
            tracing::info!(%person, instance = %instance.id, what = written.what, commit = written.commit.short(), branch = written.branch, "written to git");
            self.append_instance(&instance.id, InstanceFact::Written(written.clone())).await?;
            return Ok(written);
        }
        Err(Trouble::Wait("others push to the config repo all the time".to_owned()))
    }

    async fn change(
        &self,
        instance: &Instance,
        wanted: &Wanted<'_>,
        head: &CommitId,
    ) -> Result<Option<Change>, Trouble> {
        match *wanted {
            Wanted::Revert { failed, verified } => self.revert_as_change(instance, failed, verified, head).await,
            Wanted::Drift { object } => self.drift_as_change(instance, head, object).await,
            Wanted::Restored(pruned) => self.restore_as_change(instance, head, pruned).await,
            Wanted::Returned(commit) => self.return_as_change(instance, head, commit).await,
        }
    }

    fn draft(&self, head: &CommitId, person: &PersonName, change: Change) -> CommitDraft {
        let bot = Identity { name: self.settings.bot_name.clone(), email: self.settings.bot_email.clone() };
        let config = self.config();
        let known = config.person(person);
        let author = known.map(|known| Identity { name: person.to_string(), email: known.email.clone() });
        CommitDraft {
            parent: head.clone(),
            files: change.files,
            removed: change.removed,
            author: author.unwrap_or_else(|| bot.clone()),
            committer: bot,
            date_seconds: self.clock.now().seconds(),
            message: change.message,
        }
    }

    async fn push_to(&self, commit: &CommitId, head: &CommitId, to: &To, effect: &str) -> Result<Pushed, Trouble> {
        let names: Vec<String> = match to {
            To::Head => return self.push_to_head(commit, head, effect).await,
            To::Branch(name) => vec![name.clone()],
            To::Numbered(stem) => (1..=MOST_BRANCHES).map(|number| format!("{stem}-{number}")).collect(),
        };
        let last = names.last().cloned().unwrap_or_default();
        for name in names {
            let branch: BranchName =
                name.parse().map_err(|why: config_repo::InvalidBranch| Trouble::Impossible(why.to_string()))?;
            let push = || async { Ok::<_, Trouble>(self.mirror.push_new_branch(commit, &branch).await?) };
            match self.barrier.around(effect, push).await? {
                NewBranch::Made | NewBranch::Taken { same: true } => return Ok(Pushed::There(Some(name))),
                NewBranch::Taken { same: false } => {}
                NewBranch::Refused { reason } => return Err(refused(&reason)),
            }
        }
        let why = format!("there is a branch `{last}` with something else: merge it or delete it first");
        Err(Trouble::Impossible(why))
    }

    async fn push_to_head(&self, commit: &CommitId, head: &CommitId, effect: &str) -> Result<Pushed, Trouble> {
        let push = || async { Ok::<_, Trouble>(self.mirror.push(commit, head).await?) };
        match self.barrier.around(effect, push).await? {
            PushOutcome::Pushed => Ok(Pushed::There(None)),
            PushOutcome::HeadMoved => Ok(Pushed::HeadMoved),
            PushOutcome::Refused { reason } => Err(refused(&reason)),
        }
    }
}

enum Pushed {
    /// With the name of the branch, where it is not the one that is deployed from.
    There(Option<String>),
    HeadMoved,
}

fn refused(reason: &str) -> Trouble {
    Trouble::Impossible(format!("the config repo refuses it: {reason}"))
}
