//! A full disk: side effects stop everywhere, it is said, nothing is taken in, and with room again everything goes on.
//!
//! The disk is full for this process and the `git` that it starts: no file of theirs takes a byte more, by a limit that any
//! user may set (`RLIMIT_FSIZE`). So these tests are a program of their own, and run one after the other.
#![cfg(test)]

#[path = "support/log.rs"]
mod log;
#[path = "support/surfaces.rs"]
mod surfaces;

use std::sync::LazyLock;

use log::Log;
use model::{Outcome, PinNumber};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::BuildState;
use surfaces::Surfaces;
use testkit::world::{Harness, Held, LetsIn, Plan, person};
use testkit::{FakeSlack, World};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, MutexGuard};

static LOG: LazyLock<Log> = LazyLock::new(Log::kept);

/// The disk of this process.
struct Disk {
    /// Without somebody who listens to it, SIGXFSZ ends the process.
    _too_large: Signal,
    _alone: MutexGuard<'static, ()>,
}

impl Disk {
    async fn take() -> Self {
        static ALONE: Mutex<()> = Mutex::const_new(());
        LazyLock::force(&LOG);
        let alone = ALONE.lock().await;
        Self { _too_large: signal(SignalKind::from_raw(25)).unwrap(), _alone: alone }
    }

    #[expect(clippy::unused_self, reason = "who has it may")]
    fn fill(&self) {
        limit(Some(0));
    }

    #[expect(clippy::unused_self, reason = "who has it may")]
    fn make_room(&self) {
        limit(None);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        limit(None);
    }
}

fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// What was begun after so many announcements. What chat is told is begun at any time; what it was told is looked at.
fn begun(harness: &Harness, announced: usize) -> Vec<String> {
    let since = harness.seen().into_iter().skip(announced);
    since.filter(|what| what.starts_with("before ") && !what.ends_with("chat message")).collect()
}

/// How many messages there are about each of these pins.
async fn messages_of(world: &World, pins: &[PinNumber]) -> Vec<usize> {
    let said = world.slack.as_ref().unwrap().messages(FakeSlack::DEPLOYS);
    let mut counts = Vec::new();
    for &number in pins {
        let id = world.control.store().pin(number).await.unwrap().unwrap().id;
        let about = said.iter().filter(|posted| posted.metadata["event_payload"]["pin"] == id.as_str());
        counts.push(about.count());
    }
    counts
}

/// One pin is under way, a newer one waits for an answer, and chat has something to be told.
struct Scene {
    disk: Disk,
    harness: Harness,
    world: World,
    surfaces: Surfaces,
    asked: PinNumber,
}

impl Scene {
    fn slack(&self) -> &FakeSlack {
        self.world.slack.as_ref().unwrap()
    }

    /// The disk is full from here to there: the process stands after an effect, and goes on.
    async fn full_while(&self, held: Held, tag: &str) {
        self.disk.fill();
        let announced = self.harness.seen().len();
        tokio::join!(
            LOG.says("could not be recorded; nothing goes on until it can", 1),
            // It may still stand from before: then it does not say once more what it can't do.
            LOG.says("chat: nothing goes on until the database takes writes", 1),
            async { held.go() },
        );
        self.slack().set_down(false);
        let (status, body) = self.surfaces.get("/readyz").await;
        assert_eq!((status, body.as_str()), (503, "the database does not take writes\n"));
        let (status, body) = self.surfaces.announce(tag, "a-delivery").await;
        assert!(status == 503 && body.contains("did not take it"), "{status}: {body}");
        let (status, body) = self.approve().await;
        assert!(status == 503 && body.contains("did not take it") && body.contains("try again"), "{status}: {body}");
        assert_eq!(begun(&self.harness, announced), [] as [&str; 0], "side effects go on");
        assert_eq!(messages_of(&self.world, &[self.asked]).await, [0]);
        self.slack().set_down(true);
        self.disk.make_room();
    }

    async fn approve(&self) -> (u16, String) {
        self.surfaces.press(&format!("/pins/{}/approve", self.asked.0), "").await
    }

    async fn done(&self, number: PinNumber) {
        assert!(matches!(self.world.ended(number).await, Outcome::Done { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_full_disk_side_effects_stop_and_nothing_is_taken_in_until_there_is_room_and_all_goes_on() {
    let disk = Disk::take().await;
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), slack: true, ..Plan::default() };
    let mut world = World::planned(plan).await;
    let surfaces = Surfaces::of(&world).await;
    let before = world.remote.head().unwrap();
    world.remote.install_hook("pre-receive", "echo closed >&2; exit 1").unwrap();
    let first = world.pin("1.1").await;
    world.pin_that("it runs and is not recorded", "1.1", |pin| pin.unrecorded().is_some()).await;
    let second = world.pin("1.2").await;
    world.slack.as_ref().unwrap().set_down(true);
    world.build("1.3").await;
    let asked = world.asked("1.3").await;
    let scene = Scene { disk, harness, world, surfaces, asked };

    let mut pushed = scene.harness.hold("after push commit");
    scene.world.remote.remove_hook("pre-receive").unwrap();
    scene.world.control.retry(first, &person("ann")).await.unwrap();
    pushed.reached().await;
    let mut applied = scene.harness.hold("after apply Deployment/web");
    scene.full_while(pushed, "1.3").await;
    scene.done(first).await;

    applied.reached().await;
    scene.full_while(applied, "1.3").await;
    scene.done(second).await;

    scene.slack().set_down(false);
    assert_eq!(scene.surfaces.get("/readyz").await.0, 200);
    assert_eq!(scene.surfaces.announce("1.3", "a-delivery").await.0, 202, "CI repeats what was not taken in");
    assert_eq!(scene.approve().await.0, 303);
    scene.done(asked).await;
    scene.world.agree().await;
    let commits = scene.world.remote.git(&["rev-list", "--count", &format!("{before}..main")]).unwrap();
    assert_eq!(commits, "3", "one for each pin, and none twice");
    let recorded = |slack: &FakeSlack| {
        let said = slack.messages(FakeSlack::DEPLOYS);
        said.iter().filter(|posted| posted.text.contains("Seen healthy and recorded as")).count()
    };
    scene.slack().until("all are told", |slack| recorded(slack) == 3).await.unwrap();
    assert_eq!(messages_of(&scene.world, &[first, second, asked]).await, [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_full_disk_nothing_is_installed_until_there_is_room() {
    let disk = Disk::take().await;
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), namespace: false, ..Plan::default() };
    let world = World::started(plan).await;
    world
        .until("the first install to fail", async |world| {
            world.control.instance_view(&world.instance).await.ok()?.state.install_failure
        })
        .await;
    disk.fill();
    world.objects.create_namespace().await;
    LOG.says("the database can't be used; nothing goes on until it can", 1).await;
    assert_eq!(begun(&harness, 0), [] as [&str; 0], "side effects go on");
    assert!(world.objects.maybe_deployment("web").await.is_none());
    disk.make_room();
    world.proven().await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_full_disk_a_registry_is_not_asked_again_and_again() {
    let disk = Disk::take().await;
    let mut world = World::planned(Plan { doors: true, ..Plan::default() }).await;
    world.doors.as_ref().unwrap().registry.lets_in(LetsIn::Nobody);
    world.registry.push_image("acme/shop", "1.1", "1.1").await.unwrap();
    let build = world.announce("1.1").await.build;
    world
        .until("the registry to refuse", async |world| match world.build_state(build).await {
            BuildState::Received { attempts, .. } => (attempts > 0).then_some(()),
            other => panic!("it was given up: {other:?}"),
        })
        .await;
    disk.fill();
    let asked = world.doors.as_ref().unwrap().registry.asked();
    // Which is looked at once a second.
    LOG.says("nothing goes on until the database takes writes", 3).await;
    let asked = world.doors.as_ref().unwrap().registry.asked() - asked;
    assert!(asked < 10, "the registry was asked {asked} times");
    disk.make_room();
    world.doors.as_ref().unwrap().registry.lets_in(LetsIn::Everybody);
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}
