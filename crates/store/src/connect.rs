//! Opening: the directory's lock, the file, its settings and its schema.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr, SqliteConnection, SqlitePool};

use crate::StoreError;
use crate::error::failed_to;

/// How long SQLite waits for another program's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader waits for a free connection.
const READER_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_READERS: u32 = 4;
/// 512 KiB of pages each, where SQLite takes 2 MiB: what is read often is in the system's cache anyway.
const READER_CACHE: &str = "-512";

/// In order. One that was released is never changed: sqlx compares checksums.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "what happened", include_str!("../migrations/0001_what_happened.sql")),
    (2, "notices", include_str!("../migrations/0002_notices.sql")),
    (3, "fleets", include_str!("../migrations/0003_fleets.sql")),
    (4, "pruned", include_str!("../migrations/0004_pruned.sql")),
    (5, "plans", include_str!("../migrations/0005_plans.sql")),
];

/// The lock on the data directory. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes `lock` in this directory, and leaves our process id in it for the one that comes second.
    pub(crate) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let unusable = unusable(&path);
        // The database holds sign-in hashes and our own keys: it is for nobody else on this machine.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(&unusable)?;
        let mut file = private_file(&path).map_err(&unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse { dir: dir.to_owned(), pid: pid_in(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // The id is only a hint for people, so a full disk does not stop us here.
        drop(write_pid(&mut file));
        Ok(Self { _file: file })
    }
}

/// The database file, made for us alone.
pub(crate) fn database_file(dir: &Path) -> Result<PathBuf, StoreError> {
    let path = dir.join("pinnace.db");
    private_file(&path).map_err(unusable(&path))?;
    Ok(path)
}

/// A connection for writing, to a database that has the newest schema.
pub(crate) async fn migrated(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = writing(path).await?;
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into()).run(&mut conn).await.map_err(not_migrated)?;
    Ok(conn)
}

/// A connection for writing.
pub(crate) async fn writing(path: &Path) -> Result<SqliteConnection, StoreError> {
    options(path).connect().await.map_err(failed_to("open the database"))
}

/// Connections that can only read.
pub(crate) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(MOST_READERS)
        .acquire_timeout(READER_TIMEOUT)
        .connect_lazy_with(options(path).pragma("query_only", "ON").pragma("cache_size", READER_CACHE))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A write that was answered survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("journal_size_limit", "16777216")
        .disable_statement_logging()
}

fn not_migrated(error: MigrateError) -> StoreError {
    let known = MIGRATIONS.map(|(version, ..)| version).into_iter().max().unwrap_or_default();
    match error {
        MigrateError::VersionMissing(found) => StoreError::NewerSchema { found, known },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            failed_to("bring the database to the newest schema")(error)
        }
        source => StoreError::Migrate { known, source: Arc::new(source) },
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

fn unusable(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Directory { path: path.to_owned(), source: Arc::new(source) }
}
