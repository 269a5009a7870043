//! `Fleet`: many apps, each a project with a folder of its own, deployed by the binary as a process of its own on a real API
//! server. What it asks of the cluster is counted by the cluster's audit log.

mod requests;
mod scene;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cluster::ClusterClient;
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::Value;
use tempfile::TempDir;

use crate::devcluster::Options;
use crate::served::{Served, Setup, free_port};
use crate::shop::{CONTEXT, Fault};
use crate::{DevCluster, GitRemote, Person};

pub use requests::Request;
pub(crate) use requests::read as read_requests;
pub use scene::{FIRST, Scene, files, name, parsed};

/// Pinnace's own namespace.
const OWN: &str = "pinnace-system";
const CONFIG_FILE: &str = "pinnace.yaml";
/// Nothing was asked of the cluster for so long: it is at rest.
const AT_REST: Duration = Duration::from_secs(2);

/// What a fleet is started with.
#[derive(Debug)]
pub struct Plan {
    /// The `pinnace` binary.
    pub program: PathBuf,
    /// How many apps there are.
    pub apps: usize,
    /// In how many namespaces.
    pub namespaces: usize,
    /// How long all of them together may take for one thing.
    pub patience: Duration,
}

/// The fleet, and all that it plays on.
pub struct Fleet {
    /// The process. It is fetched for by [`Served::pushed`] alone.
    pub server: Served,
    /// The config repo's remote.
    pub remote: GitRemote,
    /// The admin's client, for looking.
    pub admin: kube::Client,
    /// The cluster, with nothing else in it.
    pub cluster: DevCluster,
    /// What there is.
    pub scene: Scene,
    all: String,
    metrics_port: u16,
    read_up_to: u64,
    patience: Duration,
    // Dropped last: what runs in it ends first.
    _folder: TempDir,
}

impl Fleet {
    /// Starts all parts. The server runs with nothing to do, and with the rights for what is to come.
    pub async fn start(plan: Plan) -> Result<Self, Fault> {
        // A second provider in one process is not needed, and the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::with_prefix("pinnace-fleet-")?;
        let cluster = DevCluster::start(Options { audit: true, ..Options::default() }).await?;
        let namespaces = (0..plan.namespaces.max(1)).map(|at| format!("fleet-{at}")).collect();
        let scene = Scene { apps: plan.apps, namespaces, stable_for: "0s" };
        let remote = GitRemote::bare_in(&folder.path().join("config.git"), &[(CONFIG_FILE, scene.config(0).as_str())])?;
        let (nothing, all) = (remote.head()?, push_all(&remote, &scene)?);
        let metrics_port = free_port()?;
        let setup = Setup {
            program: plan.program,
            data: folder.path().join("data"),
            repo: remote.file_url(),
            config_file: CONFIG_FILE.to_owned(),
            context: CONTEXT.to_owned(),
            own_namespace: OWN.to_owned(),
            project: name(0),
            port: free_port()?,
            barrier: None,
            fetch_every: 3600,
            more: vec!["--metrics-listen".into(), format!("127.0.0.1:{metrics_port}").into()],
        };
        make_place(&setup, &cluster, &scene).await?;
        remote.set_head(&nothing)?;
        let file = Kubeconfig::read_from(cluster.kubeconfig())?;
        let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        let admin = kube::Client::try_from(config)?;
        let server = Served::start(setup).await?;
        let (read_up_to, patience) = (0, plan.patience);
        Ok(Self { server, remote, admin, cluster, scene, all, metrics_port, read_up_to, patience, _folder: folder })
    }

    /// All apps are pushed at once, and their host says so.
    pub async fn push_all(&self) -> Result<(), Fault> {
        self.remote.set_head(&self.all)?;
        Ok(self.server.pushed().await?)
    }

    /// Somebody changes the image of one app in git. It is not said yet: see [`Served::pushed`].
    pub fn commit_image(&self, at: usize, tag: &str) -> Result<String, Fault> {
        let files = files(at, tag);
        let (path, text) = files.first().ok_or("an app without files")?;
        Ok(self.remote.commit_as(Person::BOB, path, text)?)
    }

    /// Waits until all instances are verified, by the inventories that the server keeps in the cluster.
    pub async fn until_all_verified(&self) -> Result<(), Fault> {
        let wanted = self.scene.apps;
        self.until(move |verified| verified.len() == wanted).await
    }

    /// Waits until an app is verified at this commit.
    pub async fn until_verified_at(&self, at: usize, commit: &str) -> Result<(), Fault> {
        let wanted = (Scene::instance(at), commit.to_owned());
        self.until(move |verified| verified.contains(&wanted)).await
    }

    /// How often the server rendered manifests since it was started.
    pub async fn renders(&self) -> Result<u64, Fault> {
        Ok(self.server.metric(self.metrics_port, "pinnace_renders_total").await?)
    }

    async fn until(&self, is_so: impl Fn(&BTreeSet<(String, String)>) -> bool) -> Result<(), Fault> {
        let inventories: Api<ConfigMap> = Api::namespaced(self.admin.clone(), OWN);
        let seen = watcher(inventories, watcher::Config::default()).applied_objects();
        let mut seen = Box::pin(seen);
        let mut verified = BTreeSet::new();
        let waiting = async {
            while let Some(inventory) = seen.try_next().await? {
                if let Some((instance, commit)) = verified_at(&inventory) {
                    verified.retain(|(other, _)| *other != instance);
                    verified.insert((instance, commit));
                    if is_so(&verified) {
                        return Ok(());
                    }
                }
            }
            Err("the watch ended".into())
        };
        let waited = tokio::time::timeout(self.patience, waiting).await;
        waited.unwrap_or_else(|_| {
            Err(format!("waited in vain; {} are verified; the server's log:\n{}", verified.len(), self.server.log())
                .into())
        })
    }

    /// What the server asked of the cluster since the last time that this was called, without watches: one stands in the
    /// audit log when it ends. Comes back once it asked nothing for some time.
    pub async fn requests_at_rest(&mut self) -> Result<Vec<Request>, Fault> {
        let mut all = Vec::new();
        loop {
            let new = self.requests()?;
            if new.is_empty() && !all.is_empty() {
                return Ok(all);
            }
            let none = new.is_empty();
            all.extend(new);
            tokio::time::sleep(AT_REST).await;
            if none {
                all.extend(self.requests()?);
                return Ok(all);
            }
        }
    }

    /// What it asked up to now.
    pub fn requests(&mut self) -> Result<Vec<Request>, Fault> {
        let log = self.cluster.audit_log().ok_or("the cluster keeps no audit log")?;
        let user = format!("system:serviceaccount:{OWN}:");
        let (found, place) = requests::read(log, &user, self.read_up_to)?;
        self.read_up_to = place;
        Ok(found.into_iter().filter(|request| request.verb != "watch").collect())
    }
}

/// The commit after the first, with all apps in it.
fn push_all(remote: &GitRemote, scene: &Scene) -> Result<String, Fault> {
    let mut all: Vec<(String, String)> = (0..scene.apps).flat_map(|at| files(at, FIRST)).collect();
    all.push((CONFIG_FILE.to_owned(), scene.config(scene.apps)));
    let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Ok(remote.commit_many_as(Person::ANN, &all, "Add all apps")?)
}

/// The namespaces, and exactly the rights that `pinnace rbac` prints.
async fn make_place(setup: &Setup, cluster: &DevCluster, scene: &Scene) -> Result<(), Fault> {
    let settings = cluster::Settings { own_namespace: OWN.to_owned(), ..cluster::Settings::default() };
    let admin = ClusterClient::connect_with(Some(cluster.kubeconfig()), CONTEXT, settings).await?;
    for namespace in scene.namespaces.iter().map(String::as_str).chain([OWN]) {
        admin.make_namespace(namespace).await?;
    }
    setup.grant(&admin, Some(cluster.kubeconfig())).await?;
    Ok(())
}

/// The instance of an inventory, and the commit that it was verified at.
fn verified_at(inventory: &ConfigMap) -> Option<(String, String)> {
    let text = inventory.data.as_ref()?.get("inventory")?;
    let inventory: Value = serde_json::from_str(text).ok()?;
    Some((inventory["instance"].as_str()?.to_owned(), inventory["verified"]["commit"].as_str()?.to_owned()))
}
