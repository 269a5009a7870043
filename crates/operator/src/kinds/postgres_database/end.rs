//! What becomes of the data when its object is deleted.

use std::time::Duration;

use super::PostgresDatabase;
use super::cluster::Own;
use super::crd::Deletion;
use super::dereference::{self, Found};
use super::rds::{self, Ended};
use super::status::{self, Outcome};
use crate::driver::{Next, OperatorError, Work};
use crate::postgres::{self, InvalidName, Wanted};
use crate::resource::LET_GO_ANNOTATION;
use crate::standing::Standing;

/// Holds an object that is deleted until its data went as it says.
const FINALIZER: &str = "pinnace.dev/data";

/// What can't be done now is tried again after so long.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The finalizer stands where something is to be done at the end, and nowhere else.
pub(crate) async fn guard(work: &mut Work, database: &PostgresDatabase) -> Result<(), OperatorError> {
    let wanted = database.spec.deletion != Deletion::Keep;
    work.set_finalizer(FINALIZER, wanted).await
}

/// Deletes the data where that is wanted, and lets the object go. It is never let go before; where the server can't be asked that is said,
/// with the way out.
pub(crate) async fn end(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: Result<&Wanted, &InvalidName>,
) -> Result<Next, OperatorError> {
    if !work.has_finalizer(FINALIZER) {
        return Ok(Next::WhenChanged);
    }
    if database.metadata.is_let_go() || database.spec.deletion == Deletion::Keep {
        work.set_finalizer(FINALIZER, false).await?;
        return Ok(Next::WhenChanged);
    }
    let why = match taken_away(work, database, wanted).await {
        Ok(None) => {
            work.set_finalizer(FINALIZER, false).await?;
            return Ok(Next::WhenChanged);
        }
        Ok(Some(why)) if database.spec.server.rds.is_some() => {
            (why, Ok(Next::After(work.shared.settings.aws.asked_every)))
        }
        Ok(Some(why)) => (why, Ok(Next::After(TRIED_AGAIN_AFTER))),
        Err(error) => (error.to_string(), Err(error)),
    };
    let (message, result) = why;
    let message = format!(
        "it is to be deleted with its data, and that can't be done now: {message}. It is tried again; to let it go and keep the data: kubectl annotate \
         postgresdatabase {} {LET_GO_ANNOTATION}=true",
        database.metadata.name
    );
    let outcome = Outcome::of(Standing::Waits { reason: "Deleting", message });
    let status = status::of(database, wanted.ok(), &outcome, work.now());
    work.write_status(&status).await?;
    result
}

/// Nothing when the data is gone; else why it is not.
async fn taken_away(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: Result<&Wanted, &InvalidName>,
) -> Result<Option<String>, OperatorError> {
    if let Some(server) = &database.spec.server.rds {
        match rds::ended(work, database, server).await? {
            Ended::Gone => return Ok(None),
            Ended::NotYet(why) => return Ok(Some(why)),
            Ended::DatabaseAlone => {}
        }
    } else if database.spec.deletion == Deletion::Snapshot {
        return Ok(Some(
            "a last snapshot is made only of servers of Amazon RDS: say `deletion: drop` or `keep`".to_owned(),
        ));
    }
    if let Some((claim, server)) = super::local::own_claim(work, database) {
        // A server of its own goes with its object; what is left is its volume.
        work.delete_made(&claim, Some(&server.name)).await?;
        return Ok(None);
    }
    match super::cluster::take_away(work, database).await? {
        Own::Gone => return Ok(None),
        Own::Waits(why) => return Ok(Some(why)),
        Own::None => {}
    }
    match dereference::server(work, database).await? {
        Found::Server(reached) => {
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(error) => return Ok(Some(error.to_string())),
            };
            let _turn = work.shared.turn_on(&reached.server.to_string()).await;
            postgres::take_away(&reached.server, wanted).await?;
            Ok(None)
        }
        Found::Waits(why) | Found::Missing(why) => Ok(Some(why)),
    }
}
