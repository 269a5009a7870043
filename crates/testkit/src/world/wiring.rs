//! What a world is wired from: what may differ from one to the other, what stands in its config repo, and a process on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config_repo::{BranchName, Credentials, Limits, Mirror, MirrorError, RemoteUrl, Secret};
use control::registry::RegistryClient;
use control::{Barrier, Clock, Control, Parts, Settings};
use render::engine::EngineSettings;
use secrets::Redactor;
use store::{Store, StoreError};

use super::{Doors, PATIENCE, World};
use crate::real_node::Orders;
use crate::{DevRegistry, FakeSlack, GitRemote};

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
    /// The project's sources, as `pinnace.yaml` has them.
    pub sources: &'static str,
    /// All files of the config repo but `pinnace.yaml`, in the place of those above: `IMAGE` stands for the image,
    /// `REPOSITORY` and `DIGEST` for its parts.
    pub instead: Vec<(String, String)>,
    /// How Kustomize and Helm are run, where they are.
    pub engines: Option<EngineSettings>,
    /// The file of age keys that open what lies encrypted in git.
    pub age_key_file: Option<PathBuf>,
    /// The version that stands in git when it begins.
    pub first: &'static str,
    /// Whether the instance's namespace is there when it begins.
    pub namespace: bool,
    /// The barrier's socket.
    pub barrier: Option<PathBuf>,
    /// What happens when live differs from desired: `repair`, `report` or `off`.
    pub drift: &'static str,
    /// Whether there is a Slack, with the channel `#deploys`.
    pub slack: bool,
    /// Customers with a copy of the shop each, an instance for every folder; none: the shop has one instance.
    pub customers: &'static [&'static str],
    /// The versions that customers begin with, in turn; none: all begin with the first.
    pub versions: &'static [&'static str],
    /// How many customers have a pod, from the first on; the others have a Deployment without any.
    pub with_pods: usize,
    /// How a fleet pin goes through them, as `pinnace.yaml` says it.
    pub waves: &'static str,
    /// The architectures of the machines of `prod`, as `pinnace.yaml` has them.
    pub architectures: &'static str,
    /// The kinds outside of namespaces that the shop may have, as `pinnace.yaml` has them.
    pub cluster_kinds: &'static str,
    /// Whether it has a cluster for itself, whose API server can be crashed.
    pub own_cluster: bool,
    /// Whether cluster, registry and config repo are behind doors that ask for credentials.
    pub doors: bool,
    /// Whether there is a second environment, `stage`, on a cluster behind a door of its own; only with doors.
    pub elsewhere: bool,
    /// The version of `examples/orders` that is the shop's first one, as a file of [`Plan::instead`] runs it. Its pods really run: the
    /// world has a cluster for itself with a real node and Traefik.
    pub orders: Option<Orders>,
    /// Definitions of custom resources that the cluster has when it begins.
    pub definitions: Vec<serde_json::Value>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rule: "ask",
            quorum: 1,
            stable_for: "200ms",
            deadline: "30s",
            more: Vec::new(),
            sources: "[{path: \"apps/shop/{environment}\"}]",
            instead: Vec::new(),
            engines: None,
            age_key_file: None,
            first: "1.0",
            namespace: true,
            barrier: None,
            drift: "repair",
            slack: false,
            customers: &[],
            versions: &[],
            with_pods: usize::MAX,
            waves: "",
            architectures: "[]",
            cluster_kinds: "[]",
            own_cluster: false,
            doors: false,
            elsewhere: false,
            orders: None,
            definitions: Vec::new(),
        }
    }
}

/// A process on the database, mirror and cluster of this world.
pub(super) async fn wire(plan: &Plan, world: &World) -> Control {
    let barrier = match &plan.barrier {
        Some(path) => Barrier::connect(path).await.expect("the harness listens"),
        None => Barrier::off(),
    };
    let usual = Settings::default();
    let settings = Settings {
        engines: plan.engines.clone().unwrap_or(usual.engines.clone()),
        own_namespace: format!("{}-pinnace", world.objects.namespace()),
        kubeconfig: Some(kubeconfig(world)),
        fetch_every: Duration::from_secs(1),
        charts: world.folder.path().join("charts"),
        bases: world.folder.path().join("bases"),
        age_key_file: plan.age_key_file.clone(),
        ..usual
    };
    let parts = Parts {
        settings,
        store: open_store(&world.data()).await,
        mirror: open_mirror(world).await,
        registry: RegistryClient::default(),
        chat: world.slack.as_ref().map(chat_service),
        redactor: Redactor::new(),
        clock: Clock::system(),
        barrier,
    };
    Control::new(parts).await.expect("the parts fit together")
}

fn kubeconfig(world: &World) -> PathBuf {
    let path = world.folder.path().join("kubeconfig");
    match &world.doors {
        Some(doors) => doors.write_kubeconfig(&path),
        None => crate::devcluster::write_kubeconfig(&path, &[("prod", &world.cluster)])
            .expect("a kubeconfig can be written"),
    }
    path
}

async fn open_mirror(world: &World) -> Mirror {
    let (url, credentials) = match &world.doors {
        Some(doors) => (doors.git_url(&world.remote), Credentials::token("git", Secret::new(Doors::GIT_TOKEN))),
        None => (world.remote.file_url(), Credentials::none()),
    };
    let url: RemoteUrl = url.parse().expect("a valid address");
    let branch: BranchName = "main".parse().expect("a valid branch");
    let dir = world.folder.path().join("mirror");
    let opened = once_given_back(async || {
        match Mirror::open(&dir, url.clone(), branch.clone(), credentials.clone(), Limits::default()).await {
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
pub(super) async fn once_given_back<T>(open: impl AsyncFn() -> Option<T>) -> T {
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

/// The config repo as it is when a world begins.
pub(super) fn remote(
    plan: &Plan,
    registry: &DevRegistry,
    doors: Option<&Doors>,
    namespace: &str,
    images: &[String],
) -> GitRemote {
    let registry = registry.address();
    let ask = doors.map(|doors| format!("registries: {{\"{registry}\": {{ask: \"{}\"}}}}\n", doors.registry.url()));
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
    architectures: {architectures}
    rules: {{stableFor: {stable_for}, deadline: {deadline}, drift: \"{drift}\"}}
{stage}projects:
  shop:
    image: {registry}/acme/shop
    sources: {sources}
    namespaces: {{prod: {namespace}{stage_namespace}}}
    rules: {{prod: {rule}{stage_rule}}}
    chat: \"#deploys\"
    clusterKinds: {cluster_kinds}
{waves}{ask}",
        stage = if plan.elsewhere {
            STAGE.replace("STABLE", plan.stable_for).replace("DEADLINE", plan.deadline)
        } else {
            String::new()
        },
        stage_namespace = if plan.elsewhere { format!(", stage: {namespace}-stage") } else { String::new() },
        stage_rule = if plan.elsewhere { format!(", stage: {}", plan.rule) } else { String::new() },
        sources = if plan.customers.is_empty() { plan.sources } else { CUSTOMERS_SOURCES },
        waves = if plan.waves.is_empty() { String::new() } else { format!("    waves: {}\n", plan.waves) },
        architectures = plan.architectures,
        cluster_kinds = plan.cluster_kinds,
        quorum = plan.quorum,
        stable_for = plan.stable_for,
        deadline = plan.deadline,
        drift = plan.drift,
        rule = plan.rule,
        ask = ask.unwrap_or_default(),
    );
    let mut files = files(plan, images);
    files.insert("pinnace.yaml".to_owned(), config);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    GitRemote::bare(&files).expect("a bare remote can be made")
}

/// The environment of [`Plan::elsewhere`].
const STAGE: &str = "  stage:
    context: stage
    approvers: [group:release]
    quorum: 1
    rules: {stableFor: STABLE, deadline: DEADLINE}
";

/// Files out of one text, each after a line `-- path --`, as [`Plan::instead`] takes them.
pub fn files_of(text: &str) -> Vec<(String, String)> {
    let parts = text.split("-- ").skip(1).filter_map(|part| part.split_once(" --\n"));
    parts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// What a customer's folder holds.
pub(super) fn customers_web(customer: &str, image: &str) -> String {
    CUSTOMERS_WEB.replace("CUSTOMER", customer).replace("IMAGE", image)
}

const CUSTOMERS_SOURCES: &str = "[{path: \"apps/shop/{environment}/{instance}\"}]";

const CUSTOMERS_WEB: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-CUSTOMER
spec:
  replicas: 1
  selector: {matchLabels: {app: web-CUSTOMER}}
  template:
    metadata: {labels: {app: web-CUSTOMER}}
    spec:
      containers:
        - name: web
          image: "IMAGE"
"#;

/// What lies beside `pinnace.yaml`.
fn files(plan: &Plan, images: &[String]) -> BTreeMap<String, String> {
    let image = &images[0];
    let (name, digest) = image.split_once('@').expect("an image with a digest");
    let repository = name.rsplit_once(':').expect("an image with a tag").0;
    let filled = |text: &str| text.replace("IMAGE", image).replace("REPOSITORY", repository).replace("DIGEST", digest);
    if !plan.instead.is_empty() {
        return plan.instead.iter().map(|(path, text)| (path.clone(), filled(text))).collect();
    }
    let own = |path: &str, text: &str| (format!("apps/shop/prod/{path}"), filled(text));
    let mut files: BTreeMap<_, _> = match plan.customers {
        [] => [own("web.yaml", WEB), own("settings.yaml", SETTINGS)].into(),
        customers => {
            let of = |(at, one): (usize, &&str)| {
                let web = customers_web(one, &images[at % images.len()]);
                let web = if at < plan.with_pods { web } else { web.replace("replicas: 1", "replicas: 0") };
                own(&format!("{one}/web.yaml"), &web)
            };
            customers.iter().enumerate().map(of).collect()
        }
    };
    if plan.elsewhere {
        let there = |path: &str, text: &str| (format!("apps/shop/stage/{path}"), filled(text));
        files.extend([there("web.yaml", WEB), there("settings.yaml", SETTINGS)]);
    }
    files.extend(plan.more.iter().map(|(path, text)| own(path, text)));
    files
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

/// A name that no other world has.
pub(super) fn unique_namespace() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("w{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
