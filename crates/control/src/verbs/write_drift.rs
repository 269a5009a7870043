//! What was changed in the cluster by hand is wanted after all: it is written to git.

use model::{InstanceId, PersonName, Written};

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::written::{To, Wanted, Writer};

impl Control {
    /// Writes what differs in the cluster, or was repaired last, to the config repo: of one object (`Kind/name`), or of all that is
    /// known to differ. Exactly those values change. As a branch it is for review; else it is the new HEAD, and is tried as any.
    pub async fn write_drift(
        &self,
        id: &InstanceId,
        person: &PersonName,
        object: Option<&str>,
        as_branch: bool,
    ) -> Result<Written, Problem> {
        let instance = self.known(id)?;
        self.allowed(person, Act::WriteDrift(id))?;
        let stem = format!("pinnace/drift-{}", id.to_string().replace('/', "-"));
        let to = if as_branch { To::Numbered(stem) } else { To::Head };
        let (writer, wanted) = (Writer { person, effect: "push drift" }, Wanted::Drift { object });
        let written = self.inner.write(&instance, writer, &to, &wanted).await;
        written.map_err(|trouble| {
            let what = format!("the drift in {id} was not written to git: {trouble}");
            match trouble {
                Trouble::Impossible(_) => Problem::new(ProblemCode::TooLate, what, ""),
                _ => Problem::new(ProblemCode::Unavailable, what, "try again"),
            }
        })
    }
}
