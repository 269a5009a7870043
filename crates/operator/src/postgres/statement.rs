//! Statements, and how they are performed.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};

use super::error::PostgresError;
use super::server::Server;

/// Above the server's own limit.
const PERFORMED_WITHIN: Duration = Duration::from_secs(90);

/// Something to do, decided from what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// What it does, for people: `make the role "shop"`. Verifiers are not in it.
    pub what: String,
    /// The SQL. What is set apart by semicolons happens as a whole or not at all.
    pub sql: String,
}

impl Statement {
    pub(crate) fn new(what: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { what: what.into(), sql: sql.into() }
    }
}

/// Performs them one after the other.
pub(crate) async fn perform(
    server: &Server,
    connection: &mut PgConnection,
    statements: &[Statement],
) -> Result<(), PostgresError> {
    for statement in statements {
        // Names and texts in it are quoted by `name`, and nowhere else.
        let performing = sqlx::raw_sql(AssertSqlSafe(statement.sql.clone())).execute(&mut *connection);
        match tokio::time::timeout(PERFORMED_WITHIN, performing).await {
            Ok(Ok(_)) => tracing::info!(%server, what = statement.what, "done in PostgreSQL"),
            Ok(Err(error)) => return Err(refused(server, &statement.what, &error)),
            Err(_) => return Err(slow(server, &statement.what)),
        }
    }
    Ok(())
}

/// Waits for what is asked, and no longer than a statement may take.
pub(crate) async fn asked<T>(
    server: &Server,
    what: &str,
    asking: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, PostgresError> {
    match tokio::time::timeout(PERFORMED_WITHIN, asking).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(refused(server, what, &error)),
        Err(_) => Err(slow(server, what)),
    }
}

fn slow(server: &Server, action: &str) -> PostgresError {
    PostgresError::Slow { action: action.to_owned(), server: server.to_string(), after: PERFORMED_WITHIN }
}

/// What the server said, without the statement: that holds verifiers.
pub(crate) fn refused(server: &Server, action: &str, error: &sqlx::Error) -> PostgresError {
    let (server, action) = (server.to_string(), action.to_owned());
    match error.as_database_error() {
        Some(said) => {
            let code = said.code().unwrap_or_default().into_owned();
            PostgresError::Refused { server, action, why: format!("{} ({code})", said.message()) }
        }
        None => PostgresError::Unreachable { server, why: format!("{error}, while it was to {action}") },
    }
}
