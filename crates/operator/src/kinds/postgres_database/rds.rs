//! A server of Amazon RDS: made where it is not there, and found when it takes connections.
//!
//! It takes RDS up to twenty minutes to make one. Nothing is held meanwhile: each pass asks how far it is, and is over.

mod end;
mod login;
mod settled;
mod snapshot;

use std::time::{Duration, Instant};

use cluster::ObjectKey;
use secrets::Secret;
use serde_json::Value;

pub(crate) use end::ended;
pub(crate) use snapshot::backed_up;

use super::crd::{RdsServer, Restore, ServerName};
use super::dereference::{Found, texts};
use super::status::Outcome;
use super::{KIND, PostgresDatabase, backup};
use crate::driver::{OperatorError, Work, resource};
use crate::postgres::{self, PostgresError, Tls};
use crate::rds::{self, Client, Instance, Phase, SnapshotId, Wanted};
use crate::standing::Standing;

/// How it is after a change by hand is found out within this time.
const LOOKED_AT_AGAIN_AFTER: Duration = Duration::from_mins(10);
/// The password of the first role is set at most so often.
const PASSWORD_AT_MOST_EVERY: Duration = Duration::from_mins(5);

/// What RDS was asked last, and what it said.
pub(crate) struct Asked {
    /// What the instance was to be.
    of: String,
    at: Instant,
    pub(crate) instance: Instance,
}

/// What is known of the instance.
enum Looked {
    There(Box<Instance>),
    Waits(String),
    Missing(String),
}

/// Makes the instance where it is not there, and finds it when it takes connections.
pub(crate) async fn server(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
) -> Result<Found, OperatorError> {
    let wanted = match settled::wanted(work, database, server) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(Found::Missing(why)),
    };
    let password = password(work, &wanted).await?;
    let instance = match looked_at(work, database, server, &wanted, &password).await? {
        Looked::There(instance) => instance,
        Looked::Waits(why) => return Ok(Found::Waits(why)),
        Looked::Missing(why) => return Ok(Found::Missing(why)),
    };
    let (id, status) = (&wanted.id, &instance.status);
    Ok(match (instance.phase(), instance.host.clone()) {
        (Phase::Ready, Some(host)) => {
            let (maintenance, username, port) = ("postgres".to_owned(), instance.username.clone(), instance.port);
            let at = postgres::Server { host: host.clone(), port, username, password, tls: Tls::Require, maintenance };
            let mut reached = work.reached("rds", at, host, port);
            if reached.server.host != reached.host {
                // What is between us and it may end the encryption.
                reached.server.tls = Tls::Prefer;
            }
            Found::Server(Box::new(reached))
        }
        (Phase::Ready, None) => Found::Waits(format!("its instance {id} in RDS has no address yet")),
        (Phase::Working, _) => {
            Found::Waits(format!("its instance {id} in RDS is at `{status}`, which takes up to 20 minutes"))
        }
        (Phase::Leaving, _) => Found::Waits(format!("its instance {id} in RDS is being deleted")),
        (Phase::Stuck, _) => Found::Missing(format!("its instance {id} in RDS is at `{status}`: {}", instance.help())),
    })
}

/// The password of the first role: made once, and kept where no App looks.
async fn password(work: &mut Work, wanted: &Wanted) -> Result<Secret<String>, OperatorError> {
    let admin = admin(work, wanted);
    work.made_at_random(&admin, &["password".to_owned()]).await?;
    let known = work.secret_at(&admin).await?.unwrap_or_default();
    Ok(Secret::new(texts(&known).remove("password").unwrap_or_default()))
}

fn admin(work: &Work, wanted: &Wanted) -> ObjectKey {
    work.own_secret(&format!("rds.{}", wanted.id))
}

/// The instance as RDS tells of it, made and changed where that is to be. Not more often than it has to be: all of an account ask together.
async fn looked_at(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
    wanted: &Wanted,
    password: &Secret<String>,
) -> Result<Looked, OperatorError> {
    let of = format!("{wanted:?} {:?}", server.region);
    let lasts = |asked: &Asked| match asked.instance.phase() {
        Phase::Ready => LOOKED_AT_AGAIN_AFTER,
        _ => work.shared.settings.aws.asked_every,
    };
    let known = work.memo.rds.as_ref().filter(|asked| asked.of == of);
    if let Some(asked) = known.filter(|asked| asked.at.elapsed() < lasts(asked)) {
        return Ok(Looked::There(Box::new(asked.instance.clone())));
    }
    let client = match login::client(work, server).await? {
        Ok(client) => client,
        Err(why) => return Ok(Looked::Missing(why)),
    };
    let at = Instant::now();
    let looked = match made(work, &client, database, server, wanted, password).await {
        // It serves, as far as we know: that RDS can't be asked now does it no harm.
        Err(OperatorError::Rds(error)) if error.is_transient() => {
            let asked = work.memo.rds.as_ref().filter(|asked| asked.of == of && asked.instance.phase() == Phase::Ready);
            let Some(asked) = asked else { return Err(error.into()) };
            tracing::warn!(database = %work.key, %error, "the instance is taken to be as it was");
            return Ok(Looked::There(Box::new(asked.instance.clone())));
        }
        looked => looked?,
    };
    if let Looked::There(instance) = &looked {
        work.memo.rds = Some(Asked { of, at, instance: (**instance).clone() });
    }
    Ok(looked)
}

async fn made(
    work: &mut Work,
    client: &Client,
    database: &PostgresDatabase,
    server: &RdsServer,
    wanted: &Wanted,
    password: &Secret<String>,
) -> Result<Looked, OperatorError> {
    let id = &wanted.id;
    let is_there = rds::find_ours(client, wanted).await?;
    if let Some(keeper) = server.shared.as_ref().map(|shared| keeper(work, shared))
        && keeper.as_ref() != Some(&work.key)
    {
        let whose = keeper.map_or_else(|| "no PostgresDatabase that stays".to_owned(), |key| key.to_string());
        let waits = || Looked::Waits(format!("its instance {id} in RDS is not there yet: it is made as {whose} says"));
        return Ok(is_there.map_or_else(waits, |instance| Looked::There(Box::new(instance))));
    }
    if is_there.is_none() {
        if database.status.as_ref().is_some_and(|status| status.filled) {
            return Ok(Looked::Missing(format!(
                "its instance {id} in RDS was there and is gone, with the data. Restore a snapshot to an instance of this name with the tag `{}` = `{}`; or \
                 delete this object and make it again, which begins with its last backup",
                rds::TAG,
                wanted.claim
            )));
        }
        if let Some(looked) = brought_back(work, client, database, server, wanted).await? {
            return Ok(looked);
        }
    }
    let ensured = rds::ensure(client, wanted, password).await?;
    if ensured.did.is_empty() {
        return Ok(Looked::There(Box::new(ensured.instance)));
    }
    // What it answers is how it was; it is asked again before anybody relies on it.
    Ok(Looked::Waits(format!("RDS was asked to {}, which takes up to 20 minutes", ensured.did.join(" and to "))))
}

/// An instance that is made anew begins with the last backup of its object, where there is one.
async fn brought_back(
    work: &mut Work,
    client: &Client,
    database: &PostgresDatabase,
    server: &RdsServer,
    wanted: &Wanted,
) -> Result<Option<Looked>, OperatorError> {
    if server.shared.is_some() || database.spec.restore == Restore::Never {
        return Ok(None);
    }
    let Some(newest) = backup::known(work).await?.pop() else { return Ok(None) };
    let snapshot = SnapshotId::of(&wanted.id, &newest.name);
    Ok(Some(match rds::restore(client, wanted, &snapshot, &tag_of(&newest.name, work.uid())).await? {
        Some(_) => Looked::Waits(format!(
            "its instance {} in RDS is made from the snapshot {snapshot}, which takes up to 20 minutes",
            wanted.id
        )),
        None => Looked::Missing(format!(
            "its last backup, the snapshot {snapshot} of {}, is not in RDS any more: begin empty with `restore: never`",
            newest.at
        )),
    }))
}

/// Which database says what an instance should be that several share: the oldest that is to stay.
fn keeper(work: &Work, shared: &ServerName) -> Option<ObjectKey> {
    let watcher = &work.shared.watcher;
    let all = watcher.keys(&resource(KIND.kind)).unwrap_or_default();
    let at = |key: &ObjectKey| shared.namespace.clone().or_else(|| key.namespace.clone());
    let place = at(&work.key);
    let shares = |key: &ObjectKey, live: &Value| {
        let of = &live["spec"]["server"]["rds"]["shared"];
        let in_namespace = of["namespace"].as_str().map(str::to_owned).or_else(|| key.namespace.clone());
        of["name"] == shared.name.as_str() && in_namespace == place && live["metadata"]["deletionTimestamp"].is_null()
    };
    let seen = all.into_iter().filter_map(|key| {
        let live = watcher.seen(&key).filter(|live| shares(&key, live))?;
        Some((live["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned(), key))
    });
    seen.min().map(|(_, key)| key)
}

/// What to do when PostgreSQL did not do what was asked: where it does not let us in, RDS is told the password that we know.
pub(crate) async fn asked_in_vain(
    work: &mut Work,
    database: &PostgresDatabase,
    server: &RdsServer,
    error: PostgresError,
) -> Result<Outcome, OperatorError> {
    let username = work.memo.rds.take().map(|asked| asked.instance.username).unwrap_or_default();
    let is_time = work.memo.started_anew.is_none_or(|at| at.elapsed() >= PASSWORD_AT_MOST_EVERY);
    if !error.is_about(&username) || !is_time {
        return Err(error.into());
    }
    let (Ok(wanted), Ok(client)) = (settled::wanted(work, database, server), login::client(work, server).await?) else {
        return Err(error.into());
    };
    tracing::warn!(database = %work.key, %error, "RDS is told the password that we know");
    let password = password(work, &wanted).await?;
    rds::set_password(&client, &wanted, &password).await?;
    work.memo.started_anew = Some(Instant::now());
    let message = format!(
        "the password of its instance {} in RDS is another than the one that is known: it is set again",
        wanted.id
    );
    Ok(Outcome::of(Standing::Waits { reason: "ServerStarts", message }))
}

/// What an instance says of the backup that it was made from. It stays with it: an object that comes later, and finds it, did not have it made.
fn tag_of(backup: &str, object: &str) -> String {
    format!("{backup}/{object}")
}

/// The backup that an instance was made from for this object, by its tag.
pub(super) fn made_from<'a>(tag: &'a str, object: &str) -> Option<&'a str> {
    tag.rsplit_once('/').filter(|(_, of)| *of == object).map(|(backup, _)| backup)
}
