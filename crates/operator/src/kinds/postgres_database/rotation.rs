//! When the password is replaced, and when the one before is ended.

use jiff::{SignedDuration, Timestamp};

use super::dereference::Reached;
use super::validate::connection_secret;
use super::{PostgresDatabase, apply, users};
use crate::driver::{OperatorError, Work};
use crate::postgres::{self, Before, Login, Retired, Wanted};

/// For so long the login before may still be used by pods that have not been started anew.
const RETIRED_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Replaces the password when it is due: the other of the two logins is given one, and the App's pods change over to it. When they had
/// a day to do so the first is ended. Gives when it was replaced, and why that is put off.
pub(crate) async fn rotated(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: &Wanted,
    reached: &Reached,
    (login, in_secret): (&Login, Option<Timestamp>),
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<String>), OperatorError> {
    let Some(rotation) = &database.spec.rotation else { return Ok((None, None)) };
    let told = database.status.as_ref().and_then(|status| status.rotated.as_ref()?.parse::<Timestamp>().ok());
    // It stands in the Secret too, written with the password: a status that could not be written has nothing replaced twice.
    let written = in_secret.filter(|at| told.is_none_or(|told| *at > told));
    let Some(last) = written.or(told) else { return Ok((Some(now), None)) };
    let age = now.duration_since(last);
    if age >= SignedDuration::from_hours(24 * i64::from(rotation.every_days)) {
        let _turn = work.shared.turn_on(&reached.server.to_string()).await;
        if let Some(why) = who_uses_the_login_before(work, wanted, reached, login).await? {
            tracing::info!(database = %work.key, why, "the password is due and not replaced yet");
            return Ok((written, Some(format!("its password is due and not replaced yet: {why}"))));
        }
        let next = postgres::rotate(&reached.server, wanted, login).await?;
        apply::connection(work, &connection_secret(database), reached, wanted, (&next, Some(now))).await?;
        return Ok((Some(now), None));
    }
    if age >= RETIRED_AFTER && work.memo.retired.as_ref() != Some(&login.role) {
        retired(work, wanted, reached, login).await?;
    }
    Ok((written, None))
}

/// Replacing the password gives the other login another one. Who still uses that would lose it.
async fn who_uses_the_login_before(
    work: &Work,
    wanted: &Wanted,
    reached: &Reached,
    login: &Login,
) -> Result<Option<String>, OperatorError> {
    Ok(match postgres::login_before(&reached.server, wanted, login).await? {
        Before::Ended => None,
        Before::InUse => Some("somebody is logged in with the login before".to_owned()),
        Before::Idle => {
            users::who_may_use_the_login_before(work).map(|app| format!("the App {app} may still use the login before"))
        }
    })
}

async fn retired(work: &mut Work, wanted: &Wanted, reached: &Reached, login: &Login) -> Result<(), OperatorError> {
    if let Some(app) = users::who_may_use_the_login_before(work) {
        tracing::info!(database = %work.key, app, "the login before is kept: this App may still use it");
        return Ok(());
    }
    let _turn = work.shared.turn_on(&reached.server.to_string()).await;
    match postgres::retire(&reached.server, wanted, login).await? {
        Retired::InUse => {
            tracing::info!(database = %work.key, "the login before is kept: somebody is logged in with it");
            return Ok(());
        }
        Retired::Ended => tracing::info!(database = %work.key, "the login before is ended"),
        Retired::Nothing => {}
    }
    work.memo.retired = Some(login.role.clone());
    Ok(())
}
