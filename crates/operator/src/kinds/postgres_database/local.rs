//! A server that runs in the cluster for development: one pod with its volume.

use cluster::ObjectKey;
use secrets::Secret;

use super::build::build;
use super::crd::{LocalServer, ServerName};
use super::dereference::{Found, texts};
use super::status::Outcome;
use super::{KIND, PostgresDatabase};
use crate::driver::{OperatorError, Work};
use crate::local::{Server, kept, started_anew};
use crate::postgres::{self, PostgresError, Tls};
use crate::standing::Standing;

pub(super) const PORT: u16 = 5432;
/// The role that may do everything.
pub(super) const ADMIN: &str = "postgres";
/// Makes the server where it is not there, and finds it when it takes connections.
pub(crate) async fn server(
    work: &mut Work,
    database: &PostgresDatabase,
    local: &LocalServer,
) -> Result<Found, OperatorError> {
    let server = named(work, database, local.shared.as_ref());
    let admin = work.own_secret(&format!("postgres.{}.{}", server.namespace, server.name));
    work.made_at_random(&admin, &["password".to_owned()]).await?;
    let known = work.secret_at(&admin).await?.unwrap_or_default();
    let password = Secret::new(texts(&known).remove("password").unwrap_or_default());
    let images = work.shared.settings.images.clone();
    let objects = || build(&server, local, &images, &postgres::stable_verifier(&password));
    Ok(match kept(work, &server, objects).await? {
        Standing::Ready => {
            let host = server.host();
            let (maintenance, username) = ("postgres".to_owned(), ADMIN.to_owned());
            let reached =
                postgres::Server { host: host.clone(), port: PORT, username, password, tls: Tls::Prefer, maintenance };
            Found::Server(Box::new(work.reached("local", reached, host, PORT)))
        }
        Standing::Waits { message, .. } | Standing::Stalled { message, .. } => Found::Waits(message),
    })
}

/// The server of a database alone, or the one that it shares.
pub(super) fn named(work: &Work, database: &PostgresDatabase, shared: Option<&ServerName>) -> Server {
    let namespace = work.namespace();
    match shared {
        Some(shared) => Server::shared("postgres", &shared.name, shared.namespace.as_deref().unwrap_or(namespace)),
        None => Server::of(&KIND, "postgres", &database.metadata.name, namespace, Some(work.uid())),
    }
}

/// The volume of a server that is this database's alone, and the server.
pub(crate) fn own_claim(work: &Work, database: &PostgresDatabase) -> Option<(ObjectKey, Server)> {
    database.spec.server.local.as_ref().filter(|local| local.shared.is_none())?;
    let server = named(work, database, None);
    Some((server.claim_key(server.claim_name()), server))
}

/// Somebody changed the superuser's password, or its Secret was lost.
pub(crate) async fn told_its_password_again(
    work: &mut Work,
    database: &PostgresDatabase,
    error: PostgresError,
) -> Result<Outcome, OperatorError> {
    let shared = database.spec.server.local.as_ref().and_then(|local| local.shared.as_ref());
    let server = named(work, database, shared);
    Ok(Outcome::of(started_anew(work, &server, error.into()).await?))
}
