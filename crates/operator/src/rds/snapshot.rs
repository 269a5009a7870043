//! Snapshots of instances, as before a migration.

use super::Wanted;
use super::client::Client;
use super::decide;
use super::ensure::find;
use super::error::RdsError;
use super::id::SnapshotId;
use super::xml::Element;

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    /// It is being made, so many percent of it.
    Creating(u8),
    /// It is there.
    Available,
    /// It was not made: there will be none of this name.
    Failed,
}

/// Has a snapshot made of an instance that is ours, and says how far it is. Asked again with the same name, it makes no second one.
pub async fn snapshot(client: &Client, wanted: &Wanted, id: &SnapshotId) -> Result<SnapshotState, RdsError> {
    let name = ("DBSnapshotIdentifier".to_owned(), id.to_string());
    let action = format!("describe the snapshot {id}");
    if let Some(answer) = client.ask("DescribeDBSnapshots", std::slice::from_ref(&name), &action).await?
        && let Some(found) = answer.at(&["DescribeDBSnapshotsResult", "DBSnapshots", "DBSnapshot"])
    {
        return state(wanted, id, found);
    }
    let action = format!("make the snapshot {id} of the instance {}", wanted.id);
    let missing = || RdsError::Refused { action: action.clone(), why: "the instance is not there".to_owned() };
    let instance = find(client, &wanted.id).await?.ok_or_else(missing)?;
    decide::is_ours(wanted, &instance)?;
    let mut parameters = vec![name, ("DBInstanceIdentifier".to_owned(), wanted.id.to_string())];
    parameters.extend(decide::tags(&wanted.claim));
    let answer = client.ask("CreateDBSnapshot", &parameters, &action).await?.ok_or_else(missing)?;
    tracing::info!(what = action, "asked for in RDS");
    let strange = || RdsError::Strange("its answer holds no snapshot".to_owned());
    state(wanted, id, answer.at(&["CreateDBSnapshotResult", "DBSnapshot"]).ok_or_else(strange)?)
}

fn state(wanted: &Wanted, id: &SnapshotId, found: &Element) -> Result<SnapshotState, RdsError> {
    let of = found.text_of("DBInstanceIdentifier");
    if of != wanted.id.as_str() {
        let action = format!("make the snapshot {id}");
        return Err(RdsError::Refused { action, why: format!("there is one of this name, of the instance {of}") });
    }
    Ok(match found.text_of("Status") {
        "available" => SnapshotState::Available,
        "failed" | "incompatible-restore" => SnapshotState::Failed,
        _ => SnapshotState::Creating(found.text_of("PercentProgress").parse().unwrap_or_default()),
    })
}
