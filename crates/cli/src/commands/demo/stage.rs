//! Setting the stage: a cluster, a git remote, a registry, and the server with exactly the rights that it needs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use cluster::ClusterClient;
use tempfile::TempDir;
use testkit::devcluster::Options;
use testkit::served::{self, Announcer, Served, Setup, Visitor};
use testkit::world::Harness;
use testkit::{DevCluster, DevRegistry, GitRemote};

use super::Demo;
use super::transcript::Transcript;

/// Where the shop runs.
pub(super) const NAMESPACE: &str = "pinnace-demo";
/// Where the inventory lives.
pub(super) const OWN_NAMESPACE: &str = "pinnace-demo-system";
/// The one instance.
pub(super) const INSTANCE: &str = "shop/demo";
/// How long a namespace of an earlier demo may take to go.
const GONE_WITHIN: Duration = Duration::from_mins(2);
/// The config file in the config repo.
const CONFIG_FILE: &str = "pinnace.yaml";
/// The commit that builds say they are of.
const COMMIT: &str = "5f0c1e9a7b";

/// A cluster of the visitor's own.
pub(super) struct Yours {
    /// The context of their kubeconfig.
    pub(super) context: String,
    image_repo: String,
    tags: Vec<String>,
}

impl Yours {
    /// What the arguments say of it.
    pub(super) fn from(args: &Demo) -> anyhow::Result<Option<Self>> {
        let Some(context) = &args.context else { return Ok(None) };
        let Some(image_repo) = &args.image_repo else {
            bail!("--context needs --image-repo: an image repository that the nodes of {context} can pull from");
        };
        if args.tags.len() < 3 {
            bail!("--tags needs three tags or more: one that runs, newer ones that run, and last one that does not");
        }
        Ok(Some(Self { context: context.clone(), image_repo: image_repo.clone(), tags: args.tags.clone() }))
    }
}

/// Everything that the demo plays on.
pub(super) struct Stage {
    pub(super) server: Served,
    pub(super) visitor: Visitor,
    pub(super) remote: GitRemote,
    pub(super) harness: Harness,
    /// The admin's own client, for edits by hand.
    pub(super) admin: kube::Client,
    /// The socket of the desk.
    pub(super) desk: PathBuf,
    ci: Announcer,
    images: Images,
    // Dropped last: what runs on them ends first.
    _cluster: Option<DevCluster>,
    _folder: TempDir,
}

/// Where builds come from.
struct Images {
    registry: Option<DevRegistry>,
    repository: String,
    tags: Vec<String>,
    made: u32,
}

impl Stage {
    /// Starts all parts and waits until they answer.
    pub(super) async fn set(port: u16, yours: Option<Yours>, transcript: &mut Transcript) -> anyhow::Result<Self> {
        let port = port_of(port)?;
        let folder = tempfile::Builder::new().prefix("pinnace-demo-").tempdir().context("making a folder")?;
        let (cluster, admin_config, context) = cluster(yours.as_ref(), folder.path(), transcript).await?;
        let images = Images::start(yours, folder.path(), transcript).await?;
        let remote = remote(folder.path(), &images, &context).await?;
        transcript.say(&format!("a git remote: {}", remote.file_url()));
        let admin = connect(admin_config.as_deref(), &context).await?;
        let harness = Harness::listen();
        let desk = folder.path().join("desk");
        let setup = Setup {
            program: std::env::current_exe().context("finding this program")?,
            data: folder.path().join("data"),
            repo: remote.file_url(),
            config_file: CONFIG_FILE.to_owned(),
            context: context.clone(),
            own_namespace: OWN_NAMESPACE.to_owned(),
            project: "shop".to_owned(),
            port,
            barrier: Some(harness.path().to_owned()),
            fetch_every: 1,
            more: vec!["--public-read".into(), "--demo-desk".into(), desk.clone().into()],
        };
        for namespace in [NAMESPACE, OWN_NAMESPACE] {
            make_anew(&admin, namespace).await?;
        }
        setup.grant(&admin, admin_config.as_deref()).await?;
        transcript.say("the server's rights: what `pinnace rbac` prints, and no others");
        let server = Served::start(setup).await?;
        transcript.say(&format!("the server: {}", server.url()));
        let visitor = server.sign_in("ann").await?;
        let ci = server.announcer(&images.repository)?;
        let admin = kube_client(admin_config.as_deref(), &context).await?;
        Ok(Self { server, visitor, remote, harness, admin, desk, ci, images, _cluster: cluster, _folder: folder })
    }

    /// CI makes a build and announces it; its tag.
    pub(super) async fn build(&mut self, works: bool) -> anyhow::Result<String> {
        let tag = self.images.make(works).await?;
        let message = if works { "Show prices with tax" } else { "Read the payment key at start" };
        self.ci.announce(&tag, COMMIT, message).await?;
        Ok(tag)
    }
}

impl Images {
    async fn start(yours: Option<Yours>, folder: &Path, transcript: &mut Transcript) -> anyhow::Result<Self> {
        if let Some(yours) = yours {
            let images = Self { registry: None, repository: yours.image_repo, tags: yours.tags, made: 0 };
            for tag in &images.tags {
                images.digest(tag).await?;
            }
            transcript.say(&format!("your images: {} with {}", images.repository, images.tags.join(", ")));
            return Ok(images);
        }
        let registry = DevRegistry::start(&folder.join("registry")).await.context("starting a registry")?;
        transcript.say(&format!("an image registry: {}", registry.url()));
        let repository = format!("{}/acme/shop", registry.address());
        registry.push_image("acme/shop", "1.0", "1.0").await?;
        Ok(Self { registry: Some(registry), repository, tags: vec!["1.0".to_owned()], made: 0 })
    }

    fn first(&self) -> &str {
        self.tags.first().map_or("1.0", String::as_str)
    }

    async fn make(&mut self, works: bool) -> anyhow::Result<String> {
        let Some(registry) = &self.registry else { return self.next_of_yours(works) };
        self.made += 1;
        // The simulated nodes run anything, and crash what is called so.
        let tag = if works { format!("1.{}", self.made) } else { format!("1.{}-crash-loop", self.made) };
        registry.push_image("acme/shop", &tag, &tag).await?;
        Ok(tag)
    }

    /// The newer tags in turn, then the first again: no build is announced twice, because the second would change nothing.
    fn next_of_yours(&mut self, works: bool) -> anyhow::Result<String> {
        let (Some((broken, run)), Some(first)) = (self.tags.split_last(), self.tags.first()) else {
            bail!("--tags names no tag");
        };
        if !works {
            return Ok(broken.clone());
        }
        self.made += 1;
        let turn = self.made as usize;
        let tag = if turn == run.len() { Some(first) } else { run.get(turn) };
        tag.cloned().context("all builds of --tags were announced; start the demo with more of them")
    }

    /// What the registry says a tag is.
    async fn digest(&self, tag: &str) -> anyhow::Result<model::Digest> {
        let registry = control::registry::RegistryClient::default();
        let repository = self.repository.parse().context("--image-repo")?;
        let tag_name = tag.parse().context("--tags")?;
        let found = registry.resolve(&repository, Some(&tag_name), None, &control::registry::Access::default()).await;
        let found = found.with_context(|| {
            format!(
                "the demo needs the image {repository}:{tag}: name a repository that can be read without a login with \
                 --image-repo, and tags that are in it with --tags"
            )
        })?;
        Ok(found.digest)
    }
}

async fn cluster(
    yours: Option<&Yours>,
    folder: &Path,
    transcript: &mut Transcript,
) -> anyhow::Result<(Option<DevCluster>, Option<PathBuf>, String)> {
    if let Some(yours) = yours {
        let admin = connect(None, &yours.context).await?;
        admin.check().await.context("the demo needs a cluster that answers: look at it with `kubectl --context`")?;
        transcript.say(&format!("your cluster {}, in the namespaces {NAMESPACE} and {OWN_NAMESPACE}", yours.context));
        return Ok((None, None, yours.context.clone()));
    }
    let cluster = DevCluster::start(Options::default()).await.context("starting a cluster")?;
    transcript.say(&format!("a real Kubernetes API with simulated nodes: {}", cluster.server()));
    let path = folder.join("admin.kubeconfig");
    testkit::devcluster::write_kubeconfig(&path, &[("demo", &cluster)])?;
    Ok((Some(cluster), Some(path), "demo".to_owned()))
}

async fn connect(kubeconfig: Option<&Path>, context: &str) -> anyhow::Result<ClusterClient> {
    let settings = cluster::Settings { own_namespace: OWN_NAMESPACE.to_owned(), ..cluster::Settings::default() };
    let connected = ClusterClient::connect_with(kubeconfig, context, settings).await;
    connected.context("name a context that `kubectl config get-contexts` lists, with --context")
}

async fn kube_client(kubeconfig: Option<&Path>, context: &str) -> anyhow::Result<kube::Client> {
    use kube::config::{Config, KubeConfigOptions, Kubeconfig};
    let file = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from)?;
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    Ok(kube::Client::try_from(Config::from_custom_kubeconfig(file, &options).await?)?)
}

/// The port to use; one that is taken is told before anything is started.
fn port_of(asked: u16) -> anyhow::Result<u16> {
    if asked == 0 {
        return Ok(served::free_port()?);
    }
    std::net::TcpListener::bind(("127.0.0.1", asked))
        .with_context(|| format!("port {asked} can't be used: end what listens there, or name another with --port"))?;
    Ok(asked)
}

/// The config repo: the shop at its first version.
async fn remote(folder: &Path, images: &Images, context: &str) -> anyhow::Result<GitRemote> {
    const WEB: &str = include_str!("../../../../../examples/shop/web.yaml");
    const SETTINGS: &str = include_str!("../../../../../examples/shop/settings.yaml");
    const CONFIG: &str = include_str!("../../../../../examples/shop/pinnace.yaml");
    let (repository, tag) = (&images.repository, images.first());
    let web = WEB.replace("IMAGE", &format!("{repository}:{tag}@{}", images.digest(tag).await?));
    let config = CONFIG.replace("CONTEXT", context).replace("REPOSITORY", repository).replace("NAMESPACE", NAMESPACE);
    let files = [
        (CONFIG_FILE, config.as_str()),
        ("apps/shop/demo/web.yaml", web.as_str()),
        ("apps/shop/demo/settings.yaml", SETTINGS),
    ];
    Ok(GitRemote::bare_in(&folder.join("config.git"), &files)?)
}

/// Makes a namespace; what an earlier demo left there goes first, because its git remote is gone.
async fn make_anew(admin: &ClusterClient, namespace: &str) -> anyhow::Result<()> {
    admin.delete_namespace(namespace).await.with_context(|| {
        format!("the demo needs the namespace `{namespace}` for itself: rename or remove the one that is there")
    })?;
    let made = async {
        while !admin.make_namespace(namespace).await? {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(GONE_WITHIN, made).await.with_context(|| {
        format!("the namespace `{namespace}` of an earlier demo is not gone yet: look what holds it, and try again")
    })?
}

/// Removes the demo's namespaces from the visitor's cluster; says which there were.
pub(super) async fn clean(context: &str, transcript: &mut Transcript) -> anyhow::Result<()> {
    let admin = connect(None, context).await?;
    for namespace in [NAMESPACE, OWN_NAMESPACE] {
        let removed = admin.delete_namespace(namespace).await;
        let removed = removed.with_context(|| format!("`{namespace}` in {context} is left as it is"))?;
        transcript.say(&format!("{namespace}: {}", if removed { "removed" } else { "there was none" }));
    }
    Ok(())
}
