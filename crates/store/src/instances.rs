//! Facts about instances, apart from any one pin, and who holds an instance's candidate slot.

use std::collections::BTreeMap;

use model::{InstanceFact, InstanceId, InstanceState, PinNumber, Recorded, Timestamp};
use sqlx::SqliteConnection;
use tokio::sync::MutexGuard;

use crate::error::{failed_to, unwritable};
use crate::pins::number_as_read;
use crate::{Store, StoreError};

const APPEND: &str = "append a fact about an instance";
const READ: &str = "read the facts about an instance";

/// A state, or why its facts can't be read.
type Known = Result<InstanceState, StoreError>;

/// Place in the table, instance, place in its history, time and text of a fact.
type Row = (i64, String, i64, i64, String);

/// The states of all instances after the facts up to one.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    up_to: i64,
    states: BTreeMap<InstanceId, Known>,
}

impl Folded {
    fn take(&mut self, (rowid, name, seq, at, fact): Row) {
        self.up_to = rowid;
        let Ok(id) = name.parse::<InstanceId>() else { return };
        let known = self.states.entry(id).or_insert_with(|| Ok(InstanceState::default()));
        if let Ok(state) = known {
            match decode(&name, seq, at, &fact) {
                Ok(recorded) => *state = std::mem::take(state).step(&recorded.fact, recorded.at),
                Err(error) => {
                    tracing::error!(%error, "left out an instance");
                    *known = Err(error);
                }
            }
        }
    }
}

impl Store {
    /// Appends a fact about an instance.
    pub async fn append_instance(
        &self,
        instance: &InstanceId,
        fact: InstanceFact,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let instance = instance.clone();
        self.write(APPEND, move |conn| {
            Box::pin(async move { append(conn, &instance, std::slice::from_ref(&fact), at).await })
        })
        .await
    }

    /// What is known of an instance. One that nothing happened to yet is known by nothing.
    pub async fn instance(&self, instance: &InstanceId) -> Result<InstanceState, StoreError> {
        match self.folded().await?.states.get(instance) {
            Some(known) => known.clone(),
            None => Ok(InstanceState::default()),
        }
    }

    /// All facts about an instance, oldest first.
    pub async fn instance_facts(&self, instance: &InstanceId) -> Result<Vec<Recorded<InstanceFact>>, StoreError> {
        let name = instance.to_string();
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as("SELECT seq, at, fact FROM instance_facts WHERE instance = $1 ORDER BY seq")
                .bind(&name)
                .fetch_all(&mut *self.reader().await?)
                .await
                .map_err(failed_to(READ))?;
        rows.into_iter().map(|(seq, at, fact)| decode(&name, seq, at, &fact)).collect()
    }

    /// What is known of every instance that something happened to. One whose facts can't be read is left out: it is told
    /// where it is asked for by itself.
    pub async fn instances(&self) -> Result<BTreeMap<InstanceId, InstanceState>, StoreError> {
        let folded = self.folded().await?;
        let readable = |(id, known): (&InstanceId, &Known)| Some((id.clone(), known.as_ref().ok()?.clone()));
        Ok(folded.states.iter().filter_map(readable).collect())
    }

    /// The states as of now: those of before, and the facts that came since.
    async fn folded(&self) -> Result<MutexGuard<'_, Folded>, StoreError> {
        let mut folded = self.0.folded.lock().await;
        // Facts are only ever appended, by one writer: whatever is new has a higher rowid.
        let rows: Vec<Row> =
            sqlx::query_as("SELECT rowid, instance, seq, at, fact FROM instance_facts WHERE rowid > $1 ORDER BY rowid")
                .bind(folded.up_to)
                .fetch_all(&mut *self.reader().await?)
                .await
                .map_err(failed_to(READ))?;
        for row in rows {
            folded.take(row);
        }
        Ok(folded)
    }

    /// The instances that anything ever happened to.
    pub async fn known_instances(&self) -> Result<Vec<InstanceId>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar("SELECT DISTINCT instance FROM instance_facts")
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(failed_to(READ))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The instances that something pushed ever failed in, whatever came of it.
    pub async fn instances_with_notices(&self) -> Result<Vec<InstanceId>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT instance FROM instance_facts WHERE fact LIKE '{\"fact\":\"head-failed\"%' \
             OR fact LIKE '{\"fact\":\"quarantined\"%' OR fact LIKE '{\"fact\":\"prune-held\"%' \
             OR fact LIKE '{\"fact\":\"left\"%' OR fact LIKE '{\"fact\":\"drifted\"%'",
        )
        .fetch_all(&mut *self.reader().await?)
        .await
        .map_err(failed_to(READ))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The pin that holds the instance's candidate slot.
    pub async fn claim(&self, instance: &InstanceId) -> Result<Option<PinNumber>, StoreError> {
        let held: Option<i64> = sqlx::query_scalar("SELECT pin FROM claims WHERE instance = $1")
            .bind(instance.to_string())
            .fetch_optional(&mut *self.reader().await?)
            .await
            .map_err(failed_to("see who holds a candidate slot"))?;
        Ok(held.map(number_as_read))
    }
}

fn decode(name: &str, seq: i64, at: i64, fact: &str) -> Result<Recorded<InstanceFact>, StoreError> {
    match serde_json::from_str(fact) {
        Ok(fact) => Ok(Recorded { at: Timestamp(at), fact }),
        Err(why) => Err(StoreError::Unreadable { what: format!("fact {seq} about `{name}`"), why: why.to_string() }),
    }
}

pub(crate) async fn append(
    conn: &mut SqliteConnection,
    instance: &InstanceId,
    facts: &[InstanceFact],
    at: Timestamp,
) -> Result<(), StoreError> {
    let name = instance.to_string();
    for fact in facts {
        sqlx::query(
            "INSERT INTO instance_facts (instance, seq, at, fact)
             SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3 FROM instance_facts WHERE instance = $1",
        )
        .bind(&name)
        .bind(at.0)
        .bind(serde_json::to_string(fact).map_err(unwritable(APPEND))?)
        .execute(&mut *conn)
        .await
        .map_err(failed_to(APPEND))?;
    }
    Ok(())
}
