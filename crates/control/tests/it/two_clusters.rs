//! Two clusters, one of them down, then slow, then back: the other goes on as if nothing were, and what waited goes on by itself.

use model::{InstanceFact, Outcome, PinNumber};
use serde_json::json;
use testkit::World;
use testkit::world::{Fault, Objects, Plan, Which};

async fn two_clusters() -> World {
    let plan = Plan { doors: true, elsewhere: true, deadline: "10m", ..Plan::default() };
    let mut world = World::planned(plan).await;
    at(&mut world, "stage");
    world.proven().await;
    at(&mut world, "prod");
    world
}

/// From here on the world's verbs are about this environment.
fn at(world: &mut World, environment: &str) {
    world.instance = format!("shop/{environment}").parse().unwrap();
}

async fn approved(world: &mut World, environment: &str, tag: &str) -> PinNumber {
    at(world, environment);
    let number = world.asked(tag).await;
    world.approve(number, "ann").await;
    number
}

async fn done(world: &mut World, environment: &str, pin: PinNumber) {
    at(world, environment);
    assert!(matches!(world.ended(pin).await, Outcome::Done { .. }));
    world.agree().await;
}

async fn is_repaired(world: &mut World, environment: &str) {
    at(world, environment);
    let repaired = async |world: &World| {
        let facts = world.control.store().instance_facts(&world.instance).await.unwrap();
        facts.iter().any(|recorded| matches!(recorded.fact, InstanceFact::Drifted(_))).then_some(())
    };
    world.until("it is repaired", repaired).await;
    world.agree().await;
}

async fn edited(objects: &Objects) {
    objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
}

async fn has_ended(world: &World, pin: PinNumber) -> bool {
    world.control.pin_view(pin).await.unwrap().pin.ended()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_down_delays_no_other_and_goes_on_by_itself_when_it_is_back() {
    let mut world = two_clusters().await;
    world.doors.as_mut().unwrap().elsewhere.down().await;
    world.build("1.1").await;
    // Whoever waits for the cluster that is gone asked first.
    let waits = approved(&mut world, "stage", "1.1").await;
    let goes_on = approved(&mut world, "prod", "1.1").await;
    done(&mut world, "prod", goes_on).await;
    edited(&world.objects).await;
    edited(world.elsewhere.as_ref().unwrap()).await;
    is_repaired(&mut world, "prod").await;
    at(&mut world, "stage");
    world.pin_that("it says why", "1.1", |pin| pin.delay.is_some()).await;
    assert!(!has_ended(&world, waits).await);
    world.doors.as_mut().unwrap().elsewhere.up().await;
    done(&mut world, "stage", waits).await;
    let live = world.elsewhere.as_ref().unwrap().config_map("settings").await.unwrap();
    assert_eq!(live["data"]["GREETING"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_slow_holds_up_its_own_instances_alone() {
    let mut world = two_clusters().await;
    let there = &world.doors.as_ref().unwrap().elsewhere;
    let slow = [
        there.make(Which("dry-run", ""), Fault::Slow, usize::MAX),
        there.make(Which("list", ""), Fault::Slow, usize::MAX),
        there.make(Which("watch", ""), Fault::Slow, usize::MAX),
    ];
    world.build("1.1").await;
    let waits = approved(&mut world, "stage", "1.1").await;
    edited(world.elsewhere.as_ref().unwrap()).await;
    // What comes before the dry run lists; whichever is first is waited for.
    slow[1].met(1).await;
    let goes_on = approved(&mut world, "prod", "1.1").await;
    done(&mut world, "prod", goes_on).await;
    edited(&world.objects).await;
    is_repaired(&mut world, "prod").await;
    assert!(!has_ended(&world, waits).await);
    drop(slow);
    done(&mut world, "stage", waits).await;
}
