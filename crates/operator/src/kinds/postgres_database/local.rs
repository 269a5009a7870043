//! A server that runs in the cluster for development: one pod with its volume.

use std::time::{Duration, Instant};

use cluster::{Autoscaled, KindKey, ObjectKey};
use health::{Children, CustomRules, Verdict, judge_object};
use secrets::Secret;
use serde_json::json;

use super::build::build;
use super::crd::{LocalServer, ServerName};
use super::dereference::{Found, Reached, texts};
use super::status::Outcome;
use super::{KIND, PostgresDatabase};
use crate::driver::{OperatorError, Work, resource};
use crate::local::Server;
use crate::postgres::{self, PostgresError, Tls};
use crate::standing::Standing;

/// Which database says what a server that several share should be. One does, so that they don't take it from each other.
pub(super) const KEPT_BY: &str = "pinnace.dev/kept-by";
pub(super) const PORT: u16 = 5432;
/// The role that may do everything.
pub(super) const ADMIN: &str = "postgres";
/// A pod is started anew at most so often.
const ANEW_AT_MOST_EVERY: Duration = Duration::from_mins(2);

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
    let set = ObjectKey {
        kind: KindKey::new("apps/v1", "StatefulSet"),
        namespace: Some(server.namespace.clone()),
        name: server.name.clone(),
    };
    if local.shared.is_none() || keeps(work, &set) {
        let verifier = postgres::stable_verifier(&password);
        for mut object in build(&server, local, &work.shared.settings.images.clone(), &verifier) {
            if local.shared.is_some() && object["kind"] == "StatefulSet" {
                object["metadata"]["annotations"] = json!({KEPT_BY: me(work)});
            }
            work.keep_as_it_is(&object, &Autoscaled::default()).await?;
        }
    }
    Ok(match standing(work, &set)? {
        Verdict::Current => {
            let host = server.host();
            let (maintenance, username) = ("postgres".to_owned(), ADMIN.to_owned());
            let reached =
                postgres::Server { host: host.clone(), port: PORT, username, password, tls: Tls::Prefer, maintenance };
            Found::Server(Box::new(work.reached("local", reached, host, PORT)))
        }
        verdict => Found::Waits(format!("its server is not up yet: {}", verdict.sentence())),
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

pub(super) fn me(work: &Work) -> String {
    format!("{}/{}", work.namespace(), work.key.name)
}

/// Whether this database says what the server should be: it does already, or nobody who is there does.
pub(super) fn keeps(work: &mut Work, set: &ObjectKey) -> bool {
    let Some(live) = work.other(set) else { return true };
    let by = live["metadata"]["annotations"][KEPT_BY].as_str().unwrap_or_default();
    let Some((namespace, name)) = by.split_once('/') else { return true };
    let key = ObjectKey { kind: resource(KIND.kind), namespace: Some(namespace.to_owned()), name: name.to_owned() };
    by == me(work) || work.shared.watcher.seen(&key).is_none()
}

/// How the server does.
pub(super) fn standing(work: &mut Work, set: &ObjectKey) -> Result<Verdict, OperatorError> {
    work.other(set);
    let snapshot = work.sees(std::slice::from_ref(set))?;
    let children = Children::new(snapshot.children.iter().chain(&snapshot.events).map(AsRef::as_ref));
    let live = snapshot.objects.get(set);
    Ok(live.map_or_else(
        || Verdict::Unknown("it is not seen yet".to_owned()),
        |live| judge_object(live, &children, &CustomRules::default()),
    ))
}

/// The volume of a server that is this database's alone.
pub(crate) fn own_claim(work: &Work, database: &PostgresDatabase) -> Option<ObjectKey> {
    database.spec.server.local.as_ref().filter(|local| local.shared.is_none())?;
    Some(work.beside("v1", "PersistentVolumeClaim", &named(work, database, None).claim_name()))
}

/// Somebody changed the superuser's password, or its Secret was lost: a pod that starts tells the server the one that we know.
pub(crate) async fn told_its_password_again(
    work: &mut Work,
    reached: &Reached,
    error: PostgresError,
) -> Result<Outcome, OperatorError> {
    let is_time = work.memo.started_anew.is_none_or(|at| at.elapsed() >= ANEW_AT_MOST_EVERY);
    let Some((name, namespace)) = reached.host.split_once('.').filter(|_| is_time) else { return Err(error.into()) };
    let namespace = namespace.split('.').next().unwrap_or_default().to_owned();
    let pod = ObjectKey { kind: KindKey::new("v1", "Pod"), namespace: Some(namespace), name: format!("{name}-0") };
    tracing::warn!(database = %work.key, %error, "the server is started anew, with the password that we know");
    work.memo.started_anew = Some(Instant::now());
    work.delete_other(&pod).await?;
    let message =
        "its superuser's password is another than the one that is known: its pod is started anew with that".to_owned();
    Ok(Outcome::of(Standing::Waits { reason: "ServerStarts", message }))
}
