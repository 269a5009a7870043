//! `World`: one project on a real API server, a real git remote and a real registry, with verbs that read like a user's.
//!
//! Everything below the HTTP edge runs in this process; tests wait for what they name and never sleep.
#![expect(clippy::panic, reason = "a test that waited in vain says what it saw instead")]

mod doors;
mod fleets;
mod harness;
mod jobs_made;
mod objects;
mod orders;
mod wiring;

use std::path::PathBuf;
use std::time::Duration;

use control::{Answer, Control, Receipt};
use model::{Announcement, InstanceId, Outcome, PersonName, Pin, PinNumber, Stage, Surface};
use store::{BuildId, BuildState};
use tempfile::TempDir;

use crate::devcluster::Options;
use crate::registry::RegistryOptions;
use crate::{DevCluster, DevRegistry, FakeSlack, GitRemote, Person};

pub use doors::{Door, Doors, Fault, Faulty, LetsIn, Which};
pub use harness::{Harness, Held};
pub use jobs_made::JobsMade;
pub use objects::Objects;
pub use wiring::{Plan, files_of};

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
    /// What is in the namespace of the environment `stage`, where the plan has one.
    pub elsewhere: Option<Objects>,
    /// The Slack, where the plan has one.
    pub slack: Option<FakeSlack>,
    /// The doors before cluster, registry and config repo, where the plan has them.
    pub doors: Option<Doors>,
    cluster: DevCluster,
    folder: TempDir,
    loops: Option<tokio::task::JoinHandle<()>>,
    deliveries: u32,
    patience: Duration,
}

/// The process that runs; between two of them there is none.
pub struct Process(Option<Control>);

impl std::ops::Deref for Process {
    type Target = Control;

    fn deref(&self) -> &Control {
        self.0.as_ref().expect("a process runs")
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
        world.proven().await;
        world
    }

    /// A world of this plan where nothing is awaited yet.
    pub async fn started(plan: Plan) -> Self {
        // A second provider in one process is not needed, and the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let cluster = cluster(&plan).await;
        let registry = registry(&plan, &folder).await;
        let namespace = wiring::unique_namespace();
        let objects = Objects::connect(&cluster, &namespace).await;
        if plan.namespace {
            objects.create_namespace().await;
        }
        let elsewhere = if plan.elsewhere {
            let there = Objects::connect(&cluster, &format!("{namespace}-stage")).await;
            there.create_namespace().await;
            Some(there)
        } else {
            None
        };
        let images = first_images(&plan, &registry).await;
        let mut doors = if plan.doors { Some(Doors::before(&cluster, &registry).await) } else { None };
        let remote = wiring::remote(&plan, &registry, doors.as_ref(), &namespace, &images);
        if let Some(doors) = &mut doors {
            doors.serve_git(&remote).await;
        }
        let slack = if plan.slack { Some(FakeSlack::start().await.expect("the fake Slack starts")) } else { None };
        let instance = match plan.customers.first() {
            Some(customer) => format!("shop/prod/{customer}").parse().expect("a valid name"),
            None => "shop/prod".parse().expect("a valid name"),
        };
        let control = Process(None);
        let mut world = Self {
            control,
            remote,
            registry,
            instance,
            objects,
            elsewhere,
            slack,
            doors,
            cluster,
            folder,
            loops: None,
            deliveries: 0,
            patience: if plan.orders.is_some() { orders::PATIENCE } else { PATIENCE },
        };
        world.run(&plan).await;
        world
    }

    /// Ends the loops as a crash would, and starts anew on the same database, mirror and cluster.
    pub async fn restart(&mut self, plan: Plan) {
        self.stop().await;
        // What it held is given back before the next one asks for it.
        self.control.0 = None;
        self.run(&plan).await;
    }

    /// The database is lost, and so is everything that was in the cluster for it to be found by; then it starts anew.
    pub async fn lose_everything_but_git(&mut self, plan: Plan) {
        self.stop().await;
        self.control.0 = None;
        self.objects.delete_all().await;
        self.lose_database().await;
        self.run(&plan).await;
    }

    /// The database is lost, and it starts anew without.
    pub async fn restart_without_database(&mut self, plan: Plan) {
        self.stop().await;
        self.control.0 = None;
        self.lose_database().await;
        self.run(&plan).await;
    }

    async fn lose_database(&self) {
        wiring::once_given_back(async || std::fs::remove_dir_all(self.data()).ok()).await;
    }

    async fn run(&mut self, plan: &Plan) {
        let control = wiring::wire(plan, self).await;
        self.control.0 = Some(control.clone());
        self.loops = Some(tokio::spawn(async move { control.run().await }));
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

    /// The API server crashes, and comes back a moment later; only with [`Plan::own_cluster`].
    pub fn crash_api_server(&self) {
        self.cluster.crash_api_server().expect("it can be crashed");
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

    /// A chart's version is announced, with an image or alone.
    pub async fn announce_chart(&mut self, name: &str, version: &str, tag: Option<&str>) -> Receipt {
        let chart = model::AnnouncedChart { name: name.to_owned(), version: version.to_owned() };
        self.announced(tag, None, Some(chart)).await
    }

    /// A build is announced with what its sender says is its digest.
    pub async fn announce_as(&mut self, tag: &str, digest: Option<&str>) -> Receipt {
        self.announced(Some(tag), digest, None).await
    }

    async fn announced(
        &mut self,
        tag: Option<&str>,
        digest: Option<&str>,
        chart: Option<model::AnnouncedChart>,
    ) -> Receipt {
        self.deliveries += 1;
        let announcement = Announcement {
            image: format!("{}/acme/shop", self.registry.address()).parse().expect("a valid repository"),
            tag: tag.map(|tag| tag.parse().expect("a valid tag")),
            digest: digest.map(|digest| digest.parse().expect("a valid digest")),
            chart,
            commit: Some("0123abc".to_owned()),
            branch: Some("main".to_owned()),
            author: Some("cy".to_owned()),
            message: tag.map(|tag| format!("Make {tag}")),
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
            pins.into_iter().find(|pin| pin.build.version() == tag && is_so(pin))
        })
        .await
    }

    /// Waits until the first install is proven.
    pub async fn proven(&self) {
        self.until("the first install is proven", async |world| {
            world.control.instance_view(&world.instance).await.ok()?.state.verified.map(drop)
        })
        .await;
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
        if let Ok(found) = tokio::time::timeout(self.patience, waiting).await {
            return found;
        }
        let pins = self.control.pins(Some(&self.instance), None).await.unwrap_or_default();
        let lines: Vec<String> = pins.iter().map(|pin| format!("{pin:#?}")).collect();
        let view = self.control.instance_view(&self.instance).await;
        let parts = self.control.parts().await;
        panic!("waited in vain for {what}\nparts: {parts:?}\ninstance: {view:#?}\npins: {}", lines.join("\n"))
    }

    /// Git, cluster and database agree (design 9.12), once what people pushed was tried: they stay so.
    pub async fn agree(&self) {
        self.until("HEAD was tried", async |world| {
            world.control.is_settled(&world.instance).await.ok().filter(|settled| *settled)
        })
        .await;
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

    /// Somebody adds a customer's folder; gives the commit.
    pub fn add_customer(&self, who: Person, customer: &str) -> String {
        let image = self.image_of(self.instance.name.as_str());
        let path = format!("apps/shop/prod/{customer}/web.yaml");
        self.remote.commit_as(who, &path, &wiring::customers_web(customer, &image)).expect("a person can commit")
    }

    /// The image that stands in git for a customer.
    pub fn image_of(&self, customer: &str) -> String {
        let file = self.remote.file(&format!("apps/shop/prod/{customer}/web.yaml")).expect("the file is there");
        file.split('"').nth(1).expect("it names an image").to_owned()
    }

    /// Somebody renews the cluster's credentials: the door takes this token alone, and the kubeconfig holds it.
    pub fn renew_cluster_credentials(&self, token: &'static str) {
        let door = &self.doors.as_ref().expect("a world with doors").cluster;
        door.write_kubeconfig(&self.folder.path().join("kubeconfig"), token);
        door.lets_in(LetsIn::Bearer(token));
    }

    /// Somebody pushes an image that crashes, and it is held back: what is pushed after it does not work alone either, and
    /// waits for a pin.
    pub async fn head_crashes(&self) {
        let image = self.image_in_git();
        let broken = image.replace(":1.0@", ":0.9-crash-loop@");
        let commit = self.commit(Person::BOB, "web.yaml", &image, &broken);
        self.head_failed(&commit).await;
    }

    /// Waits until this commit is the verified one, and nothing that failed is left.
    pub async fn head_proven(&self, commit: &str) {
        self.until("the pushed commit is proven", async |world| {
            let state = world.control.instance_view(&world.instance).await.ok()?.state;
            let is_it = state.verified.is_some_and(|verified| verified.commit.as_str() == commit);
            (state.head_failure.is_none() && is_it).then_some(())
        })
        .await;
    }

    /// Waits until what was pushed with this commit failed, and the way back is gone where there is one.
    pub async fn head_failed(&self, commit: &str) -> model::FailedHead {
        self.until("the pushed commit fails", async |world| {
            let failed = world.control.instance_view(&world.instance).await.ok()?.state.head_failure?;
            (failed.head.by.commit.as_str() == commit && failed.way_back().is_none()).then_some(failed)
        })
        .await
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
        if let Some(there) = &self.elsewhere {
            there.delete_namespace_later();
        }
    }
}

/// A person's name, parsed.
pub fn person(name: &str) -> PersonName {
    name.parse().expect("a valid name")
}

async fn cluster(plan: &Plan) -> DevCluster {
    let cluster = match plan {
        Plan { orders: Some(_), .. } => DevCluster::start(orders::cluster()).await,
        Plan { own_cluster: true, .. } => DevCluster::start(Options::default()).await,
        _ => DevCluster::shared().await,
    };
    let cluster = cluster.expect("a cluster starts");
    objects::define(&cluster, &plan.definitions).await;
    cluster
}

/// The images that stand in git when it begins.
async fn first_images(plan: &Plan, registry: &DevRegistry) -> Vec<String> {
    if let Some(first) = &plan.orders {
        return vec![orders::push(registry, first).await];
    }
    let (mut images, first) = (Vec::new(), [plan.first]);
    for version in if plan.versions.is_empty() { &first } else { plan.versions } {
        let digest = registry.push_image("acme/shop", version, version).await.expect("an image can be pushed");
        images.push(format!("{}/acme/shop:{version}@{digest}", registry.address()));
    }
    images
}

async fn registry(plan: &Plan, folder: &TempDir) -> DevRegistry {
    let login = plan.doors.then(|| Doors::REGISTRY_LOGIN.map(str::to_owned).into());
    let options = RegistryOptions { login, ..RegistryOptions::default() };
    DevRegistry::start_with(&folder.path().join("registry"), options).await.expect("the registry starts")
}
