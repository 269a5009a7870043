//! The process ends and starts anew on the same database, mirror and cluster: the outcome is the same.

use model::{DropReason, Outcome, Stage, Surface};
use testkit::World;
use testkit::world::{Harness, Plan, person};

/// Effects of a pin that is recorded, in order. The crash harness has all of them, with real kills; here the loops end.
const EFFECTS: &[&str] = &[
    "after propose",
    "after claim",
    "after write inventory",
    "before apply Deployment/web",
    "after watch",
    "after make commit",
    "after push commit",
    "after settle inventory",
];

/// The effects of one that is dropped.
const EFFECTS_BACK: &[&str] =
    &["before converge-back", "before converge back Deployment/web", "after drop from inventory"];

async fn restarted_at(effect: &str, tag: &str) -> (World, Outcome) {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let mut held = harness.hold(effect);
    world.build(tag).await;
    let asked = world.asked(tag);
    tokio::select! {
        () = held.reached() => {}
        number = asked => {
            world.approve(number, "ann").await;
            held.reached().await;
        }
    }
    world.restart(Plan::default()).await;
    drop(held);
    let waiting = world.pin_that("it is there", tag, |pin| pin.ask.is_some()).await;
    if waiting.stage == Stage::Asked {
        world.approve(waiting.number, "ann").await;
    }
    let outcome = world.ended(waiting.number).await;
    (world, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_ends_the_same_wherever_the_process_ended() {
    let runs = EFFECTS.iter().map(|effect| async move { (effect, restarted_at(effect, "1.1").await) });
    for (effect, (world, outcome)) in futures::future::join_all(runs).await {
        assert!(matches!(outcome, Outcome::Done { .. }), "{effect}: {outcome:?}");
        let count = world.remote.git(&["rev-list", "--count", "main"]).unwrap();
        assert_eq!((effect, count.as_str()), (effect, "2"), "recorded once");
        world.agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_pin_ends_the_same_wherever_the_process_ended() {
    let runs = EFFECTS_BACK.iter().map(|effect| async move { (effect, restarted_at(effect, "1.1-crash-loop").await) });
    for (effect, (world, outcome)) in futures::future::join_all(runs).await {
        let dropped = matches!(outcome, Outcome::Dropped { reason: DropReason::Failed, healthy: true, .. });
        assert!(dropped, "{effect}: {outcome:?}");
        assert!(world.objects.image("web").await.contains(":1.0@"), "{effect}");
        world.agree().await;
    }
}

/// Where a process ends after its first write and before it saw anything.
const UNSEEN: &[&str] = &["after apply Deployment/web", "before watch"];

#[tokio::test(flavor = "multi_thread")]
async fn what_restarted_while_the_process_was_away_is_evidence_against_what_it_had_applied() {
    let runs = UNSEEN.iter().map(|effect| async move {
        let harness = Harness::listen();
        let plan = Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() };
        let mut world = World::planned(plan).await;
        let mut held = harness.hold(effect);
        let number = world.pin("1.1-crash-loop").await;
        held.reached().await;
        world.stop().await;
        world.objects.restarted(3).await;
        world.restart(Plan::default()).await;
        drop(held);
        assert!(matches!(world.ended(number).await, Outcome::Dropped { reason: DropReason::Failed, .. }), "{effect}");
        let failure = world.control.pin_view(number).await.unwrap().pin.failure.unwrap();
        let count = failure.technical.split("restarts: ").nth(1).and_then(|rest| rest.split(',').next());
        let count: u32 = count.unwrap_or_default().parse().expect("it says how often");
        assert!(count >= 3, "{effect}: two more had to come: {}", failure.technical);
        world.agree().await;
    });
    futures::future::join_all(runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_breaks_by_a_defect_of_ours_is_begun_again_and_it_is_said() {
    let harness = Harness::listen();
    let mut world = World::planned(Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() }).await;
    let (mut asking, mut applied, mut pushed) =
        (harness.hold("after propose"), harness.hold("before apply Deployment/web"), harness.hold("after push commit"));
    world.build("1.1").await;
    asking.reached().await;
    asking.break_it("a defect");
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    applied.reached().await;
    applied.break_it("a defect");
    pushed.reached().await;
    pushed.break_it("a defect");
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.remote.git(&["rev-list", "--count", "main"]).unwrap(), "2", "recorded once");
    world.agree().await;
    let parts = world.control.parts().await;
    let told = parts.iter().find(|part| part.name == "Pinnace").and_then(|part| part.trouble.as_deref()).unwrap();
    assert!(told.starts_with("the work on shop/prod broke 2 times and was begun again, and 1 more"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_and_is_not_recorded_is_still_known_after_a_restart() {
    let mut world = World::installed().await;
    world.remote.install_hook("pre-receive", "echo closed >&2; exit 1").unwrap();
    let number = world.pin("1.1").await;
    let since = world.pin_that("it is not recorded", "1.1", |pin| pin.unrecorded().is_some()).await.since;
    world.restart(Plan::default()).await;
    let pin = world.control.pin_view(number).await.unwrap().pin;
    assert!(pin.unrecorded().is_some() && pin.since <= since);
    world.control.cancel(number, &person("ann"), Surface::Page).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Dropped { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_while_the_process_was_away_counts() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.stop().await;
    world.commit(testkit::Person::BOB, "settings.yaml", "hello", "good evening");
    world.restart(Plan::default()).await;
    world.approve(number, "ann").await;
    let asked_again = |pin: &model::Pin| pin.stage == Stage::Asked && pin.approvals.is_empty();
    world.pin_that("it is asked again", "1.1", asked_again).await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}
