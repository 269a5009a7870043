//! Making an instance as it should be, and deleting it.

use secrets::Secret;

use super::Wanted;
use super::client::Client;
use super::decide;
use super::error::RdsError;
use super::id::{InstanceId, SnapshotId};
use super::instance::{Instance, Phase};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// The instance, as it was seen last.
    pub instance: Instance,
    /// What was asked for, in words. It takes minutes until it is so.
    pub did: Vec<String>,
}

/// How far a deletion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing of ours is there.
    Gone,
    /// It is being deleted.
    Deleting,
    /// It can't be asked for yet: the instance is at something else.
    Waiting,
}

/// An instance, where it is there.
pub async fn find(client: &Client, id: &InstanceId) -> Result<Option<Instance>, RdsError> {
    let parameters = [("DBInstanceIdentifier".to_owned(), id.to_string())];
    let action = format!("describe the instance {id}");
    let Some(answer) = client.ask("DescribeDBInstances", &parameters, &action).await? else { return Ok(None) };
    let found = answer.at(&["DescribeDBInstancesResult", "DBInstances", "DBInstance"]);
    Ok(found.map(Instance::read))
}

/// The same, where it is ours. One that is another's is an error.
pub async fn find_ours(client: &Client, wanted: &Wanted) -> Result<Option<Instance>, RdsError> {
    let found = find(client, &wanted.id).await?;
    if let Some(instance) = &found {
        decide::is_ours(wanted, instance)?;
    }
    Ok(found)
}

/// Makes an instance as it should be. `password` is that of its first role, for an instance that is created: that of one that is there can't be read
/// ([`set_password`]).
pub async fn ensure(client: &Client, wanted: &Wanted, password: &Secret<String>) -> Result<Ensured, RdsError> {
    let Some(instance) = find(client, &wanted.id).await? else {
        let action = format!("create the instance {}", wanted.id);
        let parameters = decide::created(wanted, password);
        let instance = changing(client, "CreateDBInstance", &parameters, &action).await?;
        return Ok(Ensured { instance, did: vec![action] });
    };
    decide::is_ours(wanted, &instance)?;
    // While it is at something else it takes no change, and what it will be is not known.
    let is_open = instance.phase() == Phase::Ready || instance.status == "storage-full";
    let change = if is_open { decide::changed(wanted, &instance)? } else { None };
    let Some((parameters, action)) = change else { return Ok(Ensured { instance, did: Vec::new() }) };
    let instance = changing(client, "ModifyDBInstance", &parameters, &action).await?;
    Ok(Ensured { instance, did: vec![action] })
}

/// Gives the first role of an instance another password.
pub async fn set_password(client: &Client, wanted: &Wanted, password: &Secret<String>) -> Result<(), RdsError> {
    if let Some(instance) = find(client, &wanted.id).await? {
        decide::is_ours(wanted, &instance)?;
    }
    let parameters = [
        ("DBInstanceIdentifier".to_owned(), wanted.id.to_string()),
        ("MasterUserPassword".to_owned(), password.expose().clone()),
        ("ApplyImmediately".to_owned(), "true".to_owned()),
    ];
    let action = format!("give the first role of the instance {} another password", wanted.id);
    changing(client, "ModifyDBInstance", &parameters, &action).await.map(drop)
}

/// Deletes an instance that is ours, after a last snapshot of this name where there is one. Asked again, it says how far it is.
pub async fn delete(client: &Client, wanted: &Wanted, last_snapshot: Option<&SnapshotId>) -> Result<Leaving, RdsError> {
    let Some(instance) = find(client, &wanted.id).await? else { return Ok(Leaving::Gone) };
    if decide::is_ours(wanted, &instance).is_err() {
        return Ok(Leaving::Gone);
    }
    if instance.phase() == Phase::Leaving {
        return Ok(Leaving::Deleting);
    }
    let id = ("DBInstanceIdentifier".to_owned(), wanted.id.to_string());
    if instance.settings.deletion_protection {
        if wanted.deletion_protection {
            return Err(RdsError::Protected { id: wanted.id.to_string() });
        }
        let action = format!("take the protection from the instance {}", wanted.id);
        let off = ("DeletionProtection".to_owned(), "false".to_owned());
        let now = ("ApplyImmediately".to_owned(), "true".to_owned());
        changing(client, "ModifyDBInstance", &[id.clone(), off, now], &action).await?;
    }
    let last = match last_snapshot {
        Some(snapshot) => ("FinalDBSnapshotIdentifier".to_owned(), snapshot.to_string()),
        None => ("SkipFinalSnapshot".to_owned(), "true".to_owned()),
    };
    let action = format!("delete the instance {}", wanted.id);
    match client.ask("DeleteDBInstance", &[id, last], &action).await {
        Ok(Some(_)) => Ok(Leaving::Deleting),
        Ok(None) => Ok(Leaving::Gone),
        Err(RdsError::Busy { .. }) => Ok(Leaving::Waiting),
        Err(error) => Err(error),
    }
}

/// A request that changes an instance and is answered with it.
pub(super) async fn changing(
    client: &Client,
    name: &str,
    parameters: &[(String, String)],
    action: &str,
) -> Result<Instance, RdsError> {
    let gone = || RdsError::Busy { action: action.to_owned(), why: "it was deleted meanwhile".to_owned() };
    let answer = client.ask(name, parameters, action).await?.ok_or_else(gone)?;
    tracing::info!(what = action, "asked for in RDS");
    let result = answer.at(&[&format!("{name}Result"), "DBInstance"]);
    result.map(Instance::read).ok_or_else(|| RdsError::Strange("its answer holds no instance".to_owned()))
}
