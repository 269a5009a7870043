//! What was pruned is wanted again: it is written to git, and converges from there.

use model::{InstanceId, PersonName, Written};
use store::Pruned;

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::written::{To, Wanted, Writer};

impl Control {
    /// What was pruned of an instance and is still kept, newest first. The values of Secrets are masks.
    pub async fn pruned(&self, id: &InstanceId) -> Result<Vec<Pruned>, Problem> {
        Ok(self.inner.store.pruned(id).await?)
    }

    /// Brings back what is named: a pruned object, or without one a whole instance that git has no longer.
    pub async fn bring_back(
        &self,
        id: &InstanceId,
        person: &PersonName,
        object: Option<&str>,
        number: Option<u64>,
        as_branch: bool,
    ) -> Result<Written, Problem> {
        match object {
            Some(object) => self.restore(id, person, object, number, as_branch).await,
            None => self.return_instance(id, person, as_branch).await,
        }
    }

    /// Writes a pruned object to the config repo again (`Kind/name`; the one of this number, else the newest), in the file and with
    /// the lines that it had. As a branch it is for review; else it is the new HEAD, and is tried as any.
    pub async fn restore(
        &self,
        id: &InstanceId,
        person: &PersonName,
        object: &str,
        number: Option<u64>,
        as_branch: bool,
    ) -> Result<Written, Problem> {
        let Some(instance) = self.inner.config().instance(id) else {
            let what = format!("git has {id} no longer, so there is no place for one object of it");
            return Err(Problem::new(
                ProblemCode::NotFound,
                what,
                format!("`pinnace restore {id}` brings all of it back"),
            ));
        };
        self.allowed(person, Act::Restore(id))?;
        let pruned = self.pruned(id).await?.into_iter();
        let mut pruned = pruned.filter(|one| one.object == object && number.is_none_or(|number| one.number == number));
        let Some(pruned) = pruned.next() else {
            let what = format!("no {object} was pruned from {id}, as far as it is kept");
            return Err(Problem::new(ProblemCode::NotFound, what, format!("`pinnace pruned {id}` lists what was")));
        };
        let to = if as_branch { To::Numbered(branches(id)) } else { To::Head };
        let writer = Writer { person, effect: "push restored" };
        let written = self.inner.write(&instance, writer, &to, &Wanted::Restored(&pruned)).await;
        written.map_err(|trouble| not_back(&format!("{object} was not brought back to {id}"), &trouble))
    }
}

/// How branches begin that bring something back.
pub(super) fn branches(id: &InstanceId) -> String {
    format!("pinnace/restore-{}", id.to_string().replace('/', "-"))
}

pub(super) fn not_back(what: &str, trouble: &Trouble) -> Problem {
    let what = format!("{what}: {trouble}");
    match trouble {
        Trouble::Impossible(_) => Problem::new(ProblemCode::TooLate, what, ""),
        _ => Problem::new(ProblemCode::Unavailable, what, "try again"),
    }
}
