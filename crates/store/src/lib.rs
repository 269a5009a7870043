//! What happened: append-only facts in SQLite. All SQL is here.
//!
//! Place in the path: a webhook is answered after [`Store::receive`]; `control` appends what it intends and what it saw
//! with [`Store::append`], and computes everything else from the facts that it reads back.
//!
//! One task writes, and takes what waits into one transaction, so that a thousand webhooks cost a few flushes of the
//! disk. Readers have connections of their own and see only what is committed. A write that was answered is on disk.

mod builds;
mod chat_messages;
mod connect;
mod error;
mod fleets;
mod instances;
mod kept_values;
mod numbers;
mod pins;
mod plans;
mod pruned;
mod read_back;
mod sign_in;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use model::PinNumber;
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};
use tokio::sync::watch;

pub use builds::{BuildId, BuildRow, BuildState, NewBuild, Receipt};
pub use chat_messages::SentMessage;
pub use error::StoreError;
pub use fleets::{FleetRecord, NewFleet, Opening};
pub use pins::{NewPin, OpenedPin, PinRecord};
pub use plans::PlanRow;
pub use pruned::{NewPruned, Pruned};
pub use read_back::ReadBack;

use connect::DirectoryLock;
use error::failed_to;
use instances::Folded;
use writer::{Write, Writer};

/// The database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    writer: Writer,
    readers: SqlitePool,
    /// Pins that were found unreadable, and why.
    unreadable: Mutex<BTreeMap<PinNumber, String>>,
    folded: tokio::sync::Mutex<Folded>,
    /// Held as long as any clone lives.
    _lock: DirectoryLock,
}

impl Store {
    /// Opens `pinnace.db` in this directory, which is made if need be, and brings it to the newest schema.
    ///
    /// One process at a time: a second one gets [`StoreError::InUse`]. Must be called within a tokio runtime.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = DirectoryLock::take(dir)?;
        let path = connect::database_file(dir)?;
        let writing = connect::migrated(&path).await?;
        let readers = connect::readers(&path);
        let writer = Writer::start(writing, path);
        Ok(Self(Arc::new(Parts {
            writer,
            readers,
            unreadable: Mutex::default(),
            folded: tokio::sync::Mutex::default(),
            _lock: lock,
        })))
    }

    /// Ticks after each commit: for the page's live stream and for the loops of `control`.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.writer.changes()
    }

    /// Whether a write works, for readiness. It does not tick [`Store::changes`].
    pub async fn healthy(&self) -> Result<(), StoreError> {
        self.0
            .writer
            .quietly("see whether a write works", |conn| {
                Box::pin(async move {
                    kept_values::set(conn, "checked", &[]).await?;
                    // The row goes again, so that each check really writes.
                    kept_values::remove(conn, "checked").await
                })
            })
            .await
    }

    /// Writes what waits and closes. Calls after this fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.0.writer.close().await;
        self.0.readers.close().await;
    }

    async fn write<T, F>(&self, doing: &'static str, write: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Write<T>,
    {
        self.0.writer.write(doing, write).await
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.0.readers.acquire().await.map_err(failed_to("read the database"))
    }
}

#[cfg(test)]
mod tests;
