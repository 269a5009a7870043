//! The worst that can happen to a shop: all is lost but what is in git.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use store::PinRecord;

use super::{Fault, Shop};

/// The kinds that the shop has, or that a project like it would.
const KINDS: [(&str, &str); 6] = [
    ("apps", "Deployment"),
    ("batch", "Job"),
    ("", "Service"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("networking.k8s.io", "Ingress"),
];
/// What every object of an instance bears.
const OURS: &str = cluster::INSTANCE_LABEL;

/// What is compared of a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPin {
    /// Its number.
    pub number: u64,
    /// The version that it brought.
    pub version: String,
    /// Who approved it.
    pub approved_by: String,
}

impl Shop {
    /// Ends the server and takes its database and its mirror away; every pin that the database had.
    pub async fn lose_the_database(&mut self) -> Result<Vec<KnownPin>, Fault> {
        let store = self.stop().await?;
        let pins = known(store.pins(None, None, 1000).await?);
        store.close().await;
        drop(store);
        self.server.lose_data()?;
        Ok(pins)
    }

    /// Every pin that the database has; the server ends.
    pub async fn pins_at_last(&mut self) -> Result<Vec<KnownPin>, Fault> {
        Ok(known(self.stop().await?.pins(None, None, 1000).await?))
    }

    /// Deletes every object that Pinnace put into the cluster, and its inventories; how many went.
    pub async fn lose_the_cluster(&self) -> Result<usize, Fault> {
        let mut gone = 0;
        for (group, kind) in KINDS {
            gone += self.delete_all(&self.place.namespace, group, kind, &ListParams::default().labels(OURS)).await?;
        }
        let all = ListParams::default().fields("metadata.name!=kube-root-ca.crt");
        Ok(gone + self.delete_all(&self.place.own_namespace, "", "ConfigMap", &all).await?)
    }

    async fn delete_all(&self, namespace: &str, group: &str, kind: &str, which: &ListParams) -> Result<usize, Fault> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let api: Api<DynamicObject> = Api::namespaced_with(self.admin.clone(), namespace, &kind);
        let mut gone = 0;
        for name in api.list(which).await?.into_iter().filter_map(|object| object.metadata.name) {
            api.delete(&name, &DeleteParams::default()).await?;
            gone += 1;
        }
        Ok(gone)
    }

    /// Starts the server on what there is, and ann signs in anew.
    pub async fn begin_again(&mut self) -> Result<(), Fault> {
        self.server.kill_and_start_again().await?;
        self.ann = self.server.sign_in("ann").await?;
        Ok(())
    }

    /// The image that the web part runs; none when it is not there.
    pub async fn image(&self) -> Result<Option<String>, Fault> {
        let api: Api<Deployment> = Api::namespaced(self.admin.clone(), &self.place.namespace);
        let spec = api.get_opt("web").await?.and_then(|web| web.spec?.template.spec);
        Ok(spec.and_then(|spec| spec.containers.into_iter().next()?.image))
    }
}

/// The pins in the order of their numbers.
fn known(records: Vec<PinRecord>) -> Vec<KnownPin> {
    let one = |PinRecord { pin, .. }: PinRecord| KnownPin {
        number: pin.number.0,
        version: pin.to().version().to_owned(),
        approved_by: pin.approved_by(),
    };
    let mut known: Vec<KnownPin> = records.into_iter().map(one).collect();
    known.sort_by_key(|pin| pin.number);
    known
}
