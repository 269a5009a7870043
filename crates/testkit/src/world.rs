//! `World`: one project on a real API server, a real git remote and a real registry, with verbs that read like a user's.
//!
//! Everything below the HTTP edge runs in this process; tests wait for what they name and never sleep.
#![expect(clippy::panic, reason = "a test that waited in vain says what it saw instead")]

mod harness;
mod objects;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config_repo::{BranchName, Credentials, Limits, Mirror, MirrorError, RemoteUrl};
use control::registry::RegistryClient;
use control::{Answer, Barrier, Clock, Control, Parts, Receipt, Settings};
use model::{Announcement, InstanceId, Outcome, PersonName, Pin, PinNumber, Stage, Surface};
use secrets::Redactor;
use store::{BuildId, BuildState, Store, StoreError};
use tempfile::TempDir;

use crate::{DevCluster, DevRegistry, FakeSlack, GitRemote, Person};

pub use harness::{Harness, Held};
pub use objects::Objects;

/// How long a test waits for what it names before it says what it saw instead.
const PATIENCE: Duration = Duration::from_secs(40);

/// One project, `shop`, in one environment, `prod`, where `ann` and `bo` may approve.
pub struct World {
    /// The verbs.
    pub control: Process,
    /// The config repo's remote.
    pub remote: GitRemote,
    /// The registry.
    pub registry: DevRegistry,
    /// The instance.
    pub instance: InstanceId,
    /// What is in its namespace.
    pub objects: Objects,
    /// The Slack, where the plan has one.
    pub slack: Option<FakeSlack>,
    cluster: DevCluster,
    folder: TempDir,
    loops: Option<tokio::task::JoinHandle<()>>,
    deliveries: u32,
}

/// The process that runs; between two of them there is none.
pub struct Process(Option<Control>);

impl std::ops::Deref for Process {
    type Target = Control;

    fn deref(&self) -> &Control {
        self.0.as_ref().expect("a process runs")
    }
}

/// What may differ from world to world.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `auto` or `ask`.
    pub rule: &'static str,
    /// How many must approve.
    pub quorum: u32,
    /// How long a version must stay Current.
    pub stable_for: &'static str,
    /// How long it has to become so.
    pub deadline: &'static str,
    /// More manifests, beside the Deployment and the ConfigMap: path below the instance's folder and text, where
    /// `IMAGE` stands for the image. One of the same path takes the place of ours.
    pub more: Vec<(String, String)>,
    /// The version that stands in git when it begins.
    pub first: &'static str,
    /// Whether the instance's namespace is there when it begins.
    pub namespace: bool,
    /// The barrier's socket.
    pub barrier: Option<PathBuf>,
    /// Whether there is a Slack, with the channel `#deploys`.
    pub slack: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rule: "ask",
            quorum: 1,
            stable_for: "200ms",
            deadline: "30s",
            more: Vec::new(),
            first: "1.0",
            namespace: true,
            barrier: None,
            slack: false,
        }
    }
}

impl World {
    /// A world where version `1.0` runs, is proven, and stands in git.
    pub async fn installed() -> Self {
        Self::planned(Plan::default()).await
    }

    /// A world of this plan where version `1.0` runs and stands in git.
    pub async fn planned(plan: Plan) -> Self {
        let world = Self::started(plan).await;
        world
            .until("the first install is proven", async |world| {
                let view = world.control.instance_view(&world.instance).await.ok()?;
                view.state.verified.map(|_| ())
            })
            .await;
        world
    }

    /// A world of this plan where nothing is awaited yet.
    pub async fn started(plan: Plan) -> Self {
        // A second provider in one process is not needed, and the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let cluster = DevCluster::shared().await.expect("the shared cluster starts");
        let registry = DevRegistry::start(&folder.path().join("registry")).await.expect("the registry starts");
        let namespace = unique_namespace();
        let objects = Objects::connect(&cluster, &namespace).await;
        if plan.namespace {
            objects.create_namespace().await;
        }
        let digest = registry.push_image("acme/shop", plan.first, plan.first).await.expect("an image can be pushed");
        let image = format!("{}/acme/shop:{}@{digest}", registry.address(), plan.first);
        let remote = remote(&plan, registry.address(), &namespace, &image);
        let instance: InstanceId = "shop/prod".parse().expect("a valid name");
        let slack = if plan.slack { Some(FakeSlack::start().await.expect("the fake Slack starts")) } else { None };
        let control = wire(&plan, folder.path(), &cluster, &remote, &namespace, slack.as_ref()).await;
        let loops = run(&control);
        let control = Process(Some(control));
        Self { control, remote, registry, instance, objects, slack, cluster, folder, loops: Some(loops), deliveries: 0 }
    }

    /// Ends the loops as a crash would, and starts anew on the same database, mirror and cluster.
    pub async fn restart(&mut self, plan: Plan) {
        self.stop().await;
        // What it held is given back before the next one asks for it.
        self.control.0 = None;
        let (folder, namespace) = (self.folder.path(), self.objects.namespace());
        let control = wire(&plan, folder, &self.cluster, &self.remote, namespace, self.slack.as_ref()).await;
        self.control.0 = Some(control);
        self.loops = Some(run(&self.control));
    }

    /// Ends the loops where they are.
    pub async fn stop(&mut self) {
        if let Some(loops) = self.loops.take() {
            loops.abort();
            // The abort is what was asked for.
            let _ = loops.await;
        }
        self.control.store().close().await;
    }

    /// CI made a build: pushed to the registry and announced.
    pub async fn build(&mut self, tag: &str) {
        self.registry.push_image("acme/shop", tag, tag).await.expect("an image can be pushed");
        self.announce(tag).await;
    }

    /// A build is announced, whether it exists or not.
    pub async fn announce(&mut self, tag: &str) -> Receipt {
        self.announce_as(tag, None).await
    }

    /// A build is announced with what its sender says is its digest.
    pub async fn announce_as(&mut self, tag: &str, digest: Option<&str>) -> Receipt {
        self.deliveries += 1;
        let announcement = Announcement {
            image: format!("{}/acme/shop", self.registry.address()).parse().expect("a valid repository"),
            tag: Some(tag.parse().expect("a valid tag")),
            digest: digest.map(|digest| digest.parse().expect("a valid digest")),
            commit: Some("0123abc".to_owned()),
            branch: Some("main".to_owned()),
            author: Some("cy".to_owned()),
            message: Some(format!("Make {tag}")),
            build_url: None,
        };
        let delivery = format!("delivery-{}", self.deliveries);
        let project: model::ProjectName = "shop".parse().expect("a valid name");
        self.control.receive(&project, "ci", &delivery, announcement).await.expect("the build is taken in")
    }

    /// What became of an announcement.
    pub async fn build_state(&self, build: BuildId) -> BuildState {
        let project: model::ProjectName = "shop".parse().expect("a valid name");
        let rows = self.control.store().builds(Some(&project), None, 200).await.expect("the database answers");
        rows.into_iter().find(|row| row.id == build).expect("the build is there").state
    }

    /// Waits for the open ask about this version.
    pub async fn asked(&self, tag: &str) -> PinNumber {
        let what = format!("an ask about {tag}");
        self.pin_that(&what, tag, |pin| pin.stage == Stage::Asked).await.number
    }

    /// Somebody says yes.
    pub async fn approve(&self, pin: PinNumber, who: &str) {
        self.control.approve(pin, Answer::by(&person(who), Surface::Page)).await.expect("the approval is taken");
    }

    /// A build is made, asked about, and approved by ann.
    pub async fn pin(&mut self, tag: &str) -> PinNumber {
        self.build(tag).await;
        let number = self.asked(tag).await;
        self.approve(number, "ann").await;
        number
    }

    /// Waits for the end of a pin.
    pub async fn ended(&self, number: PinNumber) -> Outcome {
        let what = format!("the end of pin {number}");
        self.until(&what, async |world| {
            let view = world.control.pin_view(number).await.ok()?;
            match view.pin.stage {
                Stage::Ended(outcome) => Some(outcome),
                _ => None,
            }
        })
        .await
    }

    /// Waits for a pin of this version that is so.
    pub async fn pin_that(&self, what: &str, tag: &str, is_so: impl Fn(&Pin) -> bool) -> Pin {
        self.until(what, async |world| {
            let pins = world.control.pins(Some(&world.instance), None).await.ok()?;
            pins.into_iter().find(|pin| pin.to().version() == tag && is_so(pin))
        })
        .await
    }

    /// Waits until something is there, woken by what happens.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn(&Self) -> Option<T>) -> T {
        let mut changes = self.control.changes();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(self).await {
                    return found;
                }
                let _ = changes.changed().await;
            }
        };
        if let Ok(found) = tokio::time::timeout(PATIENCE, waiting).await {
            return found;
        }
        let pins = self.control.pins(Some(&self.instance), None).await.unwrap_or_default();
        let lines: Vec<String> = pins.iter().map(|pin| format!("{pin:#?}")).collect();
        let view = self.control.instance_view(&self.instance).await;
        let parts = self.control.parts().await;
        panic!("waited in vain for {what}\nparts: {parts:?}\ninstance: {view:#?}\npins: {}", lines.join("\n"))
    }

    /// Git, cluster and database agree (design 9.12).
    pub async fn agree(&self) {
        let found = self.control.disagreements(&self.instance).await;
        assert!(found.is_empty(), "git, cluster and database disagree:\n{}", found.join("\n"));
    }

    /// Somebody replaces a text in a file of the instance, and commits that; gives the commit.
    pub fn commit(&self, who: Person, file: &str, from: &str, to: &str) -> String {
        let path = if file == "pinnace.yaml" { file.to_owned() } else { format!("apps/shop/prod/{file}") };
        let before = self.remote.file(&path).expect("the file is there");
        assert!(before.contains(from), "`{from}` is not in {path}:\n{before}");
        self.remote.commit_as(who, &path, &before.replace(from, to)).expect("a person can commit")
    }

    /// The folder with the database.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The image that stands in git.
    pub fn image_in_git(&self) -> String {
        let file = self.remote.file("apps/shop/prod/web.yaml").expect("the file is there");
        let line = file.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("it names an image");
        line.split('"').nth(1).unwrap_or(line).to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(loops) = self.loops.take() {
            loops.abort();
        }
        self.objects.delete_namespace_later();
    }
}

/// A person's name, parsed.
pub fn person(name: &str) -> PersonName {
    name.parse().expect("a valid name")
}

fn run(control: &Control) -> tokio::task::JoinHandle<()> {
    let control = control.clone();
    tokio::spawn(async move { control.run().await })
}

async fn wire(
    plan: &Plan,
    folder: &Path,
    cluster: &DevCluster,
    remote: &GitRemote,
    namespace: &str,
    slack: Option<&FakeSlack>,
) -> Control {
    let kubeconfig = folder.join("kubeconfig");
    crate::devcluster::write_kubeconfig(&kubeconfig, &[("prod", cluster)]).expect("a kubeconfig can be written");
    let mirror = open_mirror(&folder.join("mirror"), remote).await;
    let barrier = match &plan.barrier {
        Some(path) => Barrier::connect(path).await.expect("the harness listens"),
        None => Barrier::off(),
    };
    let settings = Settings {
        own_namespace: format!("{namespace}-pinnace"),
        kubeconfig: Some(kubeconfig),
        fetch_every: Duration::from_secs(1),
        ..Settings::default()
    };
    let parts = Parts {
        settings,
        store: open_store(&folder.join("data")).await,
        mirror,
        registry: RegistryClient::default(),
        chat: slack.map(chat_service),
        redactor: Redactor::new(),
        clock: Clock::system(),
        barrier,
    };
    Control::new(parts).await.expect("the parts fit together")
}

async fn open_mirror(dir: &Path, remote: &GitRemote) -> Mirror {
    let url: RemoteUrl = remote.file_url().parse().expect("a valid address");
    let branch: BranchName = "main".parse().expect("a valid branch");
    let opened = once_given_back(async || {
        match Mirror::open(dir, url.clone(), branch.clone(), Credentials::none(), Limits::default()).await {
            Err(MirrorError::InUse { .. }) => None,
            opened => Some(opened),
        }
    });
    opened.await.expect("the mirror opens")
}

async fn open_store(dir: &Path) -> Store {
    let opened = once_given_back(async || match Store::open(dir).await {
        Err(StoreError::InUse { .. }) => None,
        opened => Some(opened),
    });
    opened.await.expect("the database opens")
}

/// What an ended process held is given back when the last of its tasks is gone, which is soon.
async fn once_given_back<T>(open: impl AsyncFn() -> Option<T>) -> T {
    let opening = async {
        loop {
            if let Some(opened) = open().await {
                return opened;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, opening).await.expect("the process before gives back what it held")
}

fn chat_service(slack: &FakeSlack) -> chat::ChatService {
    use chat::slack::{Settings, Slack, Token};
    let mut settings = Settings::new(Token::new(FakeSlack::BOT_TOKEN), Some(Token::new(FakeSlack::APP_TOKEN)));
    slack.api().clone_into(&mut settings.api);
    chat::ChatService::Slack(Slack::new(settings).expect("the settings fit"))
}

fn remote(plan: &Plan, registry: &str, namespace: &str, image: &str) -> GitRemote {
    let config = format!(
        "apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {{email: ann@example.org, slack: U024BE7LH, groups: [release]}}
  bo: {{email: bo@example.org, groups: [release]}}
  cy: {{email: cy@example.org}}
environments:
  prod:
    context: prod
    approvers: [group:release]
    quorum: {quorum}
    rules: {{stableFor: {stable_for}, deadline: {deadline}}}
projects:
  shop:
    image: {registry}/acme/shop
    sources: [{{path: \"apps/shop/{{environment}}\"}}]
    namespaces: {{prod: {namespace}}}
    rules: {{prod: {rule}}}
    chat: \"#deploys\"
",
        quorum = plan.quorum,
        stable_for = plan.stable_for,
        deadline = plan.deadline,
        rule = plan.rule,
    );
    let web = WEB.replace("IMAGE", image);
    let mut files = BTreeMap::from([
        ("pinnace.yaml".to_owned(), config),
        ("apps/shop/prod/web.yaml".to_owned(), web),
        ("apps/shop/prod/settings.yaml".to_owned(), SETTINGS.to_owned()),
    ]);
    let more = plan.more.iter().map(|(path, text)| (format!("apps/shop/prod/{path}"), text.replace("IMAGE", image)));
    files.extend(more);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    GitRemote::bare(&files).expect("a bare remote can be made")
}

const WEB: &str = r#"# The shop's web part.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "IMAGE"  # set by Pinnace
          envFrom: [{configMapRef: {name: settings}}]
"#;

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  GREETING: hello
";

fn unique_namespace() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("w{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
