//! A `Cluster` of CloudNativePG, where that is installed. Its operator makes the superuser's Secret, beside the Cluster.

use ::cluster::{Autoscaled, ClusterError, KindKey, ObjectKey};
use secrets::Secret;
use serde_json::{Value, json};

use super::super::crd::ClusterServer;
use super::super::dereference::{Found, Reached, texts};
use super::super::local::PORT;
use super::build::COMPONENT;
use crate::driver::{OperatorError, Work};
use crate::local::{KEPT_BY, Server, is_kept_by_us, me};
use crate::objects::{put, said, value_of};
use crate::postgres::{self, Tls};

const API: &str = "postgresql.cnpg.io/v1";
const IMAGE: &str = "ghcr.io/cloudnative-pg/postgresql";

/// Its key.
pub(in crate::kinds::postgres_database) fn key(server: &Server) -> ObjectKey {
    ObjectKey {
        kind: KindKey::new(API, "Cluster"),
        namespace: Some(server.namespace.clone()),
        name: server.name.clone(),
    }
}

/// The `Cluster` of a server. It belongs to nobody: its operator deletes the volumes with it, and they stay when its object is deleted.
pub fn build(server: &Server, wanted: &ClusterServer) -> Value {
    let mut object = server.object_that_stays(API, "Cluster", &server.name, COMPONENT);
    let mut storage = json!({"size": wanted.storage});
    put(&mut storage, "storageClass", wanted.storage_class.as_deref());
    let spec = &mut object["spec"];
    *spec = json!({
        "instances": wanted.instances,
        "storage": storage,
        // Databases and roles are made by it.
        "enableSuperuserAccess": true,
        "postgresql": {"parameters": {"max_connections": "500"}},
    });
    if wanted.synchronous {
        spec["minSyncReplicas"] = json!(1);
        spec["maxSyncReplicas"] = json!(1);
    }
    put(spec, "imageName", wanted.version.map(|version| format!("{IMAGE}:{version}")));
    put(spec, "resources", wanted.resources.as_ref().map(|resources| said(value_of(resources))));
    object
}

/// Makes the `Cluster`, and finds its server when it is well.
pub(super) async fn server(work: &mut Work, server: &Server, wanted: &ClusterServer) -> Result<Found, OperatorError> {
    let key = key(server);
    match work.client().kind(&key.kind).await {
        Err(ClusterError::UnknownKind { .. }) => {
            return Ok(Found::Missing(
                "CloudNativePG is not installed in this cluster: install it, or say `engine: patroni`".to_owned(),
            ));
        }
        other => other?,
    };
    work.shared.watcher.follow_made(std::slice::from_ref(&key.kind));
    if wanted.shared.is_none() || is_kept_by_us(work, &key) {
        let mut object = build(server, wanted);
        if wanted.shared.is_some() {
            object["metadata"]["annotations"] = json!({KEPT_BY: me(work)});
        }
        work.keep_as_it_is(&object, &Autoscaled::default()).await?;
    }
    let name = format!("{}-superuser", server.name);
    let secret = ObjectKey { kind: KindKey::new("v1", "Secret"), name, ..key.clone() };
    let mut login = texts(&work.secret_at(&secret).await?.unwrap_or_default());
    let (Some(username), Some(password)) = (login.remove("username"), login.remove("password")) else {
        let verdict = work.verdict_on(&key)?;
        return Ok(Found::Waits(format!("its server is not up yet: {}", verdict.sentence())));
    };
    let host = format!("{}-rw.{}.svc", server.name, server.namespace);
    let (maintenance, password) = ("postgres".to_owned(), Secret::new(password));
    let reached =
        postgres::Server { host: host.clone(), port: PORT, username, password, tls: Tls::Prefer, maintenance };
    let read_host = Some(format!("{}-r.{}.svc", server.name, server.namespace));
    Ok(Found::Server(Box::new(Reached { read_host, ..work.reached("cluster", reached, host, PORT) })))
}
