//! What a database should be, from what people wrote.

use super::PostgresDatabase;
use crate::claim::Claim;
use crate::postgres::{InvalidName, PgName, Wanted};

/// What a database of an object in this cluster should be.
pub(crate) fn validate(database: &PostgresDatabase, cluster: &str) -> Result<Wanted, InvalidName> {
    let (spec, metadata) = (&database.spec, &database.metadata);
    let named = |name: &Option<String>| name.as_deref().map(str::parse::<PgName>).transpose();
    let name = match named(&spec.database)? {
        Some(name) => name,
        None => metadata.name.replace('-', "_").parse()?,
    };
    let status = database.status.as_ref();
    let version = |version: &String| (version != "latest").then(|| version.clone());
    let reporting = match &spec.reporting {
        None => None,
        Some(reporting) => Some(named(&reporting.role)?.unwrap_or_else(|| name.with("_reporting"))),
    };
    Ok(Wanted {
        owner: named(&spec.owner)?.unwrap_or_else(|| name.clone()),
        database: name,
        extensions: spec.extensions.iter().map(|(name, wanted)| (name.clone(), version(wanted))).collect(),
        reporting,
        claim: Claim::of(cluster, metadata.namespace.as_deref().unwrap_or_default(), &metadata.name),
        adopt: spec.adopt,
        filled: status.is_some_and(|status| status.filled),
        told: status.and_then(|status| status.login.clone()),
    })
}

/// The Secret that address and login are written to.
pub(crate) fn connection_secret(database: &PostgresDatabase) -> String {
    database.spec.connection_secret.clone().unwrap_or_else(|| format!("{}-postgres", database.metadata.name))
}

/// The Secret of the reporting role.
pub(crate) fn reporting_secret(database: &PostgresDatabase) -> String {
    let named = database.spec.reporting.as_ref().and_then(|reporting| reporting.connection_secret.clone());
    named.unwrap_or_else(|| format!("{}-postgres-reporting", database.metadata.name))
}
