//! A newer build takes the place of an older one, and never interleaves with it.

use control::Answer;
use model::{DropReason, Outcome, Stage};
use store::BuildState;
use testkit::world::{Harness, Plan};
use testkit::{Person, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_build_takes_the_place_of_a_waiting_ask_at_once() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let older = world.asked("1.1").await;
    world.build("1.2").await;
    let newer = world.asked("1.2").await;
    assert_eq!(world.ended(older).await, Outcome::Superseded { by: newer });
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_approved_build_takes_the_place_of_one_that_does_not_come_up() {
    let mut world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    let older = world.pin("1.1-never-ready").await;
    world.pin_that("it is watched", "1.1-never-ready", is_watched).await;
    let newer = world.pin("1.2").await;
    let Outcome::Dropped { reason, .. } = world.ended(older).await else { panic!("it was to be dropped") };
    assert_eq!(reason, DropReason::Superseded(newer));
    assert!(matches!(world.ended(newer).await, Outcome::Done { .. }));
    assert!(world.image_in_git().contains(":1.2@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_newer_pin_is_applied_before_the_older_one_is_back() {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), deadline: "10m", ..Plan::default() };
    let mut world = World::planned(plan).await;
    let older = world.pin("1.1-never-ready").await;
    world.pin_that("it is watched", "1.1-never-ready", is_watched).await;
    let newer = world.pin("1.2").await;
    world.ended(newer).await;
    world.ended(older).await;
    let seen = harness.seen();
    let at = |what: &str| seen.iter().rposition(|one| one == what).unwrap_or_else(|| panic!("no {what} in {seen:?}"));
    assert!(at("after converge back Deployment/web") < at("before apply Deployment/web"), "{seen:?}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_build_that_nobody_approved_leaves_the_one_in_flight_alone() {
    let mut world = World::installed().await;
    let older = world.pin("1.1-slow-ready").await;
    world.pin_that("it is watched", "1.1-slow-ready", is_watched).await;
    world.build("1.2").await;
    let newer = world.asked("1.2").await;
    assert!(matches!(world.ended(older).await, Outcome::Done { .. }));
    let waiting = world.control.pin_view(newer).await.unwrap().pin;
    assert_eq!(waiting.stage, Stage::Asked);
    world.approve(newer, "bo").await;
    assert!(matches!(world.ended(newer).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_digest_is_asked_about_once_whatever_it_is_called_and_however_often() {
    let mut world = World::installed().await;
    let digest = world.registry.push_image("acme/shop", "1.1", "1.1").await.unwrap();
    world.registry.tag("acme/shop", "stable", &digest).await.unwrap();
    world.announce("1.1").await;
    let number = world.asked("1.1").await;
    for tag in ["stable", "1.1", "stable"] {
        let receipt = world.announce(tag).await;
        world.until("the announcement is looked at", async |world| resolved(world, receipt.build).await).await;
    }
    world.approve(number, "ann").await;
    world.ended(number).await;
    let receipt = world.announce("1.1").await;
    world.until("the announcement is looked at", async |world| resolved(world, receipt.build).await).await;
    assert_eq!(world.control.pins(Some(&world.instance), None).await.unwrap().len(), 1);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moved_makes_another_ask_and_the_approval_stays_with_the_old_digest() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let older = world.asked("1.1").await;
    world.registry.push_image("acme/shop", "1.1", "built again").await.unwrap();
    world.announce("1.1").await;
    let newer = world.pin_that("the second ask", "1.1", |pin| pin.stage == Stage::Asked && pin.number != older).await;
    assert_eq!(world.ended(older).await, Outcome::Superseded { by: newer.number });
    let problem = world
        .control
        .approve(older, Answer::by(&testkit::world::person("ann"), model::Surface::Page))
        .await
        .unwrap_err();
    assert!(problem.what.contains("replaced by"), "{problem}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_not_what_its_sender_says_is_unknown_and_nobody_is_asked() {
    let mut world = World::installed().await;
    world.registry.push_image("acme/shop", "1.1", "1.1").await.unwrap();
    let other = format!("sha256:{}", "0".repeat(64));
    let receipt = world.announce_as("1.1", Some(&other)).await;
    let why = world
        .until("the build is unknown", async |world| match world.build_state(receipt.build).await {
            BuildState::Unknown { why } => Some(why),
            _ => None,
        })
        .await;
    assert!(why.contains("1.1"), "{why}");
    assert!(world.control.pins(Some(&world.instance), None).await.unwrap().is_empty());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_already_is_not_asked_about() {
    let mut world = World::installed().await;
    world.announce("1.0").await;
    let pin = world.pin_that("it is refused", "1.0", model::Pin::ended).await;
    let Stage::Ended(Outcome::Refused { why }) = pin.stage else { panic!("{pin:?}") };
    assert!(why.contains("runs already"), "{why}");
    // A person's commit that nobody deployed makes it something else again.
    world.commit(Person::BOB, "settings.yaml", "hello", "good evening");
    world.agree().await;
}

fn is_watched(pin: &model::Pin) -> bool {
    matches!(&pin.stage, Stage::Watching { waiting_for, .. } if !waiting_for.is_empty())
}

async fn resolved(world: &World, build: store::BuildId) -> Option<()> {
    matches!(world.build_state(build).await, BuildState::Resolved { .. }).then_some(())
}
