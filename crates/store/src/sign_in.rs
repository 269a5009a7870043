//! Sign-in: one-time links and sessions. Only hashes of their tokens come here.

use model::{PersonName, Timestamp};
use sqlx::SqliteConnection;

use crate::error::failed_to;
use crate::{Store, StoreError};

const LINK: &str = "note a sign-in link";
const SESSION: &str = "note a session";
const END: &str = "end a session";

impl Store {
    /// Notes a one-time link for a person.
    pub async fn create_link(
        &self,
        token_hash: [u8; 32],
        person: &PersonName,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sign_in_links (token_hash, person, expires) VALUES ($1, $2, $3)";
        self.note_token(LINK, sql, token_hash, person, expires).await
    }

    /// Whose link it is. It works once, and not after its time.
    pub async fn use_link(&self, token_hash: [u8; 32], now: Timestamp) -> Result<Option<PersonName>, StoreError> {
        const USE: &str = "use a sign-in link";
        self.write(USE, move |conn| {
            Box::pin(async move {
                let used: Option<(String, i64)> =
                    sqlx::query_as("DELETE FROM sign_in_links WHERE token_hash = $1 RETURNING person, expires")
                        .bind(token_hash.as_slice())
                        .fetch_optional(&mut *conn)
                        .await
                        .map_err(failed_to(USE))?;
                forget_expired(conn, now).await?;
                Ok(used.and_then(|(person, expires)| person_until(&person, expires, now)))
            })
        })
        .await
    }

    /// Notes a session of a person.
    pub async fn create_session(
        &self,
        token_hash: [u8; 32],
        person: &PersonName,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (token_hash, person, expires) VALUES ($1, $2, $3)";
        self.note_token(SESSION, sql, token_hash, person, expires).await
    }

    /// Whose session it is, while it lasts.
    pub async fn session(&self, token_hash: [u8; 32], now: Timestamp) -> Result<Option<PersonName>, StoreError> {
        let row: Option<(String, i64)> = sqlx::query_as("SELECT person, expires FROM sessions WHERE token_hash = $1")
            .bind(token_hash.as_slice())
            .fetch_optional(&mut *self.reader().await?)
            .await
            .map_err(failed_to("look up a session"))?;
        Ok(row.and_then(|(person, expires)| person_until(&person, expires, now)))
    }

    /// Ends one session.
    pub async fn end_session(&self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(END, move |conn| {
            Box::pin(async move {
                sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
                    .bind(token_hash.as_slice())
                    .execute(conn)
                    .await
                    .map(|_| ())
                    .map_err(failed_to(END))
            })
        })
        .await
    }

    /// Ends every session of a person, and takes their unused links away.
    pub async fn end_sessions_of(&self, person: &PersonName) -> Result<(), StoreError> {
        let person = person.as_str().to_owned();
        self.write(END, move |conn| {
            Box::pin(async move {
                for sql in ["DELETE FROM sessions WHERE person = $1", "DELETE FROM sign_in_links WHERE person = $1"] {
                    sqlx::query(sql).bind(&person).execute(&mut *conn).await.map_err(failed_to(END))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Notes with which token a person may come, and until when.
    async fn note_token(
        &self,
        action: &'static str,
        sql: &'static str,
        token_hash: [u8; 32],
        person: &PersonName,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let person = person.as_str().to_owned();
        self.write(action, move |conn| {
            Box::pin(async move {
                sqlx::query(sql)
                    .bind(token_hash.as_slice())
                    .bind(person)
                    .bind(expires.0)
                    .execute(conn)
                    .await
                    .map(|_| ())
                    .map_err(failed_to(action))
            })
        })
        .await
    }
}

async fn forget_expired(conn: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    for sql in ["DELETE FROM sign_in_links WHERE expires <= $1", "DELETE FROM sessions WHERE expires <= $1"] {
        sqlx::query(sql).bind(now.0).execute(&mut *conn).await.map_err(failed_to("forget expired sign-ins"))?;
    }
    Ok(())
}

/// A name that is none any more signs nobody in.
fn person_until(person: &str, expires: i64, now: Timestamp) -> Option<PersonName> {
    if expires > now.0 { person.parse().ok() } else { None }
}
