//! "Runs, not yet recorded": proven, and the remote does not take the commit.

use control::Mark;
use model::{DropReason, Outcome, Pin, PinNumber, Stage, Surface};
use testkit::World;
use testkit::world::{Harness, Plan, person};

/// The remote's own words, which people are to read.
const REFUSAL: &str = "echo 'release freeze until Monday' >&2; exit 1";

async fn unrecorded(world: &World, tag: &str) -> Pin {
    world.pin_that("it runs and is not recorded", tag, |pin| pin.unrecorded().is_some()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_remote_refuses_runs_on_says_why_and_is_recorded_when_it_is_let_in() {
    let mut world = World::installed().await;
    let before = world.remote.head().unwrap();
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    let number = world.pin("1.1").await;
    let pin = unrecorded(&world, "1.1").await;
    assert!(pin.unrecorded().unwrap().reason.contains("release freeze until Monday"), "{:?}", pin.delay);
    assert_eq!(world.remote.head().unwrap(), before);
    assert!(world.objects.image("web").await.contains(":1.1@"), "it runs on");
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Attention);
    world.remote.remove_hook("pre-receive").unwrap();
    world.control.retry(number, &person("ann")).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(world.image_in_git().contains(":1.1@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_gone_is_waited_for_and_found_again() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    let away = world.remote.path().with_extension("away");
    let harness_off = world.control.instance_view(&world.instance).await.unwrap();
    assert!(harness_off.open.is_some());
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    world.approve(number, "ann").await;
    unrecorded(&world, "1.1").await;
    std::fs::rename(world.remote.path(), &away).unwrap();
    let gone = |pin: &Pin| pin.unrecorded().is_some_and(|delay| !delay.reason.contains("freeze"));
    let pin = world.pin_that("the remote is gone", "1.1", gone).await;
    assert!(pin.delay.unwrap().reason.contains("config repo"));
    std::fs::rename(&away, world.remote.path()).unwrap();
    world.remote.remove_hook("pre-receive").unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pins_of_the_instance_wait_and_of_two_that_are_approved_the_newest_comes_next() {
    let mut world = World::installed().await;
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    let first = world.pin("1.1").await;
    unrecorded(&world, "1.1").await;
    let second = world.pin("1.2").await;
    let third = world.pin("1.3").await;
    assert_eq!(world.ended(second).await, Outcome::Superseded { by: third });
    world.build("1.4").await;
    let fourth = world.asked("1.4").await;
    assert_eq!(stage(&world, third).await, Stage::Approved, "what was approved waits on, whatever is asked about");
    assert!(world.objects.image("web").await.contains(":1.1@"));
    world.remote.remove_hook("pre-receive").unwrap();
    world.control.retry(first, &person("bo")).await.unwrap();
    assert!(matches!(world.ended(first).await, Outcome::Done { .. }));
    assert!(matches!(world.ended(third).await, Outcome::Done { .. }));
    assert_eq!(stage(&world, fourth).await, Stage::Asked);
    let log = world.remote.git(&["log", "--format=%s", "main"]).unwrap();
    assert_eq!(log.lines().take(2).collect::<Vec<_>>(), ["shop/prod: pin 1.3", "shop/prod: pin 1.1"]);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_give_it_up_and_the_cluster_goes_back() {
    let mut world = World::installed().await;
    let before = (world.remote.head().unwrap(), world.image_in_git());
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    let number = world.pin("1.1").await;
    unrecorded(&world, "1.1").await;
    let problem = world.control.cancel(number, &person("cy"), Surface::Page).await.unwrap_err();
    assert!(problem.what.contains("may not cancel"), "{problem}");
    world.control.cancel(number, &person("bo"), Surface::Page).await.unwrap();
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert_eq!((reason, healthy), (DropReason::Cancelled(person("bo"), Surface::Page), true));
    world.remote.remove_hook("pre-receive").unwrap();
    assert_eq!((world.remote.head().unwrap(), world.image_in_git()), before);
    assert_eq!(world.objects.image("web").await, before.1);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_with_the_remote_gone_goes_back_all_the_same() {
    let mut world = World::installed().await;
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    let number = world.pin("1.1").await;
    unrecorded(&world, "1.1").await;
    let away = world.remote.path().with_extension("away");
    std::fs::rename(world.remote.path(), &away).unwrap();
    world.control.cancel(number, &person("ann"), Surface::Page).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Dropped { .. }));
    std::fs::rename(&away, world.remote.path()).unwrap();
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_comes_while_the_commit_gets_through_is_too_late() {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    world.remote.install_hook("pre-receive", REFUSAL).unwrap();
    let number = world.pin("1.1").await;
    unrecorded(&world, "1.1").await;
    world.remote.remove_hook("pre-receive").unwrap();
    let mut held = harness.hold("after push commit");
    held.reached().await;
    assert!(world.image_in_git().contains(":1.1@"), "the commit is there, and the answer is on its way");
    world.control.cancel(number, &person("ann"), Surface::Page).await.unwrap();
    held.go();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.objects.image("web").await, world.image_in_git());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_was_lost_is_found_by_its_trailer_and_not_pushed_twice() {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let before = world.remote.head().unwrap();
    let mut held = harness.hold("after push commit");
    let number = world.pin("1.1").await;
    held.reached().await;
    // Somebody else's commit lands on top before we look again.
    world.commit(testkit::Person::BOB, "pinnace.yaml", "quorum: 1", "quorum: 1 # enough");
    held.fail();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let count = world.remote.git(&["rev-list", "--count", &format!("{before}..main")]).unwrap();
    assert_eq!(count, "2");
    world.agree().await;
}

async fn stage(world: &World, number: PinNumber) -> Stage {
    world.control.pin_view(number).await.unwrap().pin.stage
}
