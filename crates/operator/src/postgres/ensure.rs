//! Making a database as it should be, and taking it away.

use sqlx::{Connection as _, PgConnection};

use super::Wanted;
use super::decide::{self, Given};
use super::error::PostgresError;
use super::extensions;
use super::logins::{Login, LoginName, works};
use super::name::PgName;
use super::seen::{Seen, inside, seen};
use super::server::Server;
use super::statement::{Statement, asked, perform};

/// Another who makes the same at the same time is waited for so often.
const MOST_TRIES: u32 = 3;

/// What came of it.
#[derive(Default)]
pub struct Ensured {
    /// The login that the app is to have from now on; none when the one that it has is good.
    pub login: Option<Login>,
    /// The same of the reporting role.
    pub reporting: Option<Login>,
    /// What was done, in words.
    pub did: Vec<String>,
}

/// Makes a database as it should be. `login` and `reporting` are what the Secrets of the app hold: a login that does not work is given the password
/// that stands there.
pub async fn ensure(
    server: &Server,
    wanted: &Wanted,
    login: Option<&Login>,
    reporting: Option<&Login>,
) -> Result<Ensured, PostgresError> {
    let mut tries = 1;
    loop {
        match ensure_once(server, wanted, login, reporting).await {
            Err(error) if tries < MOST_TRIES && is_there_by_now(&error) => tries += 1,
            ended => return ended,
        }
    }
}

/// `duplicate_object`, `duplicate_database`, `unique_violation`: somebody made it since it was looked for.
fn is_there_by_now(error: &PostgresError) -> bool {
    let codes = ["(42710)", "(42P04)", "(23505)"];
    matches!(error, PostgresError::Refused { why, .. } if codes.iter().any(|code| why.ends_with(code)))
}

async fn ensure_once(
    server: &Server,
    wanted: &Wanted,
    login: Option<&Login>,
    reporting: Option<&Login>,
) -> Result<Ensured, PostgresError> {
    let mut ensured = Ensured::default();
    let mut connection = server.connect(&server.maintenance).await?;
    let mut seen = look(server, &mut connection, wanted).await?;
    let statements = decide::on_server(wanted, &seen, &server.to_string())?;
    if !statements.is_empty() {
        ensured.perform(server, &mut connection, &statements).await?;
        seen = look(server, &mut connection, wanted).await?;
    }
    let chosen = match chosen(wanted, login) {
        Some(chosen) => chosen,
        None => (unused(server, &mut connection, wanted, &seen).await?.role(wanted), None),
    };
    let (app, new) = given(server, wanted, &seen, chosen).await?;
    ensured.perform(server, &mut connection, &decide::login(wanted, &seen, &app)?).await?;
    ensured.login = new;
    if let Some(role) = &wanted.reporting {
        let known = reporting.filter(|login| login.role == role.as_str());
        let (reader, new) = given(server, wanted, &seen, (role.clone(), known)).await?;
        ensured.perform(server, &mut connection, &decide::reporting(wanted, &seen, &reader)?).await?;
        ensured.reporting = new;
    }
    close(connection).await;

    let mut connection = server.connect(wanted.database.as_str()).await?;
    let found = inside(server, &mut connection, wanted).await?;
    let statements = decide::within(wanted, &found, &server.to_string())?;
    let performed = ensured.perform(server, &mut connection, &statements).await;
    close(connection).await;
    performed.map_err(|error| extensions::told(wanted, error))?;
    Ok(ensured)
}

impl Ensured {
    async fn perform(
        &mut self,
        server: &Server,
        connection: &mut PgConnection,
        statements: &[Statement],
    ) -> Result<(), PostgresError> {
        perform(server, connection, statements).await?;
        self.did.extend(statements.iter().map(|statement| statement.what.clone()));
        Ok(())
    }
}

/// Which of the two the app has, and with what.
fn chosen<'l>(wanted: &Wanted, login: Option<&'l Login>) -> Option<(PgName, Option<&'l Login>)> {
    let login = login?;
    let name = LoginName::BOTH.into_iter().find(|name| name.role(wanted).as_str() == login.role)?;
    Some((name.role(wanted), Some(login)))
}

/// What a role logs in with: as it is known, with its password set again where that does not work; or a new login, which comes second.
async fn given(
    server: &Server,
    wanted: &Wanted,
    seen: &Seen,
    (role, known): (PgName, Option<&Login>),
) -> Result<(Given, Option<Login>), PostgresError> {
    let Some(known) = known else {
        let login = Login::new(&role)?;
        return Ok((Given { role, verifier: Some(login.verifier()?) }, Some(login)));
    };
    let is_good = decide::can_log_in(seen, &role) && works(server, known, &wanted.database).await?;
    let verifier = if is_good { None } else { Some(known.verifier()?) };
    Ok((Given { role, verifier }, None))
}

/// The login that is given to an app that has none, so that whoever uses the other goes on.
pub(crate) async fn unused(
    server: &Server,
    connection: &mut PgConnection,
    wanted: &Wanted,
    seen: &Seen,
) -> Result<LoginName, PostgresError> {
    let roles: Vec<String> = LoginName::BOTH.map(|name| name.role(wanted).to_string()).into();
    let in_use = logged_in(server, connection, &roles).await?;
    Ok(decide::least_used(wanted, seen, &in_use))
}

const LOGGED_IN: &str = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE usename = ANY($1)";

/// Those of these roles that somebody is logged in as.
pub(crate) async fn logged_in(
    server: &Server,
    connection: &mut PgConnection,
    roles: &[String],
) -> Result<Vec<String>, PostgresError> {
    let asking = sqlx::query_scalar(LOGGED_IN).bind(roles).fetch_all(connection);
    asked(server, "say who is logged in", asking).await
}

/// Deletes the database and its roles, as far as they are ours. What was done, in words.
pub async fn take_away(server: &Server, wanted: &Wanted) -> Result<Vec<String>, PostgresError> {
    let mut connection = server.connect(&server.maintenance).await?;
    let seen = look(server, &mut connection, wanted).await?;
    let statements = decide::gone(wanted, &seen, &roles(wanted));
    perform(server, &mut connection, &statements).await?;
    close(connection).await;
    Ok(statements.into_iter().map(|statement| statement.what).collect())
}

/// All roles of a database, those that depend on others first.
fn roles(wanted: &Wanted) -> Vec<PgName> {
    let logins = LoginName::BOTH.map(|name| name.role(wanted));
    logins.into_iter().chain(wanted.reporting.clone()).chain([wanted.owner.clone()]).collect()
}

pub(crate) async fn look(
    server: &Server,
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Seen, PostgresError> {
    seen(server, connection, wanted, &roles(wanted)).await
}

/// What is not heard of our leaving is no harm.
pub(crate) async fn close(connection: PgConnection) {
    let _ = connection.close().await;
}

/// What an extension brought is nobody's data.
const EMPTY: &str = "
    SELECT NOT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
        AND NOT EXISTS(SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))";

/// Whether nothing of anybody's is in the database yet.
pub async fn is_empty(server: &Server, wanted: &Wanted) -> Result<bool, PostgresError> {
    let mut connection = server.connect(wanted.database.as_str()).await?;
    let asking = sqlx::query_scalar(EMPTY).fetch_one(&mut connection);
    let empty = asked(server, "say what is in the database", asking).await?;
    close(connection).await;
    Ok(empty)
}

/// The major version of a server: `17`.
pub async fn major_version(server: &Server) -> Result<u32, PostgresError> {
    let mut connection = server.connect(&server.maintenance).await?;
    let sql = "SELECT current_setting('server_version_num')::int";
    let asking = sqlx::query_scalar::<_, i32>(sql).fetch_one(&mut connection);
    let version = asked(server, "say its version", asking).await?;
    close(connection).await;
    Ok(u32::try_from(version / 10_000).unwrap_or_default())
}
