//! Eight servers with a data folder, a config file and a project each, on one remote, one registry and one cluster.

use std::path::PathBuf;
use std::time::Duration;

use cluster::ClusterClient;
use futures::future::join_all;
use serde_json::Value;
use testkit::served::{Served, Setup, Visitor, free_port, printed_rights, write_narrow_kubeconfig};
use testkit::world::Harness;
use testkit::{DevCluster, DevRegistry, GitRemote};
use webhooks::SigningKey;

use crate::person::Clone;

const PLAYERS: usize = 8;
/// So many have their manifests in one file.
const SHARING: usize = 4;
const SIGNING_KEY: &str = "whsec_cGlubmFjZS1kZW1vLXNpZ25pbmcta2V5LTEyMzQ=";
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// Where the four have theirs.
pub(crate) const SHARED_FILE: &str = "shared/prod/web.yaml";

/// One server, and who uses it.
pub(crate) struct Player {
    pub(crate) project: String,
    pub(crate) instance: String,
    pub(crate) shares: bool,
    pub(crate) server: Served,
    pub(crate) visitor: Visitor,
    pub(crate) harness: Harness,
}

/// All of it.
pub(crate) struct Arena {
    pub(crate) players: Vec<Player>,
    pub(crate) remote: GitRemote,
    pub(crate) registry: DevRegistry,
    admin: ClusterClient,
    context: String,
    folder: tempfile::TempDir,
    cluster: DevCluster,
}

impl Arena {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cluster = DevCluster::shared().await.unwrap();
        let registry = DevRegistry::start(&folder.path().join("registry")).await.unwrap();
        let mut images = Vec::new();
        for n in 0..PLAYERS {
            let digest = registry.push_image(&format!("acme/p{n}"), "1.0", "1.0").await.unwrap();
            images.push(format!("{}/acme/p{n}:1.0@{digest}", registry.address()));
        }
        let context = "devcluster".to_owned();
        let remote = remote(folder.path(), &registry, &images);
        let admin = connect(&cluster, &context, "default").await;
        let mut arena = Self { players: Vec::new(), remote, registry, admin, context, folder, cluster };
        let players = join_all((0..PLAYERS).map(|n| arena.player(n))).await;
        arena.players = players;
        arena
    }

    async fn player(&self, n: usize) -> Player {
        let folder = self.folder.path().join(format!("p{n}"));
        std::fs::create_dir_all(&folder).unwrap();
        let (project, config_file) = (format!("p{n}"), format!("config/p{n}.yaml"));
        let own_namespace = format!("{}-own", namespace(n));
        for name in [&namespace(n), &own_namespace] {
            assert!(self.admin.make_namespace(name).await.unwrap(), "{name} is there already");
        }
        let program = PathBuf::from(env!("CARGO_BIN_EXE_pinnace"));
        let repo = self.remote.file_url();
        let rights = printed_rights(&program, &repo, &config_file, &self.context, &own_namespace).await.unwrap();
        let kubeconfig = folder.join("kubeconfig");
        let admin = connect(&self.cluster, &self.context, &own_namespace).await;
        let admin_config = Some(self.cluster.kubeconfig());
        write_narrow_kubeconfig(&kubeconfig, &admin, admin_config, &self.context, &rights).await.unwrap();
        let senders = folder.join("senders.yaml");
        std::fs::write(&senders, format!("senders: {{{project}: {{signing: [{SIGNING_KEY}]}}}}\n")).unwrap();
        let harness = Harness::listen();
        let setup = Setup {
            program,
            data: folder.join("data"),
            repo,
            config_file,
            kubeconfig,
            own_namespace,
            senders,
            port: free_port().unwrap(),
            more: vec!["--barrier".into(), harness.path().into()],
        };
        let server = Served::start(setup).await.unwrap();
        let link = server.sign_in_link("ann").await.unwrap();
        let key = SigningKey::parse(SIGNING_KEY).unwrap();
        let visitor = Visitor::sign_in(&server.url(), &link, key).await.unwrap();
        Player { instance: format!("{project}/prod"), project, shares: n < SHARING, server, visitor, harness }
    }

    /// CI makes a build of every project, and its people are asked; gives the images.
    pub(crate) async fn announce(&mut self, tag: &str) -> Vec<String> {
        let mut images = Vec::new();
        for player in &self.players {
            images.push(self.push(&player.project, tag).await);
        }
        let address = self.registry.address().to_owned();
        join_all(self.players.iter_mut().map(async |player| {
            let repository = format!("{address}/acme/{}", player.project);
            player.visitor.announce(&player.project, &repository, tag, "Faster").await.unwrap();
            player.until("an ask", |pin| pin["version"] == tag && pin["stage"] == "asked").await;
        }))
        .await;
        images
    }

    /// An image that nobody announced.
    pub(crate) async fn push(&self, project: &str, tag: &str) -> String {
        let repository = format!("acme/{project}");
        let digest = self.registry.push_image(&repository, tag, tag).await.unwrap();
        format!("{}/{repository}:{tag}@{digest}", self.registry.address())
    }

    /// Ann approves everywhere at once, again where she is asked again, until all pins have ended.
    pub(crate) async fn approve_all_to_the_end(&self, tag: &str) -> Vec<Value> {
        join_all(self.players.iter().map(|player| player.approve_to(tag, |pin| pin["ended"] == true))).await
    }

    /// Somebody with a clone of their own.
    pub(crate) fn person(&self) -> Clone {
        Clone::of(&self.remote, &self.folder.path().join("bob"))
    }

    /// Ends all servers and takes the namespaces away.
    pub(crate) async fn close(&mut self) {
        for player in &mut self.players {
            player.server.kill().await.unwrap();
        }
        for n in 0..PLAYERS {
            for name in [namespace(n), format!("{}-own", namespace(n))] {
                self.admin.delete_namespace(&name).await.unwrap();
            }
        }
    }
}

impl Player {
    pub(crate) async fn until(&self, what: &str, is_so: impl FnMut(&Value) -> bool) -> Value {
        let what = format!("{what} of {}", self.instance);
        self.server.until(&what, &self.instance, PATIENCE, is_so).await.unwrap()
    }

    /// Approves, again when asked again, until the pin is so.
    pub(crate) async fn approve_to(&self, tag: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let or_asked = |pin: &Value| pin["version"] == tag && (is_so(pin) || pin["stage"] == "asked");
            let seen = self.until("the end", or_asked).await;
            if is_so(&seen) {
                return seen;
            }
            self.approve(&seen).await;
        }
    }

    pub(crate) async fn approve(&self, pin: &Value) {
        self.visitor.press(pin["number"].as_u64().unwrap(), "approve").await.unwrap();
    }

    /// The file with its manifests.
    pub(crate) fn file(&self) -> String {
        if self.shares { SHARED_FILE.to_owned() } else { format!("apps/{}/prod/web.yaml", self.project) }
    }
}

async fn connect(cluster: &DevCluster, context: &str, own_namespace: &str) -> ClusterClient {
    let settings = cluster::Settings { own_namespace: own_namespace.to_owned(), ..cluster::Settings::default() };
    ClusterClient::connect_with(Some(cluster.kubeconfig()), context, settings).await.unwrap()
}

fn namespace(n: usize) -> String {
    format!("race{}-p{n}", std::process::id())
}

fn remote(folder: &std::path::Path, registry: &DevRegistry, images: &[String]) -> GitRemote {
    let mut files = vec![("README.md".to_owned(), "What runs.\n".to_owned())];
    for (n, image) in images.iter().enumerate() {
        files.push((format!("config/p{n}.yaml"), config(n, registry.address())));
        if n >= SHARING {
            files.push((format!("apps/p{n}/prod/web.yaml"), deployment(n, image)));
        }
    }
    let shared: Vec<String> = images.iter().take(SHARING).enumerate().map(|(n, image)| deployment(n, image)).collect();
    files.push((SHARED_FILE.to_owned(), shared.join("---\n")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let remote = GitRemote::bare_in(&folder.join("config.git"), &files).unwrap();
    // Every move of the branch is written down, so that a forced one would be seen.
    remote.git(&["config", "core.logAllRefUpdates", "always"]).unwrap();
    remote
}

fn config(n: usize, registry: &str) -> String {
    let sources = if n < SHARING { "shared".to_owned() } else { format!("apps/p{n}") };
    format!(
        "apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {{email: ann@example.org, groups: [release]}}
environments:
  prod:
    context: devcluster
    approvers: [group:release]
    rules: {{stableFor: 200ms, deadline: 60s}}
projects:
  p{n}:
    image: {registry}/acme/p{n}
    sources: [{{path: \"{sources}/{{environment}}\"}}]
    namespaces: {{prod: {}}}
",
        namespace(n)
    )
}

fn deployment(n: usize, image: &str) -> String {
    format!(
        "# The web part of p{n}.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web{n}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web{n}}}}}
  template:
    metadata: {{labels: {{app: web{n}}}}}
    spec:
      containers:
        - name: web
          image: {image}  # set by Pinnace
"
    )
}
