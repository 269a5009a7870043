//! A server, and connections to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrets::Secret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _};

use super::error::PostgresError;
use super::statement::refused;

/// How long a connection may take.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// Whether connections are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// Where the server can.
    #[default]
    Prefer,
    /// Always; the server's certificate is not looked at.
    Require,
    /// Always, and the server proves who it is by a certificate of one of these authorities, a PEM file; none: those that everybody knows.
    Verify(Option<PathBuf>),
}

/// A server of PostgreSQL, with a role that may make databases and roles.
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The role.
    pub username: String,
    /// Its password.
    pub password: Secret<String>,
    /// Whether connections are encrypted.
    pub tls: Tls,
    /// A database that is always there: `postgres`.
    pub maintenance: String,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Server {
    /// Connects to one of its databases.
    pub(crate) async fn connect(&self, database: &str) -> Result<PgConnection, PostgresError> {
        self.connect_as(&self.username, &self.password, database).await
    }

    /// Connects as somebody else.
    pub(crate) async fn connect_as(
        &self,
        username: &str,
        password: &Secret<String>,
        database: &str,
    ) -> Result<PgConnection, PostgresError> {
        let (mode, authorities) = match &self.tls {
            Tls::Prefer => (PgSslMode::Prefer, None),
            Tls::Require => (PgSslMode::Require, None),
            Tls::Verify(authorities) => (PgSslMode::VerifyFull, authorities.as_ref()),
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(username)
            .password(password.expose())
            .database(database)
            .ssl_mode(mode)
            .application_name("pinnace")
            .options([
                ("statement_timeout", "60s"),
                ("lock_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "60s"),
            ])
            // Verifiers of passwords are in statements.
            .disable_statement_logging();
        if let Some(authorities) = authorities {
            options = options.ssl_root_cert(authorities);
        }
        let connecting = tokio::time::timeout(CONNECTS_WITHIN, PgConnection::connect_with(&options));
        match connecting.await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(self.not_connected(username, &error)),
            Err(_) => {
                let action = format!("connecting to the database `{database}`");
                Err(PostgresError::Slow { action, server: self.to_string(), after: CONNECTS_WITHIN })
            }
        }
    }

    fn not_connected(&self, role: &str, error: &sqlx::Error) -> PostgresError {
        let server = self.to_string();
        let Some(said) = error.as_database_error() else {
            return PostgresError::Unreachable { server, why: error.to_string() };
        };
        match said.code().as_deref() {
            // invalid_authorization_specification, invalid_password: a role that may not log in is among the first.
            Some("28000" | "28P01") => {
                PostgresError::Login { server, role: role.to_owned(), why: said.message().to_owned() }
            }
            // It starts, ends, or has no room.
            Some(code) if code.starts_with("57P") || code.starts_with("53") => {
                PostgresError::Unreachable { server, why: said.message().to_owned() }
            }
            _ => refused(self, "let us in", error),
        }
    }
}
