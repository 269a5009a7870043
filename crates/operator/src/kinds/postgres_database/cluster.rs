//! A server of several instances in the cluster, of which another takes over when the first is lost.

pub mod build;
pub mod cloud_native_pg;
mod rights;

use ::cluster::{Autoscaled, ClusterError, ObjectKey};
use secrets::Secret;
use serde_json::{Value, json};

use super::PostgresDatabase;
use super::crd::{ClusterServer, Engine};
use super::dereference::{Found, Reached, texts};
use super::local::{ADMIN, PORT, named};
use super::status::Outcome;
use crate::driver::{OperatorError, Work, is_made};
use crate::local::{KEPT_BY, Server, is_kept_by_us, me};
use crate::objects::{condition, is_deleted};
use crate::postgres::{self, Tls, stable_verifier};
use crate::standing::Standing;
use build::{Known, ROLE_LABEL, build, claim_name, claims, names_of_patroni, read_service};

/// So many instances there can be.
pub(super) const MOST_INSTANCES: u32 = 9;

/// Makes the server where it is not there, and finds it when there is a primary.
pub(crate) async fn server(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: &ClusterServer,
) -> Result<Found, OperatorError> {
    let server = named(work, database, wanted.shared.as_ref());
    match wanted.engine {
        Engine::Patroni => patroni(work, &server, wanted).await,
        Engine::CloudNativePg => cloud_native_pg::server(work, &server, wanted).await,
    }
}

async fn patroni(work: &mut Work, server: &Server, wanted: &ClusterServer) -> Result<Found, OperatorError> {
    // What the pods know is kept here too, so that a Secret of theirs that is lost comes back as it was.
    let admin = work.own_secret(&format!("postgres.{}.{}", server.namespace, server.name));
    let made = ["password", "standby", "api"].map(str::to_owned);
    work.made_at_random(&admin, &made).await?;
    let mut known = texts(&work.secret_at(&admin).await?.unwrap_or_default());
    let [password, standby, api] = made.map(|key| Secret::new(known.remove(&key).unwrap_or_default()));
    let set = server.stateful_set_key();
    if wanted.shared.is_none() || is_kept_by_us(work, &set) {
        let known = Known { verifier: stable_verifier(&password), standby, api };
        let objects = build(server, wanted, &work.shared.settings.images.clone(), &known);
        made_so(work, server, wanted, &set, objects).await?;
    }
    // What takes connections counts, and not whether every instance is there.
    if !has_primary(work, &set) {
        return Ok(Found::Waits(format!(
            "no instance of its server is primary yet: {}",
            work.verdict_on(&set)?.sentence()
        )));
    }
    let host = server.host();
    let (maintenance, username) = ("postgres".to_owned(), ADMIN.to_owned());
    let reached =
        postgres::Server { host: host.clone(), port: PORT, username, password, tls: Tls::Prefer, maintenance };
    let read_host = Some(format!("{}.{}.svc", read_service(server), server.namespace));
    Ok(Found::Server(Box::new(Reached { read_host, ..work.reached("cluster", reached, host, PORT) })))
}

async fn made_so(
    work: &mut Work,
    server: &Server,
    wanted: &ClusterServer,
    set: &ObjectKey,
    objects: Vec<Value>,
) -> Result<(), OperatorError> {
    let live = work.other(set);
    for mut object in objects {
        if object["kind"] == "StatefulSet" {
            if wanted.shared.is_some() {
                object["metadata"]["annotations"] = json!({KEPT_BY: me(work)});
            }
            // They can't be changed: what grows are the volumes themselves.
            if let Some(live) = &live {
                object["spec"]["volumeClaimTemplates"] = templates(&live["spec"]["volumeClaimTemplates"]);
            }
        }
        work.keep_as_it_is(&object, &Autoscaled::default()).await?;
    }
    for claim in claims(server, wanted) {
        let key = work.client().key_of(&claim, work.namespace()).await?;
        // The StatefulSet makes them; one that is on its way out is not held up.
        if work.other(&key).is_some_and(|live| !is_deleted(&live)) {
            work.keep_as_it_is(&claim, &Autoscaled::default()).await?;
        }
    }
    Ok(())
}

/// The templates as they were written: what the API server added is not ours to say.
fn templates(live: &Value) -> Value {
    let written = |template: &Value| {
        let mut written = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": template["metadata"]["name"], "labels": template["metadata"]["labels"]}});
        written["spec"] =
            json!({"accessModes": template["spec"]["accessModes"], "resources": template["spec"]["resources"]});
        crate::objects::put(&mut written["spec"], "storageClassName", template["spec"]["storageClassName"].clone());
        written
    };
    Value::Array(live.as_array().into_iter().flatten().map(written).collect())
}

/// Whether a pod that takes connections is primary, as Patroni's label says.
fn has_primary(work: &mut Work, set: &ObjectKey) -> bool {
    work.other(set);
    let snapshot = work.snapshot(std::slice::from_ref(set));
    snapshot.children.iter().any(|pod| is_primary(pod))
}

fn is_primary(pod: &Value) -> bool {
    let role = pod["metadata"]["labels"][ROLE_LABEL].as_str().unwrap_or_default();
    let is_ready = condition(pod, "Ready").is_some_and(|one| one["status"] == "True");
    pod["kind"] == "Pod" && ["master", "primary"].contains(&role) && is_ready
}

/// Deletes the data of a server that is this database's alone; says why where that has to wait, and whether there is such a server.
pub(crate) async fn take_away(work: &Work, database: &PostgresDatabase) -> Result<Own, OperatorError> {
    let Some(wanted) = database.spec.server.cluster.as_ref().filter(|wanted| wanted.shared.is_none()) else {
        return Ok(Own::None);
    };
    let server = named(work, database, None);
    if wanted.engine == Engine::CloudNativePg {
        // Its operator deletes the volumes with their Cluster.
        return match work.delete_made(&cloud_native_pg::key(&server), Some(&server.name)).await {
            // With its definition all that was of it went.
            Ok(()) | Err(OperatorError::Cluster(ClusterError::UnknownKind { .. })) => Ok(Own::Gone),
            Err(error) => Err(error),
        };
    }
    // While there are pods a volume that goes is made again, and so is what Patroni knows: another server of this name would wait for a
    // primary that is no more.
    work.delete_made(&server.stateful_set_key(), Some(&server.name)).await?;
    for number in 0..MOST_INSTANCES {
        let pod = work.beside("v1", "Pod", &format!("{}-{number}", server.name));
        if work.client().get(&pod).await?.is_some_and(|pod| is_made(&pod, Some(&server.name))) {
            return Ok(Own::Waits(format!("its pod {} ends first", pod.name)));
        }
    }
    let claims = (0..MOST_INSTANCES).map(|number| server.claim_key(claim_name(&server, number)));
    let kinds = ["Service", "Endpoints"].into_iter();
    let known = kinds.flat_map(|kind| names_of_patroni(&server).map(|name| work.beside("v1", kind, &name)));
    for one in claims.chain(known).collect::<Vec<_>>() {
        work.delete_made(&one, Some(&server.name)).await?;
    }
    Ok(Own::Gone)
}

/// How it stands with the data of a database's own server.
pub(crate) enum Own {
    /// It has none.
    None,
    Waits(String),
    Gone,
}

/// Whether its pods look after the superuser's password.
pub(crate) fn sets_its_password(database: &PostgresDatabase) -> bool {
    database.spec.server.cluster.as_ref().is_some_and(|wanted| wanted.engine == Engine::Patroni)
}

/// Somebody changed the superuser's password, or its Secret was lost: the pods set the one that we know by themselves.
pub(crate) fn is_told_its_password() -> Outcome {
    let message =
        "its superuser's password is another than the one that is known: its pods set that within a minute or two"
            .to_owned();
    Outcome::of(Standing::Waits { reason: "ServerStarts", message })
}
