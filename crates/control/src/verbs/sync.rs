//! Look at everything anew, now: the config repo is fetched, and each object is compared.

use model::{InstanceId, PersonName};

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

impl Control {
    /// Fetches the config repo and has the instance's lane look at it and at the cluster anew, as if nothing were known. What is
    /// done then is what its rules say, as always.
    pub async fn sync(&self, id: &InstanceId, person: &PersonName) -> Result<(), Problem> {
        self.known(id)?;
        self.allowed(person, Act::Sync(id))?;
        self.inner.mirror.fetch().await.map_err(|error| {
            let what = format!("the config repo can't be fetched: {error}");
            Problem::new(ProblemCode::Unavailable, what, "try again")
        })?;
        self.look_anew(id);
        Ok(())
    }

    /// Has the instance's lane look at everything as if nothing were known.
    pub(crate) fn look_anew(&self, id: &InstanceId) {
        self.inner.anew.note(id, true);
        self.inner.wakes.repo.notify_one();
        self.inner.wakes.wake(id);
    }
}
