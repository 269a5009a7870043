//! Where a server and what it pins live in a test cluster.

use cluster::ClusterClient;
use serde_json::Value;

use super::{ServedError, Setup};
use crate::DevCluster;

/// The namespace of an instance and Pinnace's own beside it, with the rights of the server there.
pub struct Place {
    /// The instance's namespace.
    pub namespace: String,
    /// Pinnace's own.
    pub own_namespace: String,
    /// What `pinnace rbac` printed, which is what the server may do.
    pub rights: Vec<Value>,
    admin: ClusterClient,
}

impl Place {
    /// Makes the namespaces, which must not be there, and grants the rights.
    pub async fn make(setup: &Setup, cluster: &DevCluster, namespace: &str) -> Result<Self, ServedError> {
        let own_namespace = setup.own_namespace.clone();
        let settings = cluster::Settings { own_namespace: own_namespace.clone(), ..cluster::Settings::default() };
        let admin = ClusterClient::connect_with(Some(cluster.kubeconfig()), &setup.context, settings).await;
        let admin = admin.map_err(ServedError::rights)?;
        for name in [namespace, &own_namespace] {
            if !admin.make_namespace(name).await.map_err(ServedError::rights)? {
                let (request, said) = (format!("make the namespace {name}"), "it is there already".to_owned());
                return Err(ServedError::Refused { request, said });
            }
        }
        let rights = setup.grant(&admin, Some(cluster.kubeconfig())).await?;
        Ok(Self { namespace: namespace.to_owned(), own_namespace, rights, admin })
    }

    /// Takes the namespaces away.
    pub async fn remove(&self) -> Result<(), ServedError> {
        for name in [&self.namespace, &self.own_namespace] {
            self.admin.delete_namespace(name).await.map_err(ServedError::rights)?;
        }
        Ok(())
    }
}
