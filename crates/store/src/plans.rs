//! Plans that somebody saved: what would be done, as it was shown. The newest of each instance are kept, for a while.

use model::{InstanceId, PersonName, Timestamp};

use crate::error::failed_to;
use crate::{Store, StoreError, numbers};

const SAVE: &str = "save a plan";

/// So many are kept of one instance,
const MOST: i64 = 50;
/// and none for longer than thirty days.
const LONGEST_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A plan that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Names it.
    pub number: u64,
    /// Of which instance.
    pub instance: InstanceId,
    /// Who saved it.
    pub by: PersonName,
    /// What it says, as its maker wrote it.
    pub plan: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Saves a plan; the number that names it. What is too old, or too much, is forgotten.
    pub async fn save_plan(
        &self,
        instance: &InstanceId,
        by: &PersonName,
        plan: String,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let (name, by) = (instance.to_string(), by.to_string());
        self.write(SAVE, move |conn| {
            Box::pin(async move {
                let number = numbers::next(conn, "plan", SAVE).await?;
                sqlx::query("INSERT INTO plans (number, instance, saved_by, plan, at) VALUES ($1, $2, $3, $4, $5)")
                    .bind(number)
                    .bind(&name)
                    .bind(by)
                    .bind(plan)
                    .bind(at.0)
                    .execute(&mut *conn)
                    .await
                    .map_err(failed_to(SAVE))?;
                sqlx::query(
                    "DELETE FROM plans WHERE at < $2 OR (instance = $1 AND number <= (
                         SELECT number FROM plans WHERE instance = $1 ORDER BY number DESC LIMIT 1 OFFSET $3))",
                )
                .bind(&name)
                .bind(at.0.saturating_sub(LONGEST_MS))
                .bind(MOST)
                .execute(&mut *conn)
                .await
                .map_err(failed_to(SAVE))?;
                Ok(u64::try_from(number).unwrap_or_default())
            })
        })
        .await
    }

    /// The plan with this number, while it is kept.
    pub async fn saved_plan(&self, number: u64) -> Result<Option<PlanRow>, StoreError> {
        let row: Option<(String, String, String, i64)> =
            sqlx::query_as("SELECT instance, saved_by, plan, at FROM plans WHERE number = $1")
                .bind(i64::try_from(number).unwrap_or(i64::MAX))
                .fetch_optional(&mut *self.reader().await?)
                .await
                .map_err(failed_to("read a saved plan"))?;
        let Some((instance, by, plan, at)) = row else { return Ok(None) };
        let unreadable =
            |why: model::InvalidName| StoreError::Unreadable { what: format!("plan {number}"), why: why.to_string() };
        let (instance, by) = (instance.parse().map_err(unreadable)?, by.parse().map_err(unreadable)?);
        Ok(Some(PlanRow { number, instance, by, plan, at: Timestamp(at) }))
    }
}
