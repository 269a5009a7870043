//! The API server crashes and comes back, at the moments that matter: before the first write, and while what was applied is watched.

use model::{Outcome, Pin, Stage};
use testkit::World;
use testkit::world::{Harness, Plan};

fn own() -> Plan {
    Plan { own_cluster: true, ..Plan::default() }
}

fn is_watched(pin: &Pin) -> bool {
    matches!(&pin.stage, Stage::Watching { waiting_for, .. } if waiting_for.contains("web"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_crashes_in_mid_rollout_changes_no_verdict() {
    let mut world = World::planned(own()).await;
    let number = world.pin("1.1-slow-ready").await;
    world.pin_that("it is watched", "1.1-slow-ready", is_watched).await;
    world.crash_api_server();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;

    let number = world.pin("1.2-crash-loop").await;
    world.pin_that("it is watched", "1.2-crash-loop", is_watched).await;
    world.crash_api_server();
    let Outcome::Dropped { .. } = world.ended(number).await else { panic!("it was to be dropped") };
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_crashes_before_a_write_is_waited_for() {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), ..own() };
    let mut world = World::planned(plan).await;
    let mut held = harness.hold("before apply Deployment/web");
    let number = world.pin("1.1").await;
    held.reached().await;
    world.crash_api_server();
    held.go();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}
