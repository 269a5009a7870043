//! The one chat message of each pin, and of each notice about an instance, in each service: where it is, and what it said last.

use model::{PinId, PinNumber, Timestamp};
use sqlx::Sqlite;

use crate::error::failed_to;
use crate::pins::number_as_stored;
use crate::{Store, StoreError};

const SAVE: &str = "note a chat message";

/// A message that a chat service took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The channel, as the service calls it.
    pub channel: String,
    /// The message's key in the service (Slack's `ts`).
    pub key: String,
    /// Hash of what it says, to see whether it needs an edit.
    pub content_hash: String,
}

/// Where messages are noted, by what they are about.
struct Place {
    find: &'static str,
    save: &'static str,
}

const PINS: Place = Place {
    find: "SELECT channel, message_key, content_hash FROM chat_messages WHERE pin = $1 AND service = $2",
    save: "INSERT INTO chat_messages (pin, service, channel, message_key, content_hash, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (pin, service) DO UPDATE SET channel = excluded.channel,
               message_key = excluded.message_key, content_hash = excluded.content_hash,
               updated_at = excluded.updated_at",
};

const NOTICES: Place = Place {
    find: "SELECT channel, message_key, content_hash FROM notices WHERE notice = $1 AND service = $2",
    save: "INSERT INTO notices (notice, service, channel, message_key, content_hash, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (notice, service) DO UPDATE SET channel = excluded.channel,
               message_key = excluded.message_key, content_hash = excluded.content_hash,
               updated_at = excluded.updated_at",
};

impl Store {
    /// The pin's message in this service.
    pub async fn message(&self, pin: PinNumber, service: &str) -> Result<Option<SentMessage>, StoreError> {
        self.find_message(PINS, number_as_stored(pin), service).await
    }

    /// Notes the pin's message in this service, in place of what was noted before.
    pub async fn save_message(
        &self,
        pin: PinNumber,
        service: &str,
        message: &SentMessage,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.note_message(PINS, number_as_stored(pin), service, message, at).await
    }

    /// The message of a notice in this service. A notice has a key as a pin has.
    pub async fn notice(&self, notice: &PinId, service: &str) -> Result<Option<SentMessage>, StoreError> {
        self.find_message(NOTICES, notice.to_string(), service).await
    }

    /// Notes the message of a notice, in place of what was noted before.
    pub async fn save_notice(
        &self,
        notice: &PinId,
        service: &str,
        message: &SentMessage,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.note_message(NOTICES, notice.to_string(), service, message, at).await
    }

    async fn find_message<K: Key>(&self, of: Place, key: K, service: &str) -> Result<Option<SentMessage>, StoreError> {
        let row: Option<(String, String, String)> = sqlx::query_as(of.find)
            .bind(key)
            .bind(service)
            .fetch_optional(&mut *self.reader().await?)
            .await
            .map_err(failed_to("read a chat message"))?;
        Ok(row.map(|(channel, key, content_hash)| SentMessage { channel, key, content_hash }))
    }

    async fn note_message<K: Key>(
        &self,
        of: Place,
        key: K,
        service: &str,
        message: &SentMessage,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (service, message) = (service.to_owned(), message.clone());
        self.write(SAVE, move |conn| {
            Box::pin(async move {
                sqlx::query(of.save)
                    .bind(key)
                    .bind(service)
                    .bind(message.channel)
                    .bind(message.key)
                    .bind(message.content_hash)
                    .bind(at.0)
                    .execute(conn)
                    .await
                    .map(|_| ())
                    .map_err(failed_to(SAVE))
            })
        })
        .await
    }
}

/// What a message is noted by.
trait Key: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + Send + 'static {}
impl<K: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + Send + 'static> Key for K {}
