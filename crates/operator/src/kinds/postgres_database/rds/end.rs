//! What becomes of an instance when its object is deleted with its data.

use super::{admin, login, settled, snapshot};
use crate::driver::{OperatorError, Work};
use crate::kinds::postgres_database::PostgresDatabase;
use crate::kinds::postgres_database::backup::Ran;
use crate::kinds::postgres_database::crd::{Deletion, RdsServer};
use crate::rds::{self, Client, Leaving, SnapshotId, Wanted};

/// How far it is.
pub(crate) enum Ended {
    /// Nothing is left of it.
    Gone,
    /// Why it is not done yet.
    NotYet(String),
    /// The instance is not this database's alone: the database is to be taken from it.
    DatabaseAlone,
}

/// Deletes the instance, after a last snapshot where that is wanted; of one that others share the snapshot alone is made. Both words say that
/// the data goes, and take the protection off.
pub(crate) async fn ended(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
) -> Result<Ended, OperatorError> {
    let wanted = match settled::wanted(work, database, server) {
        Ok(wanted) => Wanted { deletion_protection: false, ..wanted },
        Err(why) => return Ok(Ended::NotYet(why)),
    };
    let client = match login::client(work, server).await? {
        Ok(client) => client,
        Err(why) => return Ok(Ended::NotYet(why)),
    };
    // An object of the same name that comes later makes another.
    let last = (database.spec.deletion == Deletion::Snapshot)
        .then(|| format!("last-{}", work.uid().chars().take(8).collect::<String>()));
    if server.shared.is_some() {
        return shared(work, &client, &wanted, last.as_deref()).await;
    }
    let id = last.as_ref().map(|name| SnapshotId::of(&wanted.id, name));
    match rds::delete(&client, &wanted, id.as_ref()).await? {
        Leaving::Deleting => {
            // What is made from a snapshot has the password of before. Now, while the object is held: later it may be that of another.
            if last.is_none() {
                let admin = admin(work, &wanted);
                work.delete_made(&admin, None).await?;
            }
            return Ok(Ended::NotYet(format!("its instance {} in RDS is being deleted", wanted.id)));
        }
        Leaving::Waiting => {
            return Ok(Ended::NotYet(format!("its instance {} in RDS is at something else", wanted.id)));
        }
        Leaving::Gone => {}
    }
    // What never held anything has no last snapshot.
    let held = database.status.as_ref().is_some_and(|status| status.filled);
    if let Some(name) = last.filter(|_| held)
        && let Some(why) = without_snapshot(work, &client, &wanted, &name).await?
    {
        return Ok(Ended::NotYet(why));
    }
    Ok(Ended::Gone)
}

async fn shared(work: &mut Work, client: &Client, wanted: &Wanted, last: Option<&str>) -> Result<Ended, OperatorError> {
    if rds::find_ours(client, wanted).await?.is_none() {
        return Ok(Ended::Gone);
    }
    let Some(name) = last else { return Ok(Ended::DatabaseAlone) };
    let why = without_snapshot(work, client, wanted, name).await?;
    Ok(why.map_or(Ended::DatabaseAlone, Ended::NotYet))
}

/// Why the last snapshot is not there; nothing when it is.
async fn without_snapshot(
    work: &mut Work,
    client: &Client,
    wanted: &Wanted,
    name: &str,
) -> Result<Option<String>, OperatorError> {
    Ok(match snapshot::made(work, client, wanted, name).await? {
        Ran::Done(_) => None,
        Ran::Runs(message) => Some(format!("the last snapshot is made: {message}")),
        Ran::Failed(message) => Some(format!("there is no last snapshot: {message}")),
    })
}
