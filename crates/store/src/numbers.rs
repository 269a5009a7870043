//! Numbers that are given once and never again, whatever is deleted.

use sqlx::SqliteConnection;

use crate::StoreError;
use crate::error::failed_to;

/// The next number of this name (a row of the table `numbers`), for what is being done.
pub(crate) async fn next(
    conn: &mut SqliteConnection,
    name: &'static str,
    action: &'static str,
) -> Result<i64, StoreError> {
    sqlx::query_scalar("UPDATE numbers SET last = last + 1 WHERE name = $1 RETURNING last")
        .bind(name)
        .fetch_one(conn)
        .await
        .map_err(failed_to(action))
}
