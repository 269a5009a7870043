//! A shop with a server of its own, on the shared cluster: builds are pinned there while the server is killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cluster::ClusterClient;
use serde_json::Value;
use testkit::crash::{Fault, Point, Saboteur};
use testkit::served::{Served, Setup, Visitor, free_port, write_narrow_kubeconfig};
use testkit::{DevCluster, DevRegistry, GitRemote};
use webhooks::SigningKey;

const SIGNING_KEY: &str = "whsec_cGlubmFjZS1kZW1vLXNpZ25pbmcta2V5LTEyMzQ=";
const CONTEXT: &str = "devcluster";
const INSTANCE: &str = "shop/prod";
const PATIENCE: Duration = Duration::from_mins(1);

/// What CI makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Good,
    Crashing,
}

/// The server, and all that it plays on.
pub(crate) struct Shop {
    server: Served,
    visitor: Visitor,
    saboteur: Saboteur,
    remote: GitRemote,
    registry: DevRegistry,
    builds: u32,
    admin: ClusterClient,
    namespaces: [String; 2],
    _cluster: DevCluster,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// Version 1.0 runs and is proven.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cluster = DevCluster::shared().await.unwrap();
        let registry = DevRegistry::start(&folder.path().join("registry")).await.unwrap();
        let digest = registry.push_image("acme/shop", "1.0", "1.0").await.unwrap();
        let namespaces = namespaces();
        let image = format!("{}/acme/shop:1.0@{digest}", registry.address());
        let remote = remote(&folder.path().join("config.git"), registry.address(), &image, &namespaces[0]);
        let settings = cluster::Settings { own_namespace: namespaces[1].clone(), ..cluster::Settings::default() };
        let admin = ClusterClient::connect_with(Some(cluster.kubeconfig()), CONTEXT, settings).await.unwrap();
        for namespace in &namespaces {
            assert!(admin.make_namespace(namespace).await.unwrap(), "{namespace} is there already");
        }
        let kubeconfig = folder.path().join("kubeconfig");
        let rights = rights(&remote, &namespaces[1]).await;
        write_narrow_kubeconfig(&kubeconfig, &admin, Some(cluster.kubeconfig()), CONTEXT, &rights).await.unwrap();
        let saboteur = Saboteur::listen();
        let setup = setup(folder.path(), &remote, &namespaces[1], saboteur.path());
        let server = Served::start(setup).await.unwrap();
        server.until("the first install", INSTANCE, PATIENCE, |seen| seen["verified"].is_string()).await.unwrap();
        let link = server.sign_in_link("ann").await.unwrap();
        let key = SigningKey::parse(SIGNING_KEY).unwrap();
        let visitor = Visitor::sign_in(&server.url(), &link, key).await.unwrap();
        Self {
            server,
            visitor,
            saboteur,
            remote,
            registry,
            builds: 0,
            admin,
            namespaces,
            _cluster: cluster,
            _folder: folder,
        }
    }

    /// A build is pinned, the process is killed there, and the pin ends as it should. What was announced.
    pub(crate) async fn play(&mut self, build: Build, kill: Option<(Point, Fault)>) -> Vec<Point> {
        self.builds += 1;
        let tag = match build {
            Build::Good => format!("2.{}", self.builds),
            Build::Crashing => format!("2.{}-crash-loop", self.builds),
        };
        let before = self.remote.head().unwrap();
        self.saboteur.begin(kill);
        self.registry.push_image("acme/shop", &tag, &tag).await.unwrap();
        let repository = format!("{}/acme/shop", self.registry.address());
        self.visitor.announce("shop", &repository, &tag, "Faster").await.unwrap();
        let asked = self.until("the ask", |seen| seen["version"] == tag.as_str() && seen["stage"] == "asked").await;
        let number = asked["number"].as_u64().unwrap();
        self.visitor.press(number, "approve").await.unwrap();
        let ended = self.until("the end", |seen| seen["number"] == number && seen["ended"] == true).await;
        assert!(!self.saboteur.missed(), "the process was never killed");
        let (outcome, commits) = match build {
            Build::Good => ("done", 1),
            Build::Crashing => ("dropped", 0),
        };
        assert_eq!(ended["stage"], outcome, "{ended}");
        let range = format!("{before}..main");
        let pins = self.remote.git(&["log", "--format=%(trailers:key=Pinnace-Number,valueonly)", &range]).unwrap();
        assert_eq!(pins.lines().filter(|line| !line.is_empty()).count(), commits, "commits of the pin: {pins}");
        assert_eq!(self.server.disagreements(INSTANCE).await.unwrap(), "none");
        self.saboteur.seen()
    }

    /// Waits for that, and starts the server again when it is to be killed.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            tokio::select! {
                seen = self.server.until(what, INSTANCE, PATIENCE, &is_so) => return seen.unwrap(),
                () = self.saboteur.crashed() => {}
            }
            self.server.kill_and_start_again().await.unwrap();
        }
    }

    /// Ends the server and takes the namespaces away.
    pub(crate) async fn close(mut self) {
        self.server.kill().await.unwrap();
        for namespace in &self.namespaces {
            self.admin.delete_namespace(namespace).await.unwrap();
        }
    }
}

fn setup(folder: &Path, remote: &GitRemote, own_namespace: &str, barrier: &Path) -> Setup {
    let senders = folder.join("senders.yaml");
    std::fs::write(&senders, format!("senders: {{shop: {{signing: [{SIGNING_KEY}]}}}}\n")).unwrap();
    Setup {
        program: PathBuf::from(env!("CARGO_BIN_EXE_pinnace")),
        data: folder.join("data"),
        repo: remote.file_url(),
        config_file: "pinnace.yaml".to_owned(),
        kubeconfig: folder.join("kubeconfig"),
        own_namespace: own_namespace.to_owned(),
        senders,
        port: free_port().unwrap(),
        more: vec!["--barrier".into(), barrier.into()],
    }
}

/// What `pinnace rbac` prints.
async fn rights(remote: &GitRemote, own_namespace: &str) -> Vec<Value> {
    let printed = tokio::process::Command::new(env!("CARGO_BIN_EXE_pinnace"))
        .args(["rbac", "--repo", &remote.file_url(), "--context", CONTEXT, "--own-namespace", own_namespace])
        .output()
        .await
        .unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    text.split("---\n").filter(|part| !part.is_empty()).map(|part| serde_saphyr::from_str(part).unwrap()).collect()
}

/// The shop's own, and Pinnace's.
fn namespaces() -> [String; 2] {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("kill{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    [name.clone(), format!("{name}-pinnace")]
}

fn remote(path: &Path, registry: &str, image: &str, namespace: &str) -> GitRemote {
    const WEB: &str = include_str!("../../../../examples/shop/web.yaml");
    const SETTINGS: &str = include_str!("../../../../examples/shop/settings.yaml");
    let config = format!(
        "apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {{email: ann@example.org, groups: [release]}}
environments:
  prod:
    context: {CONTEXT}
    approvers: [group:release]
    rules: {{stableFor: 100ms, deadline: 60s}}
projects:
  shop:
    image: {registry}/acme/shop
    sources: [{{path: \"apps/shop/{{environment}}\"}}]
    namespaces: {{prod: {namespace}}}
"
    );
    let files = [
        ("pinnace.yaml", config.as_str()),
        ("apps/shop/prod/web.yaml", &WEB.replace("IMAGE", image)),
        ("apps/shop/prod/settings.yaml", SETTINGS),
    ];
    GitRemote::bare_in(path, &files).unwrap()
}
