//! What can go wrong with the database, with what to do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use model::{FleetNumber, IllegalFact, IllegalFleetFact, InstanceId, PinId, PinNumber};

/// Why the database could not do it. Nothing of a failed call is kept, and the next call may succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The data directory can't be made or used.
    #[error(
        "failed to use the data directory `{path}`: check that it exists, is on a local disk and is writable for us"
    )]
    Directory {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Another process has it open.
    #[error(
        "`{dir}` is in use by another pinnace{}: stop that one first, or give this one its own data directory",
        pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other process, as far as it is known.
        pid: Option<u32>,
    },
    /// A newer pinnace wrote it.
    #[error(
        "the database was written by a newer pinnace (schema {found}, this one knows up to {known}): start that version, or restore the backup made before it"
    )]
    NewerSchema {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration that we have.
        known: i64,
    },
    /// A migration did not work, or an applied one is not what it was.
    #[error("failed to bring the database to schema {known}; it was left as it was before")]
    Migrate {
        /// The newest migration that we have.
        known: i64,
        /// Why.
        source: Arc<sqlx::migrate::MigrateError>,
    },
    /// The disk is full.
    #[error("failed to {doing}: the disk of the data directory is full; free some space, nothing was lost")]
    Full {
        /// What was to be done.
        doing: &'static str,
    },
    /// Somebody else keeps the database locked.
    #[error(
        "failed to {doing}: another program keeps the database locked; close it (`sqlite3`, a backup) and try again"
    )]
    Locked {
        /// What was to be done.
        doing: &'static str,
    },
    /// The disk or its mount refuses writes.
    #[error("failed to {doing}: the data directory is read-only; mount it writable and check its owner")]
    ReadOnly {
        /// What was to be done.
        doing: &'static str,
    },
    /// The file is not a sound database.
    #[error(
        "failed to {doing}: `pinnace.db` is damaged; stop pinnace, keep a copy of the data directory, and restore a backup or run `sqlite3 pinnace.db .recover`"
    )]
    Damaged {
        /// What was to be done.
        doing: &'static str,
    },
    /// The disk answers with errors.
    #[error("failed to {doing}: the disk of the data directory reports errors; look at the system log")]
    Disk {
        /// What was to be done.
        doing: &'static str,
        /// What SQLite said.
        source: Arc<sqlx::Error>,
    },
    /// No answer in time. The write may still happen: look before repeating it.
    #[error("failed to {doing} in time: the disk of the data directory is too slow or hangs")]
    TimedOut {
        /// What was to be done.
        doing: &'static str,
    },
    /// The store was closed.
    #[error("failed to {doing}: the database is closed because pinnace is stopping")]
    Closed {
        /// What was to be done.
        doing: &'static str,
    },
    /// Anything else that the database says.
    #[error("failed to {doing}")]
    Query {
        /// What was to be done.
        doing: &'static str,
        /// What SQLite said.
        source: Arc<sqlx::Error>,
    },
    /// A value can't be written as JSON.
    #[error("failed to {doing}: it can't be written as JSON")]
    Encode {
        /// What was to be done.
        doing: &'static str,
        /// Why.
        source: Arc<serde_json::Error>,
    },
    /// Someone else appended first: read again and decide anew.
    #[error("pin {number} has {have} facts, not {after}: somebody else came first")]
    Conflict {
        /// Which pin.
        number: PinNumber,
        /// How many facts the caller knew.
        after: u64,
        /// How many it has.
        have: u64,
    },
    /// A fact that can't follow.
    #[error(transparent)]
    Illegal(#[from] IllegalFact),
    /// Someone else appended to a fleet pin first: read again and decide anew.
    #[error("fleet pin {number} changed meanwhile: somebody else came first")]
    FleetConflict {
        /// Which fleet pin.
        number: FleetNumber,
    },
    /// A fact about a fleet pin that can't follow.
    #[error(transparent)]
    IllegalFleet(#[from] IllegalFleetFact),
    /// There is no such fleet pin.
    #[error("there is no fleet pin {number}")]
    NoSuchFleet {
        /// Which.
        number: FleetNumber,
    },
    /// Another pin holds the instance's candidate slot.
    #[error("`{instance}` already has the candidate of pin {by}: wait until that one ends")]
    ClaimHeld {
        /// The instance.
        instance: InstanceId,
        /// The pin that holds it.
        by: PinNumber,
    },
    /// There is no such pin.
    #[error("there is no pin with the id `{id}`")]
    NoSuchPin {
        /// The id that was asked for.
        id: PinId,
    },
    /// What is stored of one thing can't be read; everything else goes on.
    #[error(
        "{what} can't be read: {why}; it was written by another version of pinnace or changed by hand: restore it from a backup"
    )]
    Unreadable {
        /// Which thing.
        what: String,
        /// Why.
        why: String,
    },
}

impl StoreError {
    /// Whether only the one write is refused, so that others in its transaction go on. After every other failure SQLite
    /// may have ended the transaction by itself.
    pub(crate) fn spares_others(&self) -> bool {
        match self {
            Self::Encode { .. }
            | Self::Conflict { .. }
            | Self::Illegal(_)
            | Self::FleetConflict { .. }
            | Self::IllegalFleet(_)
            | Self::NoSuchFleet { .. }
            | Self::ClaimHeld { .. }
            | Self::NoSuchPin { .. }
            | Self::Unreadable { .. } => true,
            Self::Query { source, .. } => primary_code(source) == Some(SQLITE_CONSTRAINT),
            _ => false,
        }
    }
}

// https://sqlite.org/rescode.html
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_NOTADB: u32 = 26;

/// For `map_err`: sorts what SQLite said into what a caller can act on.
pub(crate) fn failed_to(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| match primary_code(&source) {
        Some(SQLITE_FULL) => StoreError::Full { doing },
        Some(SQLITE_BUSY | SQLITE_LOCKED) => StoreError::Locked { doing },
        Some(SQLITE_READONLY) => StoreError::ReadOnly { doing },
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => StoreError::Damaged { doing },
        Some(SQLITE_IOERR) => StoreError::Disk { doing, source: Arc::new(source) },
        _ if matches!(source, sqlx::Error::PoolTimedOut) => StoreError::TimedOut { doing },
        _ if matches!(source, sqlx::Error::PoolClosed) => StoreError::Closed { doing },
        _ => StoreError::Query { doing, source: Arc::new(source) },
    }
}

/// For `map_err`: a value that does not become JSON.
pub(crate) fn unwritable(doing: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
    move |source| StoreError::Encode { doing, source: Arc::new(source) }
}

/// The result code without its extension.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
