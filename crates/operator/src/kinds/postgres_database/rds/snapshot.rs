//! Backups of a database at Amazon: snapshots of its instance.

use super::{login, settled};
use crate::driver::{OperatorError, Work};
use crate::kinds::postgres_database::PostgresDatabase;
use crate::kinds::postgres_database::backup::{self, Ran};
use crate::kinds::postgres_database::crd::RdsServer;
use crate::rds::{self, Client, SnapshotId, SnapshotState, Wanted};

/// Has a snapshot made, or looks at how it goes.
pub(crate) async fn backed_up(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
    name: &str,
) -> Result<Ran, OperatorError> {
    let wanted = match settled::wanted(work, database, server) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Ran::Failed(why)),
    };
    match login::client(work, server).await {
        Ok(Ok(client)) => made(work, &client, &wanted, name).await,
        Ok(Err(why)) => Ok(Ran::Failed(why)),
        Err(OperatorError::Rds(error)) => Ok(Ran::Failed(error.to_string())),
        Err(error) => Err(error),
    }
}

/// The same for an instance that is known. What RDS says against it is no trouble of the database, which serves: it is told as the backup's.
pub(super) async fn made(work: &mut Work, client: &Client, wanted: &Wanted, name: &str) -> Result<Ran, OperatorError> {
    let id = SnapshotId::of(&wanted.id, name);
    Ok(match rds::snapshot(client, wanted, &id).await {
        Ok(SnapshotState::Available) => {
            let at = work.now();
            backup::write_down_made(work, name, at).await?;
            Ran::Done(at)
        }
        Ok(SnapshotState::Creating(percent)) => Ran::Runs(format!("the snapshot {id} in RDS, {percent} % of it")),
        Ok(SnapshotState::Failed) => Ran::Failed(format!("the snapshot {id} failed: look at the events of it in RDS")),
        Err(error) if error.is_transient() => Ran::Runs(error.to_string()),
        Err(error) => Ran::Failed(error.to_string()),
    })
}
