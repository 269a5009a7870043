//! Fleet pins: a row to find each one by, and the facts that it is computed from.

mod rows;

use model::{Build, EnvironmentName, Fact, FleetFact, FleetNumber, PinId, ProjectName, Recorded, Timestamp};
use sqlx::SqliteConnection;

use crate::error::{failed_to, unwritable};
use crate::pins::{self, NewPin, OpenedPin};
use crate::{PinRecord, Store, StoreError, numbers};
use rows::{number_as_read, number_as_stored};

const OPEN: &str = "open a fleet pin";
const APPEND: &str = "append a fact about a fleet pin";

/// A fleet pin as its facts say it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetRecord {
    /// Its random key in outside systems.
    pub id: PinId,
    /// Its state.
    pub fleet: model::Fleet,
    /// All its facts, oldest first.
    pub facts: Vec<Recorded<FleetFact>>,
}

/// A fleet pin that is to be opened.
#[derive(Debug, Clone)]
pub struct NewFleet {
    /// Its random key.
    pub id: PinId,
    /// Whose instances.
    pub project: ProjectName,
    /// Where.
    pub environment: EnvironmentName,
    /// What would run.
    pub build: Build,
    /// How many instances are pinned at a time.
    pub size: u32,
    /// For how many milliseconds nothing is begun after a wave that holds.
    pub pause_ms: u64,
    /// The pin of each instance, in their order.
    pub pins: Vec<NewPin>,
}

/// What follows from a build.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Pins by themselves.
    pub pins: Vec<NewPin>,
    /// Pins of many instances, asked about at once.
    pub fleets: Vec<NewFleet>,
}

impl Store {
    /// The fleet pins that have not ended, oldest first.
    pub async fn open_fleets(&self) -> Result<Vec<FleetRecord>, StoreError> {
        rows::open(&mut *self.reader().await?).await
    }

    /// The newest fleet pins before the given one.
    pub async fn fleets(&self, before: Option<FleetNumber>, most: u32) -> Result<Vec<FleetRecord>, StoreError> {
        rows::newest(&mut *self.reader().await?, before, most).await
    }

    /// The fleet pin with this number.
    pub async fn fleet(&self, number: FleetNumber) -> Result<Option<FleetRecord>, StoreError> {
        rows::by_number(&mut *self.reader().await?, number).await
    }

    /// The fleet pin with this key.
    pub async fn fleet_by_id(&self, id: &PinId) -> Result<Option<FleetRecord>, StoreError> {
        rows::by_id(&mut *self.reader().await?, id).await
    }

    /// The pins of a fleet, in the order of their instances.
    pub async fn pins_of_fleet(&self, number: FleetNumber) -> Result<Vec<PinRecord>, StoreError> {
        let found = pins::of_fleet(&mut *self.reader().await?, number_as_stored(number)).await?;
        Ok(self.readable(found))
    }

    /// Appends a fact to the fleet pin that has exactly `after` of them.
    ///
    /// [`StoreError::FleetConflict`] when somebody else was first, [`StoreError::IllegalFleet`] when it can't follow.
    pub async fn append_fleet(
        &self,
        number: FleetNumber,
        after: u64,
        fact: FleetFact,
        at: Timestamp,
    ) -> Result<model::Fleet, StoreError> {
        self.write(APPEND, move |conn| Box::pin(async move { append(conn, number, after, &fact, at).await })).await
    }
}

/// Opens a fleet pin and the pins of its instances. One whose build is on its way to an instance already is left as it is.
pub(crate) async fn open(
    conn: &mut SqliteConnection,
    new: NewFleet,
    at: Timestamp,
) -> Result<Vec<OpenedPin>, StoreError> {
    let number = number_as_read(numbers::next(conn, "fleet", OPEN).await?);
    let mut opened = Vec::new();
    for pin in new.pins {
        let id = pin.id.clone();
        let one = pins::open(conn, pin, at).await?;
        if let OpenedPin::New(pin) = one {
            pins::join_fleet(conn, &id, pin, number_as_stored(number), &Fact::InFleet { fleet: number }, at).await?;
        }
        opened.push(one);
    }
    let pins = opened.iter().filter(|one| matches!(one, OpenedPin::New(_))).map(|one| one.number()).collect();
    sqlx::query(
        "INSERT INTO fleets (number, id, project, environment, ended, opened_at) VALUES ($1, $2, $3, $4, 0, $5)",
    )
    .bind(number_as_stored(number))
    .bind(new.id.to_string())
    .bind(new.project.as_str())
    .bind(new.environment.as_str())
    .bind(at.0)
    .execute(&mut *conn)
    .await
    .map_err(failed_to(OPEN))?;
    let fact = FleetFact::Opened {
        number,
        project: new.project,
        environment: new.environment,
        build: Box::new(new.build),
        size: new.size,
        pause_ms: new.pause_ms,
        pins,
    };
    model::Fleet::step(None, &fact, at)?;
    insert_fact(conn, number, 1, &fact, at).await?;
    Ok(opened)
}

async fn append(
    conn: &mut SqliteConnection,
    number: FleetNumber,
    after: u64,
    fact: &FleetFact,
    at: Timestamp,
) -> Result<model::Fleet, StoreError> {
    let Some(before) = rows::by_number(conn, number).await? else { return Err(StoreError::NoSuchFleet { number }) };
    let before = before.fleet;
    if before.facts != after {
        return Err(StoreError::FleetConflict { number });
    }
    let fleet = model::Fleet::step(Some(before), fact, at)?;
    insert_fact(conn, number, fleet.facts, fact, at).await?;
    sqlx::query("UPDATE fleets SET ended = $2 WHERE number = $1")
        .bind(number_as_stored(number))
        .bind(i64::from(fleet.ended))
        .execute(conn)
        .await
        .map_err(failed_to(APPEND))?;
    Ok(fleet)
}

async fn insert_fact(
    conn: &mut SqliteConnection,
    number: FleetNumber,
    seq: u64,
    fact: &FleetFact,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO fleet_facts (fleet, seq, at, fact) VALUES ($1, $2, $3, $4)")
        .bind(number_as_stored(number))
        .bind(i64::try_from(seq).unwrap_or(i64::MAX))
        .bind(at.0)
        .bind(serde_json::to_string(fact).map_err(unwritable(APPEND))?)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(failed_to(APPEND))
}
