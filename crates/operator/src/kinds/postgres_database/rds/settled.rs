//! What an instance should be, from what people wrote and what the operator was told.

use crate::claim::Claim;
use crate::driver::Work;
use crate::kinds::postgres_database::PostgresDatabase;
use crate::kinds::postgres_database::crd::RdsServer;
use crate::rds::{InstanceId, Wanted};

/// The role that may make databases and roles.
const ADMIN: &str = "postgres";

/// What the instance should be; or why it can't be said.
pub(super) fn wanted(work: &Work, database: &PostgresDatabase, server: &RdsServer) -> Result<Wanted, String> {
    let (namespace, aws) = (work.namespace(), &work.shared.settings.aws);
    let own = database.metadata.name.as_str();
    let namespace = server.shared.as_ref().and_then(|shared| shared.namespace.as_deref()).unwrap_or(namespace);
    // No object has a colon in its name: what several share is never that of one.
    let (made, claimed_by) = match &server.shared {
        Some(shared) => (format!("{}-shared:", shared.name), format!("shared:{}", shared.name)),
        None => (own.to_owned(), own.to_owned()),
    };
    let id = match &server.instance {
        Some(given) => InstanceId::parse(given).map_err(|error| format!("spec.server.rds.instance: {error}"))?,
        None => InstanceId::of(namespace, &made),
    };
    let security_groups = match server.security_groups.as_slice() {
        [] => aws.security_groups.clone(),
        groups => groups.to_vec(),
    };
    Ok(Wanted {
        id,
        class: server.class.clone(),
        storage_gib: server.storage_gib,
        version: server.version.clone(),
        multi_az: server.multi_az,
        subnet_group: server.subnet_group.clone().or_else(|| aws.subnet_group.clone()),
        security_groups,
        backup_days: server.backup_days,
        deletion_protection: server.deletion_protection,
        username: ADMIN.to_owned(),
        claim: Claim::of(&work.shared.cluster, namespace, &claimed_by),
    })
}
