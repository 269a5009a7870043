//! Taking the instance's one candidate slot. The newest approved pin gets it; one in flight that is not proven gives way.

use model::{Fact, Pin, PinNumber};
use store::PinRecord;

use super::Done;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let open = inner.store.open_pins_of(&pin.instance).await?;
    let approved_newer = |other: &&PinRecord| other.pin.number > pin.number && other.pin.stage == pin.stage;
    if let Some(newer) = open.iter().find(approved_newer) {
        return Ok(Fact::Superseded { by: newer.pin.number }.into());
    }
    let Some(holder) = open.iter().find(|other| other.pin.holds_claim()) else {
        // It waits without the slot, so that a newer one may take its place.
        return match inner.unmet_need(&inner.instance(&pin.instance)?).await? {
            Some(why) => Err(Trouble::Wait(why)),
            None => Ok(Fact::Claimed.into()),
        };
    };
    if gives_way(&holder.pin, pin) {
        inner.supersede(holder, pin.number).await?;
    }
    // The holder's end wakes this lane.
    Ok(Done::default())
}

fn gives_way(holder: &Pin, newer: &Pin) -> bool {
    holder.number < newer.number && holder.stage.in_flight()
}

impl Inner {
    /// Tells an older pin that a newer one takes its place. What is proven already, or over, is left alone.
    pub(crate) async fn supersede(&self, older: &PinRecord, by: PinNumber) -> Result<(), Trouble> {
        match self.append(older, &[Fact::Superseded { by }], &[]).await.map_err(Trouble::from) {
            Ok(_) | Err(Trouble::LookAgain) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }
}
