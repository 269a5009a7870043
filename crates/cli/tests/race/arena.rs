//! Eight servers with a data folder, a config file and a project each, on one remote, one registry and one cluster.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use store::Store;
use testkit::served::{Announcer, Place, Served, Setup, Visitor};
use testkit::shop::{Config, PEOPLE};
use testkit::world::Harness;
use testkit::{DevCluster, DevRegistry, GitRemote};

use crate::person::Clone;

const PLAYERS: usize = 8;
/// So many have their manifests in one file.
const SHARING: usize = 4;
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
    ci: Announcer,
    place: Place,
}

/// All of it.
pub(crate) struct Arena {
    pub(crate) players: Vec<Player>,
    pub(crate) remote: GitRemote,
    pub(crate) registry: DevRegistry,
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
        let remote = remote(folder.path(), &registry, &images);
        let mut arena = Self { players: Vec::new(), remote, registry, folder, cluster };
        let players = join_all((0..PLAYERS).map(|n| arena.player(n))).await;
        arena.players = players;
        arena
    }

    async fn player(&self, n: usize) -> Player {
        let config = config(n, &self.registry);
        let harness = Harness::listen();
        let data = self.folder.path().join(&config.project);
        let setup = config.setup(env!("CARGO_BIN_EXE_pinnace").into(), data, &self.remote, &config_file(n)).unwrap();
        let setup = Setup { barrier: Some(harness.path().to_owned()), ..setup };
        let place = Place::make(&setup, &self.cluster, &config.namespace).await.unwrap();
        let server = Served::start(setup).await.unwrap();
        let visitor = server.sign_in("ann").await.unwrap();
        let ci = server.announcer(&config.repository).unwrap();
        let (project, instance) = (config.project.clone(), format!("{}/prod", config.project));
        Player { project, instance, shares: n < SHARING, server, visitor, ci, harness, place }
    }

    /// CI makes a build of every project, and its people are asked; gives the images.
    pub(crate) async fn announce(&self, tag: &str) -> Vec<String> {
        let mut images = Vec::new();
        for player in &self.players {
            images.push(self.push(&player.project, tag).await);
        }
        join_all(self.players.iter().map(async |player| {
            player.ci.announce(tag, tag, "Faster").await.unwrap();
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

    /// Ends all servers and takes the namespaces away; the databases, in the order of the players.
    pub(crate) async fn close(&mut self) -> Vec<Store> {
        let mut stores = Vec::new();
        for player in &mut self.players {
            stores.push(player.server.stop().await.unwrap());
            player.place.remove().await.unwrap();
        }
        stores
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

fn remote(folder: &std::path::Path, registry: &DevRegistry, images: &[String]) -> GitRemote {
    let mut files = vec![("README.md".to_owned(), "What runs.\n".to_owned())];
    for (n, image) in images.iter().enumerate() {
        files.push((config_file(n), config(n, registry).text()));
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

fn config_file(n: usize) -> String {
    format!("config/p{n}.yaml")
}

fn config(n: usize, registry: &DevRegistry) -> Config {
    Config {
        project: format!("p{n}"),
        repository: format!("{}/acme/p{n}", registry.address()),
        sources: if n < SHARING { "shared".to_owned() } else { format!("apps/p{n}") },
        namespace: format!("race{}-p{n}", std::process::id()),
        stable_for: "200ms".to_owned(),
        people: PEOPLE,
    }
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
