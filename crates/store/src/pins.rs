//! Pins: a row to find each one by, and the facts that it is computed from.

mod append;
mod read;

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use model::{Build, Fact, InstanceFact, InstanceId, PersonName, Pin, PinId, PinKind, PinNumber, Recorded, Timestamp};

use crate::{Store, StoreError};

/// A pin as its facts say it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// Its key in every outside system.
    pub id: PinId,
    /// Its state.
    pub pin: Pin,
    /// All its facts, oldest first.
    pub facts: Vec<Recorded<Fact>>,
}

/// A pin that is to be opened.
#[derive(Debug, Clone)]
pub struct NewPin {
    /// Its random id.
    pub id: PinId,
    /// Where.
    pub instance: InstanceId,
    /// Pin or unpin.
    pub kind: PinKind,
    /// What would run.
    pub build: Build,
    /// The person who wants it; none when a sender announced the build.
    pub by: Option<PersonName>,
}

/// What became of the wish for a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedPin {
    /// It was opened.
    New(PinNumber),
    /// The same build is already on its way to that instance.
    AlreadyOpen(PinNumber),
}

impl OpenedPin {
    /// The pin, new or not.
    pub fn number(self) -> PinNumber {
        match self {
            Self::New(number) | Self::AlreadyOpen(number) => number,
        }
    }
}

impl Store {
    /// Opens a pin with the next number, unless one for the same build, instance and kind has not ended yet.
    pub async fn open_pin(
        &self,
        id: &PinId,
        instance: &InstanceId,
        kind: PinKind,
        build: Build,
        by: Option<PersonName>,
        at: Timestamp,
    ) -> Result<OpenedPin, StoreError> {
        let new = NewPin { id: id.clone(), instance: instance.clone(), kind, build, by };
        self.write("open a pin", move |conn| Box::pin(async move { append::open(conn, new, at).await })).await
    }

    /// Appends facts to the pin that has exactly `after` of them, and facts about its instance, all or nothing.
    ///
    /// [`StoreError::Conflict`] when somebody else was first, [`StoreError::Illegal`] when a fact can't follow,
    /// [`StoreError::ClaimHeld`] when the pin would take a candidate slot that is another pin's.
    pub async fn append(
        &self,
        id: &PinId,
        after: u64,
        facts: &[Fact],
        instance_facts: &[InstanceFact],
        at: Timestamp,
    ) -> Result<Pin, StoreError> {
        let new = append::NewFacts {
            id: id.clone(),
            after,
            facts: facts.to_vec(),
            instance_facts: instance_facts.to_vec(),
            at,
        };
        self.write("append facts about a pin", move |conn| Box::pin(async move { append::append(conn, new).await }))
            .await
    }

    /// The pin with this number.
    pub async fn pin(&self, number: PinNumber) -> Result<Option<PinRecord>, StoreError> {
        read::by_number(&mut *self.reader().await?, number).await
    }

    /// The pin with this id.
    pub async fn pin_by_id(&self, id: &PinId) -> Result<Option<PinRecord>, StoreError> {
        read::by_id(&mut *self.reader().await?, id).await
    }

    /// The pins that have not ended, oldest first. One that can't be read is left out: see [`Store::unreadable_pins`].
    pub async fn open_pins(&self) -> Result<Vec<PinRecord>, StoreError> {
        Ok(self.readable(read::open(&mut *self.reader().await?).await?))
    }

    /// The pins of an instance that have not ended, oldest first.
    pub async fn open_pins_of(&self, instance: &InstanceId) -> Result<Vec<PinRecord>, StoreError> {
        Ok(self.readable(read::open_of(&mut *self.reader().await?, instance).await?))
    }

    /// The newest pins, of one instance or of all, before the given one.
    pub async fn pins(
        &self,
        instance: Option<&InstanceId>,
        before: Option<PinNumber>,
        most: u32,
    ) -> Result<Vec<PinRecord>, StoreError> {
        Ok(self.readable(read::newest(&mut *self.reader().await?, instance, before, most).await?))
    }

    /// The newest pins that are told about by themselves. One of a fleet is so once it has a message of its own, or is asked
    /// about again after its wave began; before that the fleet pin's message tells of it, and hundreds of them push no other
    /// pin out of this list.
    pub async fn pins_told_alone(&self, most: u32) -> Result<Vec<PinRecord>, StoreError> {
        Ok(self.readable(read::told_alone(&mut *self.reader().await?, most).await?))
    }

    /// Whether a pin of this build was ever opened for the instance, whatever became of it.
    pub async fn was_pinned(&self, instance: &InstanceId, build: &Build) -> Result<bool, StoreError> {
        read::was_pinned(&mut *self.reader().await?, instance, &build.key()).await
    }

    /// The newest pin that is over, of each instance that has one.
    pub async fn last_ended(&self) -> Result<BTreeMap<InstanceId, PinNumber>, StoreError> {
        let rows = read::last_ended(&mut *self.reader().await?).await?;
        let of = |(instance, number): (String, i64)| Some((instance.parse().ok()?, number_as_read(number)));
        Ok(rows.into_iter().filter_map(of).collect())
    }

    /// The newest pin of the instance that is over.
    pub async fn last_ended_of(&self, instance: &InstanceId) -> Result<Option<PinNumber>, StoreError> {
        Ok(read::last_ended_of(&mut *self.reader().await?, instance).await?.map(number_as_read))
    }

    /// The newest pin of the instance that was recorded in git.
    pub async fn last_done(&self, instance: &InstanceId) -> Result<Option<PinRecord>, StoreError> {
        read::last_done(&mut *self.reader().await?, instance).await
    }

    /// The pins that lists left out because they can't be read, with why. Each holds what it held until it is mended.
    pub fn unreadable_pins(&self) -> Vec<(PinNumber, String)> {
        self.unreadable().iter().map(|(number, why)| (*number, why.clone())).collect()
    }

    /// One that can't be read stops no other, and is logged once.
    pub(crate) fn readable(&self, pins: Vec<(PinNumber, Result<PinRecord, StoreError>)>) -> Vec<PinRecord> {
        let keep = |(number, pin): (PinNumber, Result<PinRecord, StoreError>)| match pin {
            Ok(pin) => Some(pin),
            Err(error) => {
                if self.unreadable().insert(number, error.to_string()).is_none() {
                    tracing::error!(%number, %error, "left out a pin");
                }
                None
            }
        };
        pins.into_iter().filter_map(keep).collect()
    }

    fn unreadable(&self) -> MutexGuard<'_, BTreeMap<PinNumber, String>> {
        self.0.unreadable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) use append::{NewFacts, append, join_fleet, next_number, open, open_as};
pub(crate) use read::of_fleet;

/// Numbers are `BIGINT`; one beyond that range was never given out.
pub(crate) fn number_as_stored(number: PinNumber) -> i64 {
    i64::try_from(number.0).unwrap_or(i64::MAX)
}

pub(crate) fn number_as_read(number: i64) -> PinNumber {
    PinNumber(u64::try_from(number).unwrap_or_default())
}
