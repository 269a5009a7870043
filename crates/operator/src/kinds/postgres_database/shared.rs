//! What a server in the cluster that several share consists of, as far as data lies on it.

use ::cluster::ObjectKey;

use super::PostgresDatabase;
use super::cluster::build::claim_name;
use super::cluster::{MOST_INSTANCES, cloud_native_pg};
use super::crd::{ClusterServer, Engine, PostgresServer};
use super::local::named;
use crate::driver::{OperatorError, Work};
use crate::leaving;
use crate::local::Server;

/// Whether nothing is left of it that a database could lie on.
pub(super) async fn is_gone(work: &Work, database: &PostgresDatabase) -> Result<bool, OperatorError> {
    let (server, objects) = match &database.spec.server {
        PostgresServer { local: Some(local), .. } => {
            let server = named(work, database, local.shared.as_ref());
            let objects = vec![server.stateful_set_key(), server.claim_key(server.claim_name())];
            (server, objects)
        }
        PostgresServer { cluster: Some(cluster), .. } => {
            let server = named(work, database, cluster.shared.as_ref());
            let objects = of_cluster(&server, cluster);
            (server, objects)
        }
        _ => return Ok(false),
    };
    leaving::is_gone(work, &server.namespace, &objects).await
}

fn of_cluster(server: &Server, wanted: &ClusterServer) -> Vec<ObjectKey> {
    if wanted.engine == Engine::CloudNativePg {
        // Its volumes go with it.
        return vec![cloud_native_pg::key(server)];
    }
    let claims = (0..MOST_INSTANCES).map(|number| server.claim_key(claim_name(server, number)));
    std::iter::once(server.stateful_set_key()).chain(claims).collect()
}
