//! Credentials that expire, of the cluster, the config repo and the registry: it waits, says what to do, drops nothing, and goes
//! on by itself once they are good again.

use model::{Fact, Outcome, Pin, Stage};
use store::BuildState;
use testkit::world::{Doors, Harness, LetsIn, Plan};
use testkit::{GitFault, World};

async fn behind_doors() -> (World, Harness) {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), doors: true, ..Plan::default() };
    (World::planned(plan).await, harness)
}

fn waits_for(pin: &Pin, words: &str) -> bool {
    matches!(&pin.stage, Stage::Watching { waiting_for, .. } if waiting_for.contains(words))
}

/// It ended well, and nothing was taken for a failure on the way.
async fn done(world: &World, pin: model::PinNumber) -> Vec<Fact> {
    assert!(matches!(world.ended(pin).await, Outcome::Done { .. }));
    world.agree().await;
    let facts: Vec<Fact> = world.control.pin_view(pin).await.unwrap().facts.into_iter().map(|one| one.fact).collect();
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Failed(_))), "{facts:?}");
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_credentials_that_expire_while_a_pin_is_watched_stop_its_clock_until_they_are_renewed() {
    let mut world = World::planned(Plan { doors: true, ..Plan::default() }).await;
    let tag = "1.1-slow-ready";
    let number = world.pin(tag).await;
    world.pin_that("it is seen", tag, |pin| waits_for(pin, "web")).await;
    world.doors.as_ref().unwrap().cluster.lets_in(LetsIn::Nobody);
    let pin = world.pin_that("it is blind", tag, |pin| waits_for(pin, "renew")).await;
    assert!(waits_for(&pin, "the clock is stopped"), "{:?}", pin.stage);
    let Stage::Watching { observed_ms: blind_at, .. } = pin.stage else { unreachable!("it is watched") };
    // Meanwhile it becomes ready, and nobody sees it.
    world.objects.ready("web").await;
    world.renew_cluster_credentials("token-that-is-new");
    let facts = done(&world, number).await;
    let watched = facts.iter().filter_map(|fact| match fact {
        Fact::Watched { observed_ms, waiting_for } => Some((*observed_ms, waiting_for.as_str())),
        _ => None,
    });
    let after: Vec<_> = watched.skip_while(|(_, words)| !words.contains("renew")).collect();
    let seen = after.iter().find(|(_, words)| !words.contains("can't be seen")).expect("it is seen again");
    assert_eq!(seen.0, blind_at, "blind time counts for nothing: {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_credentials_that_expire_before_the_first_write_are_waited_for() {
    let (mut world, harness) = behind_doors().await;
    let mut held = harness.hold("before dry-run");
    let number = world.pin("1.1").await;
    held.reached().await;
    let door = &world.doors.as_ref().unwrap().cluster;
    door.lets_in(LetsIn::Nobody);
    held.go();
    let says = |pin: &Pin| pin.delay.as_ref().is_some_and(|delay| delay.reason.contains("renew them"));
    world.pin_that("it waits and says what to do", "1.1", says).await;
    door.lets_in(LetsIn::Bearer(Doors::CLUSTER_TOKEN));
    done(&world, number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git_credentials_that_expire_before_the_push_leave_it_running_and_are_waited_for() {
    let (mut world, harness) = behind_doors().await;
    let before = world.remote.head().unwrap();
    let mut held = harness.hold("before push commit");
    let number = world.pin("1.1").await;
    held.reached().await;
    let git = world.doors.as_ref().unwrap().git();
    git.set_fault(GitFault::Status(401, "this token has expired\n"));
    held.go();
    let says = |pin: &Pin| pin.unrecorded().is_some_and(|delay| delay.reason.contains("give a token or key"));
    let pin = world.pin_that("it runs, is not recorded, and says what to do", "1.1", says).await;
    assert!(pin.unrecorded().unwrap().reason.contains("refused our credentials"), "{:?}", pin.delay);
    let git_part = world.until("git is in trouble", async |world| {
        world.control.parts().await.into_iter().find(|part| part.name == "git")?.trouble
    });
    assert!(git_part.await.contains("refused our credentials"));
    assert!(world.objects.image("web").await.contains(":1.1@"), "it runs on");
    assert_eq!(world.remote.head().unwrap(), before);
    git.set_fault(GitFault::None);
    done(&world, number).await;
    assert_eq!(world.remote.git(&["rev-list", "--count", &format!("{before}..main")]).unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_credentials_that_expire_ask_nobody_until_they_are_good_again() {
    let mut world = World::planned(Plan { doors: true, ..Plan::default() }).await;
    world.doors.as_ref().unwrap().registry.lets_in(LetsIn::Nobody);
    world.registry.push_image("acme/shop", "1.1", "1.1").await.unwrap();
    let build = world.announce("1.1").await.build;
    let why = world.until("the registry to refuse", async |world| match world.build_state(build).await {
        BuildState::Received { attempts: 2.., why, .. } => why,
        BuildState::Received { .. } => None,
        other => panic!("it was given up: {other:?}"),
    });
    let why = why.await;
    assert!(why.contains("wants a login") && why.contains("`registries` in pinnace.yaml"), "{why}");
    assert_eq!(world.control.pins(Some(&world.instance), None).await.unwrap(), [], "nobody is asked");
    world.doors.as_ref().unwrap().registry.lets_in(LetsIn::Everybody);
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    done(&world, number).await;
}
