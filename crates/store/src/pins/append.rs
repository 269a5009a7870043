//! Facts in: numbered, checked by the life of the pin itself, and all or nothing.

use model::{Fact, InstanceFact, Pin, PinId, PinKind, PinNumber, Timestamp, step};
use sqlx::SqliteConnection;

use super::{NewPin, OpenedPin, number_as_read, number_as_stored, read};
use crate::error::{failed_to, unwritable};
use crate::{StoreError, instances, numbers};

const OPEN: &str = "open a pin";
const APPEND: &str = "append facts about a pin";

pub(crate) struct NewFacts {
    pub(crate) id: PinId,
    pub(crate) after: u64,
    pub(crate) facts: Vec<Fact>,
    pub(crate) instance_facts: Vec<InstanceFact>,
    pub(crate) at: Timestamp,
}

/// Opens the pin, unless it is there already.
pub(crate) async fn open(conn: &mut SqliteConnection, new: NewPin, at: Timestamp) -> Result<OpenedPin, StoreError> {
    let row = FindRow::of(&new);
    if let Some(number) = same(conn, &row).await? {
        return Ok(OpenedPin::AlreadyOpen(number));
    }
    let number = next_number(conn).await?;
    insert(conn, number, row, new, at).await?;
    Ok(OpenedPin::New(number))
}

/// The next number, which is never given again.
pub(crate) async fn next_number(conn: &mut SqliteConnection) -> Result<PinNumber, StoreError> {
    Ok(number_as_read(numbers::next(conn, "pin", OPEN).await?))
}

/// Opens a pin with a number of its own.
pub(crate) async fn open_as(
    conn: &mut SqliteConnection,
    number: PinNumber,
    new: NewPin,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = FindRow::of(&new);
    insert(conn, number, row, new, at).await
}

async fn insert(
    conn: &mut SqliteConnection,
    number: PinNumber,
    row: FindRow,
    new: NewPin,
    at: Timestamp,
) -> Result<(), StoreError> {
    let fact = Fact::Opened { number, instance: new.instance, kind: new.kind, build: Box::new(new.build), by: new.by };
    let (pin, _) = step(None, &fact, at)?;
    sqlx::query(
        "INSERT INTO pins (number, id, instance, kind, digest, stage, ended, opened_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7)",
    )
    .bind(number_as_stored(number))
    .bind(row.id)
    .bind(row.instance)
    .bind(row.kind)
    .bind(row.digest)
    .bind(pin.stage.name())
    .bind(at.0)
    .execute(&mut *conn)
    .await
    .map_err(failed_to(OPEN))?;
    insert_fact(conn, &pin, &fact, at).await
}

/// Makes a pin that was just opened one of a fleet's.
pub(crate) async fn join_fleet(
    conn: &mut SqliteConnection,
    id: &PinId,
    number: PinNumber,
    fleet: i64,
    fact: &Fact,
    at: Timestamp,
) -> Result<(), StoreError> {
    let new = NewFacts { id: id.clone(), after: 1, facts: vec![fact.clone()], instance_facts: Vec::new(), at };
    append(conn, new).await?;
    sqlx::query("UPDATE pins SET fleet = $2 WHERE number = $1")
        .bind(number_as_stored(number))
        .bind(fleet)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(failed_to(OPEN))
}

/// What a pin is found by.
struct FindRow {
    id: String,
    instance: String,
    kind: &'static str,
    digest: String,
}

impl FindRow {
    fn of(new: &NewPin) -> Self {
        Self {
            id: new.id.to_string(),
            instance: new.instance.to_string(),
            kind: match new.kind {
                PinKind::Pin => "pin",
                PinKind::Unpin { .. } => "unpin",
            },
            // Once only the image's digest; a chart's stands beside it.
            digest: new.build.key(),
        }
    }
}

/// The same id is the same wish, asked again after an unknown answer.
async fn same(conn: &mut SqliteConnection, row: &FindRow) -> Result<Option<PinNumber>, StoreError> {
    let number: Option<i64> = sqlx::query_scalar(
        "SELECT number FROM pins WHERE id = $1 OR (instance = $2 AND digest = $3 AND kind = $4 AND ended = 0)
         ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1",
    )
    .bind(&row.id)
    .bind(&row.instance)
    .bind(&row.digest)
    .bind(row.kind)
    .fetch_optional(conn)
    .await
    .map_err(failed_to(OPEN))?;
    Ok(number.map(number_as_read))
}

pub(crate) async fn append(conn: &mut SqliteConnection, new: NewFacts) -> Result<Pin, StoreError> {
    let Some(before) = read::by_id(conn, &new.id).await? else {
        return Err(StoreError::NoSuchPin { id: new.id });
    };
    let before = before.pin;
    if before.facts != new.after {
        return Err(StoreError::Conflict { number: before.number, after: new.after, have: before.facts });
    }
    let held = before.holds_claim();
    let mut pin = before;
    for fact in &new.facts {
        (pin, _) = step(Some(pin), fact, new.at)?;
        insert_fact(conn, &pin, fact, new.at).await?;
    }
    match (held, pin.holds_claim()) {
        (false, true) => take_claim(conn, &pin, new.at).await?,
        (true, false) => release_claim(conn, pin.number).await?,
        _ => {}
    }
    sqlx::query("UPDATE pins SET stage = $2, ended = $3, updated_at = $4 WHERE number = $1")
        .bind(number_as_stored(pin.number))
        .bind(pin.stage.name())
        .bind(i64::from(pin.ended()))
        .bind(new.at.0)
        .execute(&mut *conn)
        .await
        .map_err(failed_to(APPEND))?;
    instances::append(conn, &pin.instance, &new.instance_facts, new.at).await?;
    Ok(pin)
}

/// The fact that brought the pin where it is.
async fn insert_fact(conn: &mut SqliteConnection, pin: &Pin, fact: &Fact, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO pin_facts (pin, seq, at, fact) VALUES ($1, $2, $3, $4)")
        .bind(number_as_stored(pin.number))
        .bind(i64::try_from(pin.facts).unwrap_or(i64::MAX))
        .bind(at.0)
        .bind(serde_json::to_string(fact).map_err(unwritable(APPEND))?)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(failed_to(APPEND))
}

async fn take_claim(conn: &mut SqliteConnection, pin: &Pin, at: Timestamp) -> Result<(), StoreError> {
    const TAKE: &str = "take an instance's candidate slot";
    let instance = pin.instance.to_string();
    let taken =
        sqlx::query("INSERT INTO claims (instance, pin, at) VALUES ($1, $2, $3) ON CONFLICT (instance) DO NOTHING")
            .bind(&instance)
            .bind(number_as_stored(pin.number))
            .bind(at.0)
            .execute(&mut *conn)
            .await
            .map_err(failed_to(TAKE))?;
    if taken.rows_affected() == 1 {
        return Ok(());
    }
    let holder = sqlx::query_scalar("SELECT pin FROM claims WHERE instance = $1")
        .bind(&instance)
        .fetch_one(conn)
        .await
        .map_err(failed_to(TAKE))?;
    Err(StoreError::ClaimHeld { instance: pin.instance.clone(), by: number_as_read(holder) })
}

async fn release_claim(conn: &mut SqliteConnection, pin: PinNumber) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM claims WHERE pin = $1")
        .bind(number_as_stored(pin))
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(failed_to("give an instance's candidate slot back"))
}
