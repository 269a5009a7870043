//! One pass over a PostgresDatabase: its server, what it should be, the database and its logins, its Secrets, its status.

use std::time::Duration;

use jiff::Timestamp;

use super::crd::{Backup, BackupRun};
use super::dereference::{self, Found, Reached};
use super::fill::{Filling, RESTORING, fill};
use super::status::{self, Outcome};
use super::validate::{self, connection_secret, reporting_secret};
use super::{PostgresDatabase, PostgresDatabaseSpec, apply, backup, cluster, end, local, rds, rotation};
use crate::crd::OfKind as _;
use crate::driver::{Controller, Next, OperatorError, Work};
use crate::postgres::{self, Login, PostgresError, Wanted};
use crate::standing::Standing;

/// How databases are looked after.
pub(crate) const CONTROLLER: Controller =
    Controller { kind: PostgresDatabaseSpec::KIND.kind, reconcile: |work| Box::pin(reconcile(work)) };

/// The server is asked again after so long, though nothing of the object changed: somebody may have changed what is there.
const ASKED_AGAIN_AFTER: Duration = Duration::from_mins(10);
/// What is not watched is looked for again after so long.
const LOOKED_FOR_AGAIN_AFTER: Duration = Duration::from_secs(10);

async fn reconcile(work: &mut Work) -> Result<Next, OperatorError> {
    let database = PostgresDatabase::read(&work.object)?;
    if work.is_skipped(&database.metadata).await? {
        return Ok(Next::WhenChanged);
    }
    let now = work.now();
    let wanted = validate::validate(&database, &work.shared.cluster);
    if work.is_deleted() {
        return end::end(work, &database, wanted.as_ref()).await;
    }
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(error) => {
            let standing = Standing::Stalled { reason: "Invalid", message: error.to_string() };
            return written(work, &database, None, &Outcome::of(standing), now).await;
        }
    };
    end::guard(work, &database).await?;
    match steps(work, &database, &wanted, now).await {
        Ok(outcome) => written(work, &database, Some(&wanted), &outcome, now).await,
        Err(error) if work.passes_over(&error) => Err(error),
        Err(error) => {
            written(work, &database, Some(&wanted), &Outcome::of(Standing::of_error(&error)), now).await?;
            Err(error)
        }
    }
}

async fn written(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: Option<&Wanted>,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Next, OperatorError> {
    let status = status::of(database, wanted, outcome, now);
    work.write_status(&status).await?;
    let runs = outcome.backup.as_ref().is_some_and(|run| !run.failed);
    Ok(Next::After(match &outcome.standing {
        // All of an account ask RDS together, and what it does takes minutes.
        standing if database.spec.server.rds.is_some() && (runs || *standing != Standing::Ready) => {
            work.shared.settings.aws.asked_every
        }
        Standing::Waits { reason: RESTORING, .. } => backup::ASKED_EVERY,
        Standing::Ready if runs => backup::ASKED_EVERY,
        Standing::Ready => ASKED_AGAIN_AFTER,
        _ => LOOKED_FOR_AGAIN_AFTER,
    }))
}

async fn steps(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Outcome, OperatorError> {
    let reached = match dereference::server(work, database).await? {
        Found::Server(reached) => reached,
        Found::Waits(message) => return Ok(Outcome::of(Standing::Waits { reason: "ServerStarts", message })),
        Found::Missing(message) | Found::NoSecret(message) => {
            return Ok(Outcome::of(Standing::Stalled { reason: "NoServer", message }));
        }
    };
    let (name, reporting_name) = (connection_secret(database), reporting_secret(database));
    let secret = work.secret(&name).await?;
    let (login, since) = (dereference::login(secret.as_ref()), apply::rotated(secret.as_ref()));
    let reporting = match wanted.reporting {
        Some(_) => dereference::login(work.secret(&reporting_name).await?.as_ref()),
        None => None,
    };
    let mut ensured_login = None;
    let fingerprint = fingerprint(work, database, &reached, login.as_ref(), reporting.as_ref());
    // Whoever took its Secret away may have done so a moment after it was written.
    let lacks_a_login = login.is_none() || wanted.reporting.is_some() && reporting.is_none();
    if lacks_a_login || !work.is_fresh(&fingerprint, ASKED_AGAIN_AFTER) {
        let _turn = work.shared.turn_on(&reached.server.to_string()).await;
        let ensured = postgres::ensure(&reached.server, wanted, login.as_ref(), reporting.as_ref()).await;
        let ensured = match ensured {
            Ok(ensured) => ensured,
            Err(error) => return refused(work, database, &reached, error).await,
        };
        if let Some(login) = ensured.login.as_ref().or(login.as_ref()) {
            apply::connection(work, &name, &reached, wanted, (login, since)).await?;
        }
        ensured_login = ensured.login;
        if let Some(login) = ensured.reporting.as_ref().or(reporting.as_ref()) {
            apply::connection(work, &reporting_name, &reached, wanted, (login, None)).await?;
        }
        // Not before: a login that no Secret holds is none.
        work.is_done(fingerprint);
    } else if let Some(login) = &login {
        apply::connection(work, &name, &reached, wanted, (login, since)).await?;
        if let Some(reporting) = &reporting {
            apply::connection(work, &reporting_name, &reached, wanted, (reporting, None)).await?;
        }
    }
    let is_new = ensured_login.is_some();
    let Some(used) = ensured_login.or_else(|| login.clone()) else {
        let standing = Standing::Waits { reason: "NoLogin", message: "it has no login yet".to_owned() };
        return Ok(Outcome::of(standing));
    };
    let filled = match fill(work, database, wanted, &reached, &used).await? {
        Filling::Done(filled) => filled,
        Filling::NotYet(standing) => {
            return Ok(Outcome { server: Some(reached.kind), login: Some(used.role), ..Outcome::of(standing) });
        }
    };
    let (backups, run) = backed_up(work, database, wanted, &reached, &used).await?;
    // A login that was made in this pass is the newest that there is, and what the Secret held before is none of the two.
    let (rotated, note) = match &login {
        Some(login) if !is_new => rotation::rotated(work, database, wanted, &reached, (login, since), now).await?,
        _ => (Some(now), None),
    };
    let (server, login) = (Some(reached.kind), Some(used.role));
    Ok(Outcome { standing: Standing::Ready, server, login, rotated, note, backups, backup: run, filled })
}

/// What it means that the server does not do what is asked: some can be told their password again.
async fn refused(
    work: &mut Work,
    database: &PostgresDatabase,
    reached: &Reached,
    error: PostgresError,
) -> Result<Outcome, OperatorError> {
    let is_password = error.is_about(&reached.server.username);
    match &database.spec.server.rds {
        _ if is_password && reached.kind == "local" => local::told_its_password_again(work, database, error).await,
        _ if is_password && cluster::sets_its_password(database) => Ok(cluster::is_told_its_password()),
        Some(server) => rds::asked_in_vain(work, database, server, error).await,
        None => Err(error.into()),
    }
}

/// The backup that somebody asked for: all that are kept, once it is made; else how it goes.
async fn backed_up(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: &Wanted,
    reached: &Reached,
    login: &Login,
) -> Result<(Option<Vec<Backup>>, Option<BackupRun>), OperatorError> {
    let Some((asked, name)) = backup::asked_for(database) else { return Ok((None, None)) };
    let ran = match &database.spec.server.rds {
        Some(server) => rds::backed_up(work, database, server, &name).await?,
        None => backup::made(work, reached, wanted, login, &name).await?,
    };
    Ok(match backup::told(&name, &ran) {
        None => {
            backup::is_answered(work, &asked).await?;
            (Some(backup::known(work).await?), None)
        }
        run => (None, run),
    })
}

/// What the server was asked for last. A change of it has it asked again.
fn fingerprint(
    work: &Work,
    database: &PostgresDatabase,
    reached: &Reached,
    login: Option<&Login>,
    reporting: Option<&Login>,
) -> String {
    let of = |login: Option<&Login>| login.map(|login| work.shared.key.mask(login.password.expose().as_bytes()));
    let admin = work.shared.key.mask(reached.server.password.expose().as_bytes());
    format!("{:?} {} {admin} {:?} {:?}", database.metadata.generation, reached.server, of(login), of(reporting))
}
