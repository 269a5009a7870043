//! What becomes of the data when its object is deleted.

use std::time::Duration;

use serde_json::Value;

use super::PostgresDatabase;
use super::cluster::Own;
use super::crd::Deletion;
use super::dereference::{self, Found};
use super::rds;
use super::status::{self, Outcome};
use crate::driver::{Next, OperatorError, Work};
use crate::leaving::{self, Taken};
use crate::postgres::{self, InvalidName, Wanted};
use crate::standing::Standing;

/// What can't be done now is tried again after so long.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The finalizer stands where something is to be done at the end, and nowhere else.
pub(crate) async fn guard(work: &mut Work, database: &PostgresDatabase) -> Result<(), OperatorError> {
    let wanted = database.spec.deletion != Deletion::Keep;
    work.set_finalizer(leaving::FINALIZER, wanted).await
}

/// Deletes the data where that is wanted, and lets the object go. It is never let go before; where the server can't be asked that is said,
/// with the way out. Where there is no server to be asked any more, it goes after an hour, and what that leaves is written down.
pub(crate) async fn end(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: Result<&Wanted, &InvalidName>,
) -> Result<Next, OperatorError> {
    if !work.has_finalizer(leaving::FINALIZER) {
        return Ok(Next::WhenChanged);
    }
    if database.metadata.is_let_go() || database.spec.deletion == Deletion::Keep {
        return leaving::let_go(work).await;
    }
    if let Some(pod) = leaving::pod_in_the_way(work).await? {
        let message = format!("it is deleted with its data, and waits until the pod {pod} of an App has ended");
        let status = waiting(work, database, wanted, message);
        work.write_status(&status).await?;
        return Ok(Next::After(TRIED_AGAIN_AFTER));
    }
    let again = match &database.spec.server.rds {
        Some(_) => work.shared.settings.aws.asked_every,
        None => TRIED_AGAIN_AFTER,
    };
    let (taken, result) = match taken_away(work, database, wanted).await {
        Ok(taken) => (taken, Ok(Next::After(again))),
        Err(error) if error.is_of_api_server() => return Err(error),
        Err(error) => (Taken::NotYet(error.to_string()), Err(error)),
    };
    let (why, how_long) = match &taken {
        Taken::Gone => return leaving::let_go(work).await,
        Taken::Never(why) if leaving::is_overdue(work) => {
            leaving::left_behind(work, why).await?;
            return leaving::let_go(work).await;
        }
        Taken::Never(why) => (why, " for an hour, and then it goes and its data stays"),
        Taken::NotYet(why) => (why, ""),
    };
    let message = format!(
        "it is to be deleted with its data, and that can't be done now: {why}. It is tried again{how_long}; to let it go and keep the data: {}",
        leaving::way_out(work)
    );
    leaving::tell(work, &message).await;
    let mut status = waiting(work, database, wanted, message);
    if let Taken::Never(why) = &taken {
        leaving::say_out_of_reach(work, &mut status, why);
    }
    work.write_status(&status).await?;
    result
}

fn waiting(work: &Work, database: &PostgresDatabase, wanted: Result<&Wanted, &InvalidName>, message: String) -> Value {
    let outcome = Outcome::of(Standing::Waits { reason: leaving::REASON, message });
    status::of(database, wanted.ok(), &outcome, work.now())
}

async fn taken_away(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: Result<&Wanted, &InvalidName>,
) -> Result<Taken, OperatorError> {
    if let Some(server) = &database.spec.server.rds {
        if let Some(taken) = rds::ended(work, database, server).await? {
            return Ok(taken);
        }
    } else if database.spec.deletion == Deletion::Snapshot {
        let why = "a last snapshot is made only of servers of Amazon RDS: say `deletion: drop` or `keep`";
        return Ok(Taken::NotYet(why.to_owned()));
    }
    if let Some((claim, server)) = super::local::own_claim(work, database) {
        // A server of its own goes with its object; what is left is its volume.
        work.delete_made(&claim, Some(&server.name)).await?;
        return Ok(Taken::Gone);
    }
    match super::cluster::take_away(work, database).await? {
        Own::Gone => return Ok(Taken::Gone),
        Own::Waits(why) => return Ok(Taken::NotYet(why)),
        Own::None => {}
    }
    if super::shared::is_gone(work, database).await? {
        return Ok(Taken::Gone);
    }
    match dereference::server(work, database).await? {
        Found::Server(reached) => {
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(error) => return Ok(Taken::NotYet(error.to_string())),
            };
            let _turn = work.shared.turn_on(&reached.server.to_string()).await;
            postgres::take_away(&reached.server, wanted).await?;
            Ok(Taken::Gone)
        }
        Found::NoSecret(why) => Ok(Taken::Never(why)),
        Found::Waits(why) | Found::Missing(why) => Ok(Taken::NotYet(why)),
    }
}
