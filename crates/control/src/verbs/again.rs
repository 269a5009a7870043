//! Pinning a build by hand: one that was rejected, expired, dropped or replaced before.

use model::{PersonName, PinKind, PinNumber};

use crate::Control;
use crate::authorize::Act;
use crate::inner::Inner;
use crate::problem::Problem;

impl Control {
    /// Opens a new pin of the build of an older one. It is asked about and proven like any other; who goes back over a migration that can't be
    /// reversed is asked first.
    pub async fn pin_again(&self, number: PinNumber, person: &PersonName) -> Result<PinNumber, Problem> {
        let before = self.record(number).await?.pin;
        let place = self.known(&before.instance)?;
        self.allowed(person, Act::Approve(&before))?;
        self.asked_first(&place, person, (&before.build.image, false), "pin it").await?;
        let id = Inner::new_pin_id()?;
        let now = self.inner.clock.now();
        let opened = self
            .inner
            .store
            .open_pin(&id, &before.instance, PinKind::Pin, before.build, Some(person.clone()), now)
            .await?;
        self.inner.wakes.wake(&before.instance);
        Ok(opened.number())
    }
}
