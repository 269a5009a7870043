//! An instance that is made from a snapshot.

use super::Wanted;
use super::client::Client;
use super::decide;
use super::error::RdsError;
use super::id::SnapshotId;
use super::instance::Instance;

/// Makes an instance from a snapshot of one of its name; none where the snapshot is not there. `backup` is what the instance says it comes from.
pub async fn restore(
    client: &Client,
    wanted: &Wanted,
    snapshot: &SnapshotId,
    backup: &str,
) -> Result<Option<Instance>, RdsError> {
    let action = format!("make the instance {} from the snapshot {snapshot}", wanted.id);
    let parameters = decide::restored(wanted, snapshot, backup);
    let answer = client.ask("RestoreDBInstanceFromDBSnapshot", &parameters, &action).await?;
    let Some(answer) = answer else { return Ok(None) };
    tracing::info!(what = action, "asked for in RDS");
    let result = answer.at(&["RestoreDBInstanceFromDBSnapshotResult", "DBInstance"]);
    let strange = || RdsError::Strange("its answer holds no instance".to_owned());
    result.map(|instance| Some(Instance::read(instance))).ok_or_else(strange)
}
