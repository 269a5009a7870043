//! Small values that we make once and keep, such as generated keys.

use sqlx::SqliteConnection;

use crate::error::failed_to;
use crate::{Store, StoreError};

const KEEP: &str = "keep a value";

impl Store {
    /// The value kept under this name.
    pub async fn value(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        get(&mut *self.reader().await?, name).await
    }

    /// Keeps a value under this name, in place of the one before.
    pub async fn set_value(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(KEEP, move |conn| Box::pin(async move { set(conn, &name, &value).await })).await
    }

    /// The value kept under this name; when there is none, `fresh` is kept. For generated keys: all callers get the same.
    pub async fn value_or_keep(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        if let Some(value) = self.value(name).await? {
            return Ok(value);
        }
        let (name, fresh) = (name.to_owned(), fresh.to_owned());
        self.write(KEEP, move |conn| {
            Box::pin(async move {
                if let Some(value) = get(conn, &name).await? {
                    return Ok(value);
                }
                set(conn, &name, &fresh).await?;
                Ok(fresh)
            })
        })
        .await
    }
}

async fn get(conn: &mut SqliteConnection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    sqlx::query_scalar("SELECT value FROM kept_values WHERE name = $1")
        .bind(name)
        .fetch_optional(conn)
        .await
        .map_err(failed_to("read a kept value"))
}

pub(crate) async fn set(conn: &mut SqliteConnection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kept_values (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(conn)
    .await
    .map(|_| ())
    .map_err(failed_to(KEEP))
}

pub(crate) async fn remove(conn: &mut SqliteConnection, name: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM kept_values WHERE name = $1")
        .bind(name)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(failed_to(KEEP))
}
