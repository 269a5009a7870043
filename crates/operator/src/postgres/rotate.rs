//! The two logins take turns: one is given a password, and when nobody uses the other any more that one is ended.

use super::Wanted;
use super::decide::{self, Given};
use super::ensure::{close, logged_in, look, unused};
use super::error::PostgresError;
use super::logins::{Login, LoginName};
use super::server::Server;
use super::statement::{Statement, perform};

/// How it stands with the login that is not the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nobody can log in with it, or it is not ours.
    Ended,
    /// It can be used, and nobody is logged in with it just now.
    Idle,
    /// Somebody is logged in with it.
    InUse,
}

/// Gives the login that is not the current one a new password. Whoever uses that one loses it: [`login_before`] says whether somebody does. When
/// the app has the new one, [`retire`] ends the one before.
pub async fn rotate(server: &Server, wanted: &Wanted, current: &Login) -> Result<Login, PostgresError> {
    let mut connection = server.connect(&server.maintenance).await?;
    let seen = look(server, &mut connection, wanted).await?;
    let is_current = |name: &LoginName| name.role(wanted).as_str() == current.role;
    let next = match LoginName::BOTH.into_iter().find(is_current) {
        Some(current) => current.other(),
        None => unused(server, &mut connection, wanted, &seen).await?,
    };
    let role = next.role(wanted);
    let login = Login::new(&role)?;
    let statements = decide::login(wanted, &seen, &Given { role, verifier: Some(login.verifier()?) })?;
    perform(server, &mut connection, &statements).await?;
    close(connection).await;
    Ok(login)
}

/// How it stands with the login that is not the current one.
pub async fn login_before(server: &Server, wanted: &Wanted, current: &Login) -> Result<Before, PostgresError> {
    ended(server, wanted, current, false).await
}

/// What became of the login before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// It can't log in any more.
    Ended,
    /// Somebody is logged in with it: it stays.
    InUse,
    /// There was none.
    Nothing,
}

/// Ends the login that is not the current one, unless somebody is logged in with it.
pub async fn retire(server: &Server, wanted: &Wanted, current: &Login) -> Result<Retired, PostgresError> {
    Ok(match ended(server, wanted, current, true).await? {
        Before::Ended => Retired::Nothing,
        Before::Idle => Retired::Ended,
        Before::InUse => Retired::InUse,
    })
}

/// How it stood with the login that is not the current one, before it was ended where that is wanted and nobody uses it.
async fn ended(server: &Server, wanted: &Wanted, current: &Login, is_wanted: bool) -> Result<Before, PostgresError> {
    let mut connection = server.connect(&server.maintenance).await?;
    let seen = look(server, &mut connection, wanted).await?;
    let roles = LoginName::BOTH.map(|name| name.role(wanted));
    let others = roles.iter().filter(|role| role.as_str() != current.role);
    let ended = others.filter_map(|role| Some((role.to_string(), decide::retired(wanted, &seen, role)?)));
    let (others, statements): (Vec<String>, Vec<Statement>) = ended.unzip();
    if statements.is_empty() {
        close(connection).await;
        return Ok(Before::Ended);
    }
    let in_use = !logged_in(server, &mut connection, &others).await?.is_empty();
    if is_wanted && !in_use {
        perform(server, &mut connection, &statements).await?;
    }
    close(connection).await;
    Ok(if in_use { Before::InUse } else { Before::Idle })
}
