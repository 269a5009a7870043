//! `Shop`: one project, `shop`, in one environment, `prod`, shipped by the binary as a process of its own on a real API
//! server, git remote and registry. What is seen of it is what anybody sees: HTTP, its folder, its memory.

mod builds;
mod config;
mod recovery;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use store::Store;
use tempfile::TempDir;

use crate::served::{Announcer, Place, Served, ServedError, Setup, Visitor};
use crate::{DevCluster, DevRegistry, GitRemote, Person};

pub use builds::Builds;
pub use config::{CONTEXT, Config, PEOPLE, People};
pub use recovery::KnownPin;

/// The instance that runs.
pub const INSTANCE: &str = "shop/prod";
/// How long one thing may take before it is said what was seen instead.
const PATIENCE: Duration = Duration::from_mins(1);
const CONFIG_FILE: &str = "pinnace.yaml";

/// What went wrong, for whoever runs a test or a benchmark.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What may differ from shop to shop.
#[derive(Debug)]
pub struct Plan {
    /// The `pinnace` binary.
    pub program: PathBuf,
    /// A cluster of its own; without, the one that all tests share.
    pub cluster: Option<DevCluster>,
    /// How long a version must stay Current.
    pub stable_for: &'static str,
    /// Who there is.
    pub people: People,
    /// The barrier's socket.
    pub barrier: Option<PathBuf>,
    /// More arguments of `pinnace serve`.
    pub more: Vec<OsString>,
}

impl Plan {
    /// The usual one for this binary.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        let (program, more) = (program.into(), Vec::new());
        Self { program, cluster: None, stable_for: "200ms", people: PEOPLE, barrier: None, more }
    }
}

/// The shop, and all that it plays on.
pub struct Shop {
    /// The process.
    pub server: Served,
    /// Ann at her browser, who may approve.
    pub ann: Visitor,
    /// CI, with its signing key.
    pub ci: Arc<Announcer>,
    /// The config repo's remote.
    pub remote: GitRemote,
    /// The registry.
    pub registry: DevRegistry,
    /// Where it runs in the cluster, and the server's rights there.
    pub place: Place,
    /// The admin's client, for looking.
    pub admin: kube::Client,
    /// The cluster.
    pub cluster: DevCluster,
    config: Config,
    // Dropped last: what runs in it ends first.
    _folder: TempDir,
}

impl Shop {
    /// Starts all parts, and waits until version `1.0` is proven.
    pub async fn start(plan: Plan) -> Result<Self, Fault> {
        // A second provider in one process is not needed, and the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::with_prefix("pinnace-shop-")?;
        let cluster = match plan.cluster {
            Some(cluster) => cluster,
            None => DevCluster::shared().await?,
        };
        let registry = DevRegistry::start(&folder.path().join("registry")).await?;
        let digest = registry.push_image("acme/shop", "1.0", "1.0").await?;
        let config = Config {
            project: "shop".to_owned(),
            repository: format!("{}/acme/shop", registry.address()),
            sources: "apps/shop".to_owned(),
            namespace: unique_namespace(),
            stable_for: plan.stable_for.to_owned(),
            people: plan.people,
        };
        let remote = remote(&folder.path().join("config.git"), &config, &digest)?;
        let setup = Setup {
            barrier: plan.barrier,
            more: plan.more,
            ..config.setup(plan.program, folder.path().join("data"), &remote, CONFIG_FILE)?
        };
        let place = Place::make(&setup, &cluster, &config.namespace).await?;
        let server = Served::start(setup).await?;
        let ann = server.sign_in("ann").await?;
        let ci = Arc::new(server.announcer(&config.repository)?);
        let admin = kube(&cluster).await?;
        let shop = Self { server, ann, ci, remote, registry, place, admin, cluster, config, _folder: folder };
        shop.until("the first install", |seen| seen["verified"].is_string()).await?;
        Ok(shop)
    }

    /// The page's address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// A one-time link with which a person signs in.
    pub async fn sign_in_link(&self, person: &str) -> Result<String, ServedError> {
        self.server.sign_in_link(person).await
    }

    /// CI made a build: pushed and announced.
    pub async fn build(&self, tag: &str) -> Result<(), Fault> {
        self.registry.push_image("acme/shop", tag, tag).await?;
        self.ci.announce(tag, tag, "Show prices with tax").await?;
        Ok(())
    }

    /// Waits until ann is asked about a version; the number of the pin.
    pub async fn asked(&self, tag: &str) -> Result<u64, Fault> {
        let asked = self.until("the ask", |pin| pin["version"] == tag && pin["stage"] == "asked").await?;
        Ok(asked["number"].as_u64().ok_or("an ask without a number")?)
    }

    /// CI made a build, and ann is asked about it; the number of the pin.
    pub async fn asked_about(&self, tag: &str) -> Result<u64, Fault> {
        self.build(tag).await?;
        self.asked(tag).await
    }

    /// Ann approves; when this comes back, she was answered.
    pub async fn approve(&self, pin: u64) -> Result<(), ServedError> {
        self.ann.press(pin, "approve").await
    }

    /// Waits for the end of a pin; the stage that it ended in.
    pub async fn ended(&self, pin: u64) -> Result<String, Fault> {
        let ended = self.until("the end", |seen| seen["number"] == pin && seen["ended"] == true).await?;
        Ok(ended["stage"].as_str().unwrap_or_default().to_owned())
    }

    /// How long a version must stay Current from now on: a person's commit, and time for it to be fetched.
    pub async fn stable_for(&mut self, stable_for: &str) -> Result<(), Fault> {
        stable_for.clone_into(&mut self.config.stable_for);
        self.remote.commit_as(Person::BOB, CONFIG_FILE, &self.config.text())?;
        // Nothing outside shows which pinnace.yaml is in force; it is fetched every second.
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    }

    /// What git, cluster and database do not agree about; `none` when they agree.
    pub async fn disagreements(&self) -> Result<String, ServedError> {
        self.server.disagreements(INSTANCE).await
    }

    /// Waits until the newest pin is so, patiently.
    pub async fn until(&self, what: &str, is_so: impl FnMut(&Value) -> bool) -> Result<Value, Fault> {
        let seen = self.server.until(what, INSTANCE, PATIENCE, is_so).await;
        seen.map_err(|error| format!("{error}; its log:\n{}", self.server.log()).into())
    }

    /// Stops the server, so that its database can be opened.
    pub async fn stop(&mut self) -> Result<Store, ServedError> {
        self.server.stop().await
    }

    /// Ends the server and takes its namespaces away, which others on a shared cluster would trip over.
    pub async fn close(mut self) -> Result<(), ServedError> {
        self.server.kill().await?;
        self.place.remove().await
    }
}

fn unique_namespace() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("shop{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The config repo: the shop at its first version.
fn remote(path: &Path, config: &Config, digest: &str) -> Result<GitRemote, Fault> {
    const WEB: &str = include_str!("../../../examples/shop/web.yaml");
    const SETTINGS: &str = include_str!("../../../examples/shop/settings.yaml");
    let web = WEB.replace("IMAGE", &format!("{}:1.0@{digest}", config.repository));
    let text = config.text();
    let files = [
        (CONFIG_FILE, text.as_str()),
        ("apps/shop/prod/web.yaml", web.as_str()),
        ("apps/shop/prod/settings.yaml", SETTINGS),
    ];
    Ok(GitRemote::bare_in(path, &files)?)
}

/// The admin's own client.
async fn kube(cluster: &DevCluster) -> Result<kube::Client, Fault> {
    let file = Kubeconfig::read_from(cluster.kubeconfig())?;
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}
