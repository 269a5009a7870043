//! A named person lets go what the guard holds back.

use model::{InstanceFact, InstanceId, PersonName};
use sha2::{Digest as _, Sha256};

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

impl Control {
    /// Lets what the guard holds be deleted: exactly what `shown` names ([`shown_prune`]), or without it what is held now. What
    /// goes is deleted by the instance's own lane, with its uid as condition.
    pub async fn confirm_prune(
        &self,
        instance: &InstanceId,
        person: &PersonName,
        shown: Option<&str>,
    ) -> Result<(), Problem> {
        let state = self.inner.store.instance(instance).await?;
        if !state.left {
            self.known(instance)?;
        }
        self.allowed(person, Act::Prune(instance))?;
        let held = state.prune_held;
        if held.is_empty() {
            let what = format!("nothing is held back in {instance}");
            return Err(Problem::new(ProblemCode::TooLate, what, "the page shows how it is"));
        }
        if shown.is_some_and(|shown| shown != shown_prune(&held)) {
            let what = format!("something else is held back in {instance} than was shown to you");
            return Err(Problem::new(ProblemCode::TooLate, what, "read what is held now, and confirm that"));
        }
        let fact = InstanceFact::PruneConfirmed { by: person.clone(), objects: held };
        Ok(self.inner.append_instance(instance, fact).await?)
    }
}

/// Names a list of held objects, so that nobody confirms what they have not seen.
pub fn shown_prune(held: &[String]) -> String {
    let digest = Sha256::digest(held.join("\n").as_bytes());
    digest.iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
