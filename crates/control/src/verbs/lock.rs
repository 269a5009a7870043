//! People's lock on an instance: automatic pins are off until it is taken away.

use model::{Decider, InstanceFact, InstanceId, PersonName};

use crate::Control;
use crate::authorize::Act;
use crate::problem::Problem;

impl Control {
    /// Switches automatic pins off.
    pub async fn lock(&self, instance: &InstanceId, person: &PersonName, why: &str) -> Result<(), Problem> {
        self.known(instance)?;
        self.allowed(person, Act::Lock(instance))?;
        let why = secrets::clip(&secrets::clean_terminal(why), 200);
        let fact = InstanceFact::Locked { by: Decider::Person(person.clone()), why };
        Ok(self.inner.append_instance(instance, fact).await?)
    }

    /// Switches automatic pins on again.
    pub async fn unlock(&self, instance: &InstanceId, person: &PersonName) -> Result<(), Problem> {
        self.known(instance)?;
        self.allowed(person, Act::Lock(instance))?;
        Ok(self.inner.append_instance(instance, InstanceFact::Unlocked { by: person.clone() }).await?)
    }
}
