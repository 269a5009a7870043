//! The loops: every object of ours has a lane of its own, which is woken by a change of it or of what belongs to it, reads the world and
//! acts. What is slow or broken about one object holds up no other.

mod backoff;
mod clock;
mod error;
mod known;
mod lane;
mod lead;
mod memo;
mod own;
mod settings;
mod sight;
mod work;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use cluster::{ClusterClient, ClusterError, KindKey, ObjectKey, Watcher};
use secrets::MaskKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::crd::{GROUP, VERSION};
use crate::kinds::{CONTROLLERS, KINDS};
use known::Known;

pub use clock::Clock;
pub(crate) use clock::rfc3339;
pub use error::OperatorError;
pub use settings::{Aws, Backups, Settings};
pub(crate) use work::{Event, Next, Work, is_made, random};

/// What the operator makes of kinds that every cluster has.
const MADE: &[(&str, &str)] = &[
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("policy/v1", "PodDisruptionBudget"),
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
];

/// What it makes of kinds that some clusters have. One that comes later is watched from when it is first made.
const MADE_WHERE_KNOWN: &[(&str, &str)] =
    &[("gateway.networking.k8s.io/v1", "HTTPRoute"), ("postgresql.cnpg.io/v1", "Cluster")];

/// Looks after the custom resources of one cluster.
pub struct Operator {
    shared: Arc<Shared>,
}

/// What all lanes have in common.
pub(crate) struct Shared {
    pub(crate) client: ClusterClient,
    pub(crate) watcher: Watcher,
    pub(crate) settings: Settings,
    /// The key of the hashes that stand in names.
    pub(crate) key: MaskKey,
    /// The uid of the cluster's own namespace: which cluster this is, for claims.
    pub(crate) cluster: String,
    /// The IngressClasses that were seen, or that may not be looked at.
    pub(crate) ingress_classes: Known,
    /// How many lanes ask the API server at once.
    pub(crate) turns: Semaphore,
    /// The same of each server outside, by its address.
    servers: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// How one kind is looked after.
pub(crate) struct Controller {
    pub(crate) kind: &'static str,
    pub(crate) reconcile: for<'a> fn(&'a mut Work) -> Reconciling<'a>,
}

pub(crate) type Reconciling<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Next, OperatorError>> + Send + 'a>>;

impl Controller {
    pub(crate) fn key(&self) -> KindKey {
        resource(self.kind)
    }
}

/// The key of one of our kinds.
pub(crate) fn resource(kind: &str) -> KindKey {
    KindKey::new(&format!("{GROUP}/{VERSION}"), kind)
}

impl Operator {
    /// Begins to watch. The CRDs of our kinds have to be there, of this version or a later one.
    ///
    /// The client has to be one that nothing else watches with.
    pub async fn begin(client: ClusterClient, settings: Settings) -> Result<Self, OperatorError> {
        let key = own::key_of_names(&client).await?;
        let cluster = own::uid_of_cluster(&client).await?;
        for kind in KINDS {
            own::is_defined(&client, kind).await?;
        }
        let kinds: Vec<KindKey> = CONTROLLERS.iter().map(Controller::key).collect();
        let watcher = client.watch_resources(settings.namespace.as_deref().unwrap_or_default(), &kinds);
        let made: Vec<KindKey> = MADE.iter().map(|(version, kind)| KindKey::new(version, kind)).collect();
        watcher.follow_made(&made);
        for kind in MADE_WHERE_KNOWN.iter().map(|(version, kind)| KindKey::new(version, kind)) {
            match client.kind(&kind).await {
                Ok(_) => watcher.follow_made(&[kind]),
                Err(ClusterError::UnknownKind { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let turns = Semaphore::new(settings.at_once);
        let servers = Mutex::default();
        let ingress_classes = Known::default();
        let shared = Shared { client, watcher, settings, key, cluster, ingress_classes, turns, servers };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Looks after all objects until `stop` says true or its other end is gone. Where another operator does so already it waits.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let shared = &self.shared;
        let mut lease = shared.lease();
        let work = async {
            loop {
                shared.leads(&mut lease).await;
                tokio::select! {
                    () = shared.looks_after_all() => {}
                    () = shared.keeps_leading(&mut lease) => {}
                }
            }
        };
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        if let Err(error) = lease.let_go(&shared.client).await {
            tracing::warn!(%error, "the Lease could not be let go: another operator waits until it runs out");
        }
    }
}

/// So many ask one server outside at once.
const AT_ONCE_ON_A_SERVER: usize = 8;

impl Shared {
    /// A turn to ask a server outside. Those of other servers don't wait for it.
    pub(crate) async fn turn_on(&self, server: &str) -> Option<OwnedSemaphorePermit> {
        let turns = {
            let mut all = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turns| Arc::strong_count(turns) > 1 || turns.available_permits() < AT_ONCE_ON_A_SERVER);
            Arc::clone(all.entry(server.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE_ON_A_SERVER))))
        };
        turns.acquire_owned().await.ok()
    }

    /// Never ends by itself.
    async fn looks_after_all(self: &Arc<Self>) {
        self.sees_everything().await;
        tracing::info!("everything is seen: the operator begins");
        let mut resources = self.watcher.resources();
        let mut lanes = Lanes::default();
        loop {
            resources.mark_unchanged();
            lanes.begin_missing(self);
            // It ends only with its sender, which we hold.
            drop(resources.changed().await);
        }
    }
}

/// The lanes that run. They end with it.
#[derive(Default)]
struct Lanes(BTreeMap<ObjectKey, JoinHandle<()>>);

impl Lanes {
    /// One lane for each object that is there. A lane whose object is gone ends by itself.
    fn begin_missing(&mut self, shared: &Arc<Shared>) {
        self.0.retain(|_, lane| !lane.is_finished());
        for controller in CONTROLLERS {
            for key in shared.watcher.keys(&controller.key()).unwrap_or_default() {
                self.0
                    .entry(key.clone())
                    .or_insert_with(|| tokio::spawn(lane::run(Arc::clone(shared), controller, key)));
            }
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.0.values().for_each(JoinHandle::abort);
    }
}
