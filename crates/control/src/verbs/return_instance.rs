//! A whole instance is wanted again that git has no longer: its files come back as they were proven last.

use std::collections::BTreeSet;

use config_repo::Instance;
use model::{CommitId, InstanceId, PersonName, Written};

use super::restore::{branches, not_back};
use crate::Control;
use crate::authorize::Act;
use crate::effects::INSTANCE_TRAILER;
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::written::{Change, To, Wanted, Writer};

impl Control {
    /// Writes the files of an instance that git has no longer to the config repo again, as they were when it was proven last.
    pub(super) async fn return_instance(
        &self,
        id: &InstanceId,
        person: &PersonName,
        as_branch: bool,
    ) -> Result<Written, Problem> {
        let config = self.inner.config();
        if config.instance(id).is_some() {
            let what = format!("git has {id}");
            let hint = format!("name what is to come back: `pinnace pruned {id}` lists what was pruned");
            return Err(Problem::new(ProblemCode::Invalid, what, hint));
        }
        let Some(instance) = config.would_be(id) else {
            let what = format!("pinnace.yaml has no place for {id}");
            return Err(Problem::new(ProblemCode::NotFound, what, "bring its project and its environment back first"));
        };
        self.allowed(person, Act::Restore(id))?;
        let Some(proven) = self.inner.proven_commits(id).await?.into_iter().next() else {
            let what = format!("{id} was never proven, as far as is known");
            return Err(Problem::new(ProblemCode::NotFound, what, "`git log` has its files, where there were any"));
        };
        let to = if as_branch { To::Numbered(branches(id)) } else { To::Head };
        let writer = Writer { person, effect: "push returned" };
        let written = self.inner.write(&instance, writer, &to, &Wanted::Returned(&proven)).await;
        let written = written.map_err(|trouble| not_back(&format!("{id} was not brought back"), &trouble))?;
        if !as_branch {
            // It is one of them again from now on, and not only when the repository is looked at next.
            self.inner.read_config().await;
        }
        Ok(written)
    }
}

impl Inner {
    /// What has to change at HEAD so that git has the instance as it was in a commit. None where it has.
    pub(crate) async fn return_as_change(
        &self,
        instance: &Instance,
        head: &CommitId,
        proven: &CommitId,
    ) -> Result<Option<Change>, Trouble> {
        // What only HEAD has there is somebody's, and is not looked at.
        let (files, _) = self.change_to(instance, head, proven).await?;
        if files.is_empty() {
            return Ok(None);
        }
        let id = &instance.id;
        let message = format!(
            "{id}: bring it back\n\nGit had it no longer. It is again as in commit {}, which was proven last.\n\n\
             {INSTANCE_TRAILER}: {id}\n",
            proven.short()
        );
        Ok(Some(Change { files, removed: BTreeSet::new(), what: format!("{id}, which was gone from git,"), message }))
    }
}
