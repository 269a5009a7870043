//! `Shop`: the shipped binary, `pinnace serve`, as a process of its own on a real API server, git remote and registry, with
//! exactly the rights that `pinnace rbac` prints. What is seen of it is what anybody sees: HTTP, its folder, its memory.

mod client;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cluster::ClusterClient;
use config_repo::{Credentials, Limits, Mirror};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::{DevCluster, DevRegistry, GitRemote};

pub use client::Announcer;
use client::Person;

/// The instance that runs.
pub const INSTANCE: &str = "shop/prod";
/// How long one thing may take before it is said what was seen instead.
const PATIENCE: Duration = Duration::from_mins(1);
const TOKEN_LASTS: Duration = Duration::from_hours(2);

/// What went wrong, for whoever runs a test or a benchmark.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// One project, `shop`, in one environment, `prod`, where ann may approve, shop by the binary.
pub struct Shop {
    /// The config repo's remote.
    pub remote: GitRemote,
    /// The registry.
    pub registry: DevRegistry,
    /// The cluster.
    pub cluster: DevCluster,
    /// Where the instance runs.
    pub namespace: String,
    /// The admin's client, for looking.
    pub admin: kube::Client,
    url: String,
    ann: Person,
    child: Option<Child>,
    folder: TempDir,
}

impl Shop {
    /// Starts all parts on this cluster, and waits until version `1.0` is proven.
    pub async fn start(binary: &Path, cluster: DevCluster) -> Result<Self, Fault> {
        // A second provider in one process is not needed, and the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::with_prefix("pinnace-served-")?;
        let namespace = format!("served-{}", std::process::id());
        let registry = DevRegistry::start(&folder.path().join("registry")).await?;
        let digest = registry.push_image("acme/shop", "1.0", "1.0").await?;
        let remote = remote(folder.path(), registry.address(), &namespace, &digest)?;
        let kubeconfig = narrow_rights(folder.path(), &cluster, &namespace, &remote).await?;
        fs::write(folder.path().join("senders.yaml"), client::senders())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = spawn(binary, folder.path(), &remote.file_url(), &kubeconfig, &own(&namespace), port)?;
        let admin = client::kube(&cluster).await?;
        let url = format!("http://127.0.0.1:{port}");
        let ann = Person::nobody(&url)?;
        let mut shop = Self { remote, registry, cluster, namespace, admin, url, ann, child: Some(child), folder };
        shop.until("the server answers", async |shop| shop.asked("disagreements shop/prod").await.is_ok()).await?;
        let link = shop.asked("sign-in ann").await?;
        shop.ann.sign_in(&link).await?;
        shop.until("the first install is proven", async |shop| {
            shop.newest_pin().await.is_ok_and(|seen| seen["verified"].is_string())
        })
        .await?;
        Ok(shop)
    }

    /// The page's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A one-time link with which a person signs in.
    pub async fn sign_in_link(&self, person: &str) -> Result<String, Fault> {
        self.asked(&format!("sign-in {person}")).await
    }

    /// CI, with its signing key.
    pub fn announcer(&self) -> Result<Announcer, Fault> {
        Announcer::new(&self.url, &format!("{}/acme/shop", self.registry.address()))
    }

    /// CI made a build: pushed and announced. Its ask's number, once ann is asked.
    pub async fn asked_about(&self, announcer: &Announcer, tag: &str) -> Result<u64, Fault> {
        self.registry.push_image("acme/shop", tag, tag).await?;
        announcer.announce(tag, tag).await?;
        self.until("the ask", async |shop| {
            shop.newest_pin().await.is_ok_and(|pin| pin["stage"] == "asked" && pin["version"] == tag)
        })
        .await?;
        Ok(self.newest_pin().await?["number"].as_u64().unwrap_or_default())
    }

    /// Ann approves; when this comes back, she was answered.
    pub async fn approve(&self, pin: u64) -> Result<(), Fault> {
        self.ann.post(&format!("/pins/{pin}/approve"), &[]).await
    }

    /// Waits for the end of the newest pin; the stage that it ended in.
    pub async fn ended(&self) -> Result<String, Fault> {
        self.until("the end of the pin", async |shop| shop.newest_pin().await.is_ok_and(|pin| pin["ended"] == true))
            .await?;
        Ok(self.newest_pin().await?["stage"].as_str().unwrap_or_default().to_owned())
    }

    /// How long a version must stay Current from now on: a person's commit, and time for it to be fetched.
    pub async fn stable_for(&self, stable_for: &str) -> Result<(), Fault> {
        let before = self.remote.file("pinnace.yaml")?;
        self.remote.commit_as(
            crate::Person::BOB,
            "pinnace.yaml",
            &before.replace("stableFor: 200ms", &format!("stableFor: {stable_for}")),
        )?;
        // Nothing outside shows which pinnace.yaml is in force; it is fetched every second.
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    }

    /// The newest pin, and what is verified, as the server sees them.
    pub async fn newest_pin(&self) -> Result<serde_json::Value, Fault> {
        Ok(serde_json::from_str(&self.asked("newest-pin shop/prod").await?)?)
    }

    /// What git, cluster and database do not agree about; `none` when they agree.
    pub async fn disagreements(&self) -> Result<String, Fault> {
        self.asked("disagreements shop/prod").await
    }

    /// The most memory that the server ever had, in KiB, its children apart.
    pub fn most_memory_kib(&self) -> Result<u64, Fault> {
        let pid = self.child.as_ref().map(Child::id).ok_or("the server is stopped")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in its status")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// What the server said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Stops the server, so that its database can be opened.
    pub async fn stop(&mut self) -> Result<store::Store, Fault> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(store::Store::open(&self.folder.path().join("data/db")).await?)
    }

    /// Waits for something, patiently.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn(&Self) -> bool) -> Result<(), Fault> {
        let waiting = async {
            while !is_so(self).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_ok() {
            return Ok(());
        }
        let seen = self.newest_pin().await;
        Err(format!("waited in vain for {what}; the newest pin: {seen:?}; the server said:\n{}", self.log()).into())
    }

    /// Asks at the door that the server keeps for the owner of its folder.
    async fn asked(&self, request: &str) -> Result<String, Fault> {
        let mut stream = UnixStream::connect(self.folder.path().join("data/db/admin.sock")).await?;
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        Ok(said.trim().strip_prefix("ok ").ok_or_else(|| said.clone())?.to_owned())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Gone already is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn own(namespace: &str) -> String {
    format!("{namespace}-pinnace")
}

fn spawn(
    binary: &Path,
    folder: &Path,
    repo: &str,
    kubeconfig: &Path,
    own_namespace: &str,
    port: u16,
) -> Result<Child, Fault> {
    let log = File::create(folder.join("server.log"))?;
    Ok(Command::new(binary)
        .arg("serve")
        .args(["--repo", repo, "--listen", &format!("127.0.0.1:{port}"), "--own-namespace", own_namespace])
        .args(["--fetch-every", "1"])
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg("--senders")
        .arg(folder.join("senders.yaml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?)
}

/// The config repo: the shop at its first version.
fn remote(folder: &Path, registry: &str, namespace: &str, digest: &str) -> Result<GitRemote, Fault> {
    const WEB: &str = include_str!("../../../examples/shop/web.yaml");
    const SETTINGS: &str = include_str!("../../../examples/shop/settings.yaml");
    let config = format!(
        "apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {{email: ann@example.org, groups: [release]}}
  bo: {{email: bo@example.org}}
environments:
  prod:
    context: prod
    approvers: [group:release]
    rules: {{stableFor: 200ms, deadline: 1m}}
projects:
  shop:
    image: {registry}/acme/shop
    sources: [{{path: \"apps/shop/{{environment}}\"}}]
    namespaces: {{prod: {namespace}}}
    rules: {{prod: ask}}
"
    );
    let web = WEB.replace("IMAGE", &format!("{registry}/acme/shop:1.0@{digest}"));
    let files = [
        ("pinnace.yaml", config.as_str()),
        ("apps/shop/prod/web.yaml", web.as_str()),
        ("apps/shop/prod/settings.yaml", SETTINGS),
    ];
    Ok(GitRemote::bare_in(&folder.join("config.git"), &files)?)
}

/// Makes the namespaces and the account; a kubeconfig with which one can do exactly what `pinnace rbac` prints.
async fn narrow_rights(
    folder: &Path,
    cluster: &DevCluster,
    namespace: &str,
    remote: &GitRemote,
) -> Result<PathBuf, Fault> {
    let admin_config = folder.join("admin.kubeconfig");
    crate::devcluster::write_kubeconfig(&admin_config, &[("prod", cluster)])?;
    let settings = cluster::Settings { own_namespace: own(namespace), ..cluster::Settings::default() };
    let admin = ClusterClient::connect_with(Some(&admin_config), "prod", settings).await?;
    for name in [namespace, &own(namespace)] {
        admin.make_namespace(name).await?;
    }
    let mirror = Mirror::open(
        &folder.join("setup-mirror"),
        remote.file_url().parse()?,
        "main".parse()?,
        Credentials::none(),
        Limits::default(),
    )
    .await?;
    admin.set_up(&control::rights(&mirror, "pinnace.yaml", "prod", &own(namespace)).await?).await?;
    let token = admin.account_token(TOKEN_LASTS).await?;
    let path = folder.join("server.kubeconfig");
    fs::write(&path, cluster::setup::kubeconfig_for(Some(&admin_config), "prod", &token)?.expose())?;
    Ok(path)
}
