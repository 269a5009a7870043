//! A database that was lost is begun anew with what git says of recorded pins.

use model::{Fact, InstanceFact, PinNumber, Timestamp};
use sqlx::SqliteConnection;

use crate::error::failed_to;
use crate::pins::{self, NewFacts, NewPin, number_as_stored};
use crate::{Store, StoreError};

const READ_BACK: &str = "write down what git says of recorded pins";

/// A recorded pin as git tells of it.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// The pin.
    pub pin: NewPin,
    /// Its number, where its commit says one; another is given where it is taken.
    pub number: Option<PinNumber>,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// What is known of its instance.
    pub instance_facts: Vec<InstanceFact>,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Store {
    /// Whether nothing has happened yet as far as the database knows.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        is_empty(&mut *self.reader().await?).await
    }

    /// Writes recorded pins into a database that is empty, oldest first, all or nothing. Into another it writes nothing.
    pub async fn read_back(&self, pins: Vec<ReadBack>) -> Result<(), StoreError> {
        self.write(READ_BACK, move |conn| Box::pin(async move { write(conn, pins).await })).await
    }
}

async fn is_empty(conn: &mut SqliteConnection) -> Result<bool, StoreError> {
    let known: i64 = sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM pins) + (SELECT COUNT(*) FROM instance_facts)")
        .fetch_one(conn)
        .await
        .map_err(failed_to("see whether the database is empty"))?;
    Ok(known == 0)
}

async fn write(conn: &mut SqliteConnection, pins: Vec<ReadBack>) -> Result<(), StoreError> {
    if !is_empty(conn).await? {
        return Ok(());
    }
    for one in pins {
        let number = number(conn, one.number).await?;
        let id = one.pin.id.clone();
        pins::open_as(conn, number, one.pin, one.at).await?;
        let (facts, instance_facts) = (one.facts, one.instance_facts);
        pins::append(conn, NewFacts { id, after: 1, facts, instance_facts, at: one.at }).await?;
    }
    Ok(())
}

/// The number that the pin had, if no other has it; servers that write to one repository each count for themselves.
async fn number(conn: &mut SqliteConnection, wanted: Option<PinNumber>) -> Result<PinNumber, StoreError> {
    let Some(wanted) = wanted else { return pins::next_number(conn).await };
    let taken: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pins WHERE number = $1")
        .bind(number_as_stored(wanted))
        .fetch_one(&mut *conn)
        .await
        .map_err(failed_to(READ_BACK))?;
    if taken > 0 {
        return pins::next_number(conn).await;
    }
    sqlx::query("UPDATE numbers SET last = CASE WHEN last < $1 THEN $1 ELSE last END WHERE name = 'pin'")
        .bind(number_as_stored(wanted))
        .execute(conn)
        .await
        .map_err(failed_to(READ_BACK))?;
    Ok(wanted)
}
