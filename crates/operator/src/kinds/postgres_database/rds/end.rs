//! What becomes of an instance when its object is deleted with its data.

use super::{admin, login, settled, snapshot};
use crate::driver::{OperatorError, Work};
use crate::kinds::postgres_database::PostgresDatabase;
use crate::kinds::postgres_database::backup::Ran;
use crate::kinds::postgres_database::crd::{Deletion, RdsServer};
use crate::leaving::Taken;
use crate::rds::{self, Client, Leaving, SnapshotId, Wanted};

/// Deletes the instance, after a last snapshot where that is wanted; of one that others share the snapshot alone is made. Both words say that
/// the data goes, and take the protection off. Nothing, when the database is to be taken from an instance that stays.
pub(crate) async fn ended(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
) -> Result<Option<Taken>, OperatorError> {
    let wanted = match settled::wanted(work, database, server) {
        Ok(wanted) => Wanted { deletion_protection: false, ..wanted },
        Err(why) => return Ok(Some(Taken::NotYet(why))),
    };
    let client = match login::client(work, server).await? {
        Ok(client) => client,
        Err(why) => return Ok(Some(Taken::NotYet(why))),
    };
    // An object of the same name that comes later makes another. What never held anything has none.
    let held = database.status.as_ref().is_some_and(|status| status.filled);
    let last = (database.spec.deletion == Deletion::Snapshot)
        .then(|| format!("last-{}", work.uid().chars().take(8).collect::<String>()));
    let held_last = last.as_deref().filter(|_| held);
    if server.shared.is_some() {
        return shared(work, &client, &wanted, (last.as_deref(), held_last)).await;
    }
    let id = last.as_ref().map(|name| SnapshotId::of(&wanted.id, name));
    match rds::delete(&client, &wanted, id.as_ref()).await? {
        Leaving::Deleting => {
            // What is made from a snapshot has the password of before. Now, while the object is held: later it may be that of another.
            if last.is_none() {
                let admin = admin(work, &wanted);
                work.delete_made(&admin, None).await?;
            }
            return Ok(Some(Taken::NotYet(format!("its instance {} in RDS is being deleted", wanted.id))));
        }
        Leaving::Waiting => {
            return Ok(Some(Taken::NotYet(format!("its instance {} in RDS is at something else", wanted.id))));
        }
        Leaving::Gone => {}
    }
    gone(work, &client, &wanted, held_last).await.map(Some)
}

async fn shared(
    work: &mut Work,
    client: &Client,
    wanted: &Wanted,
    (last, held_last): (Option<&str>, Option<&str>),
) -> Result<Option<Taken>, OperatorError> {
    if rds::find_ours(client, wanted).await?.is_none() {
        return gone(work, client, wanted, held_last).await.map(Some);
    }
    let Some(name) = last else { return Ok(None) };
    Ok(match snapshot::made(work, client, wanted, name).await? {
        Ran::Done(_) => None,
        Ran::Runs(message) => Some(Taken::NotYet(format!("the last snapshot is made: {message}"))),
        Ran::Failed(message) => Some(Taken::NotYet(format!("there is no last snapshot: {message}"))),
    })
}

/// The instance is gone. Of one that went without its last snapshot there will never be one.
async fn gone(work: &mut Work, client: &Client, wanted: &Wanted, last: Option<&str>) -> Result<Taken, OperatorError> {
    let Some(name) = last else { return Ok(Taken::Gone) };
    Ok(match snapshot::made(work, client, wanted, name).await? {
        Ran::Done(_) => Taken::Gone,
        Ran::Runs(message) => Taken::NotYet(format!("the last snapshot is made: {message}")),
        Ran::Failed(message) => {
            Taken::Never(format!("its instance {} is gone, without a last snapshot: {message}", wanted.id))
        }
    })
}
