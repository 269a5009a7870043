//! An API server on bad days: busy, failing, slow, cut off, silent, or telling what is long over. What works is recorded, what
//! crashes is dropped, what was edited is repaired, and in the end all agree.

use std::time::Duration;

use model::{DropReason, Fact, InstanceFact, Outcome, PinNumber, Stage};
use serde_json::json;
use testkit::World;
use testkit::world::{Door, Fault, Faulty, Plan, Which};

const CRASHES: &str = "1.2-crash-loop";

async fn behind_doors() -> World {
    World::planned(Plan { doors: true, deadline: "10m", ..Plan::default() }).await
}

fn door(world: &World) -> &Door {
    &world.doors.as_ref().unwrap().cluster
}

async fn generation(world: &World) -> i64 {
    world.objects.deployment("web").await["metadata"]["generation"].as_i64().unwrap()
}

async fn facts(world: &World, pin: PinNumber) -> Vec<Fact> {
    world.control.pin_view(pin).await.unwrap().facts.into_iter().map(|recorded| recorded.fact).collect()
}

/// It works, and nobody ever said otherwise; what it changed was written once.
async fn is_taken(world: &World, pin: PinNumber, before: i64) {
    assert!(matches!(world.ended(pin).await, Outcome::Done { .. }));
    world.agree().await;
    let facts = facts(world, pin).await;
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Failed(_))), "{facts:?}");
    assert_eq!(generation(world).await, before + 1, "the new version was written once");
}

/// It crashes, and nobody ever said otherwise; it and the way back were written once each.
async fn is_dropped(world: &World, pin: PinNumber, before: i64) {
    let Outcome::Dropped { reason, healthy, .. } = world.ended(pin).await else { panic!("it was to be dropped") };
    assert_eq!((reason, healthy), (DropReason::Failed, true));
    world.agree().await;
    let facts = facts(world, pin).await;
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Verified { .. })), "{facts:?}");
    let failure = world.control.pin_view(pin).await.unwrap().pin.failure.unwrap();
    assert!(failure.sentence.contains("starts and stops again"), "{}", failure.sentence);
    assert_eq!(generation(world).await, before + 2, "there and back");
}

async fn repairs(world: &World) -> usize {
    let facts = world.control.store().instance_facts(&world.instance).await.unwrap();
    facts.iter().filter(|recorded| matches!(recorded.fact, InstanceFact::Drifted(_))).count()
}

async fn edited(world: &World, greeting: &str) {
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": greeting}})).await;
}

/// What was edited while it rested is what git says again, and it was repaired once.
async fn is_repaired(world: &World, before: usize) {
    world.until("it is repaired", async |world| (repairs(world).await > before).then_some(())).await;
    world.agree().await;
    let live = world.objects.config_map("settings").await.unwrap();
    assert_eq!(live["data"]["GREETING"], "hello");
    assert_eq!(repairs(world).await, before + 1);
}

/// A version that works, one that crashes, and an edit, while this is so.
async fn right_in_the_end(world: &mut World) {
    let before = generation(world).await;
    let good = world.pin("1.1").await;
    is_taken(world, good, before).await;
    let bad = world.pin(CRASHES).await;
    is_dropped(world, bad, before + 1).await;
    let repaired = repairs(world).await;
    edited(world, "bye").await;
    is_repaired(world, repaired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_busy_is_asked_again_when_it_says_and_not_before() {
    let mut world = behind_doors().await;
    let busy = [
        door(&world).make(Which("dry-run", "deployments"), Fault::Busy(1), 1),
        door(&world).make(Which("apply", "deployments"), Fault::Busy(1), 2),
        door(&world).make(Which("watch", "pods"), Fault::Busy(1), 3),
    ];
    right_in_the_end(&mut world).await;
    for (fault, times) in busy.iter().zip([1, 2, 3]) {
        fault.met(times).await;
        let moments = fault.moments();
        let soon = moments.windows(2).find(|pair| pair[1].duration_since(pair[0]) < Duration::from_secs(1));
        assert_eq!(soon, None, "it was asked again before it said: {moments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fail_by_themselves_are_tried_again() {
    let mut world = behind_doors().await;
    let failing = [
        door(&world).make(Which("dry-run", "deployments"), Fault::Status(500), 2),
        door(&world).make(Which("apply", "deployments"), Fault::Status(500), 2),
        door(&world).make(Which("apply", "configmaps"), Fault::Status(503), 2),
        door(&world).make(Which("watch", "pods"), Fault::Status(500), 3),
        door(&world).make(Which("list", "deployments"), Fault::Status(503), 2),
    ];
    right_in_the_end(&mut world).await;
    for (fault, times) in failing.iter().zip([2, 2, 2, 3]) {
        assert_eq!(fault.times(), times);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_whose_answer_is_lost_or_that_never_arrived_are_made_once() {
    let mut world = behind_doors().await;
    let lost = [
        door(&world).make(Which("apply", "deployments"), Fault::LostAfter, 1),
        door(&world).make(Which("apply", "deployments"), Fault::LostBefore, 1),
        door(&world).make(Which("dry-run", "deployments"), Fault::LostBefore, 1),
    ];
    right_in_the_end(&mut world).await;
    assert_eq!(lost.each_ref().map(Faulty::times), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_slow_holds_up_its_own_step_and_is_waited_for() {
    let mut world = behind_doors().await;
    let before = generation(&world).await;
    let slow = door(&world).make(Which("apply", "deployments"), Fault::Slow, 1);
    let pin = world.pin("1.1").await;
    slow.met(1).await;
    edited(&world, "bye").await;
    assert_eq!(generation(&world).await, before, "it is still on its way");
    slow.over();
    is_taken(&world, pin, before).await;
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_end_at_once_are_opened_again_without_a_storm() {
    let mut world = behind_doors().await;
    let ends = door(&world).make(Which("watch", ""), Fault::WatchEnds, 20);
    right_in_the_end(&mut world).await;
    assert_eq!(ends.times(), 20);
    let moments = ends.moments();
    let took = moments[19].duration_since(moments[0]);
    assert!(took > Duration::from_millis(200), "20 watches were opened within {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_whose_version_is_too_old_begin_with_a_fresh_list() {
    let mut world = behind_doors().await;
    let gone = door(&world).make(Which("watch", ""), Fault::WatchGone, 12);
    right_in_the_end(&mut world).await;
    assert_eq!(gone.times(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_watch_told_is_seen_once_it_ended() {
    let mut world = behind_doors().await;
    let before = generation(&world).await;
    let silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    let good = world.pin("1.1").await;
    world.pin_that("it is watched", "1.1", |pin| matches!(pin.stage, Stage::Watching { .. })).await;
    world.objects.ready("web").await;
    silent.over();
    is_taken(&world, good, before).await;
    let silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    let bad = world.pin(CRASHES).await;
    world.objects.restarted(2).await;
    silent.over();
    is_dropped(&world, bad, before + 1).await;
    let silent = door(&world).make(Which("watch", "configmaps"), Fault::WatchSilent, usize::MAX);
    let repaired = repairs(&world).await;
    silent.met(1).await;
    // What was unobserved in between is of no interest: the end counts.
    for greeting in ["bye", "hello", "bye again"] {
        edited(&world, greeting).await;
    }
    silent.over();
    is_repaired(&world, repaired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_watch_fails_nothing_that_works_at_its_deadline() {
    let mut world = World::planned(Plan { doors: true, deadline: "3s", ..Plan::default() }).await;
    let before = generation(&world).await;
    let _silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    let pin = world.pin("1.1").await;
    is_taken(&world, pin, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_watch_passes_nothing_that_crashes_after_it_was_ready() {
    let plan = Plan { doors: true, stable_for: "4s", deadline: "20s", ..Plan::default() };
    let mut world = World::planned(plan).await;
    let before = generation(&world).await;
    let tag = "1.2-ready-then-crash";
    let pin = world.pin(tag).await;
    let stays =
        |pin: &model::Pin| matches!(&pin.stage, Stage::Watching { waiting_for, .. } if waiting_for.contains("stays"));
    world.pin_that("it is ready", tag, stays).await;
    let silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    world.objects.restarted(2).await;
    world.pin_that("it is found out or passes", tag, |pin| pin.failure.is_some() || pin.verified.is_some()).await;
    silent.over();
    is_dropped(&world, pin, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_from_before_the_pin_are_no_evidence_about_it() {
    let mut world = behind_doors().await;
    let before = generation(&world).await;
    door(&world).end_watches();
    // Whoever looks anew sees what was, and no event after it.
    let stale = door(&world).make(Which("list", ""), Fault::Stale, usize::MAX);
    let silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    let good = world.pin("1.1").await;
    world.pin_that("it is watched", "1.1", |pin| matches!(pin.stage, Stage::Watching { .. })).await;
    world.objects.ready("web").await;
    stale.over();
    silent.over();
    is_taken(&world, good, before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_on_an_older_view_of_the_cluster_undoes_nothing() {
    let plan = Plan { doors: true, deadline: "10m", ..Plan::default() };
    let mut world = World::planned(plan.clone()).await;
    let before = generation(&world).await;
    // What 1.0 looked like is what the API server of the next process will show.
    let stale = door(&world).make(Which("list", ""), Fault::Stale, usize::MAX);
    let pin = world.pin("1.1").await;
    is_taken(&world, pin, before).await;
    let silent = door(&world).make(Which("watch", ""), Fault::WatchSilent, usize::MAX);
    let met = silent.times();
    world.restart(plan).await;
    silent.met(met + 3).await;
    world.agree().await;
    assert_eq!(generation(&world).await, before + 1, "nothing was written");
    let bad = world.pin(CRASHES).await;
    world.objects.restarted(2).await;
    stale.over();
    silent.over();
    is_dropped(&world, bad, before + 1).await;
    assert_eq!(repairs(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_goes_away_in_mid_rollout_and_comes_back_ends_nothing() {
    let mut world = behind_doors().await;
    let before = generation(&world).await;
    for (round, tag) in ["1.1-slow-ready", CRASHES].into_iter().enumerate() {
        let pin = world.pin(tag).await;
        let seen =
            |pin: &model::Pin| matches!(&pin.stage, Stage::Watching { waiting_for, .. } if waiting_for.contains("web"));
        world.pin_that("it is seen", tag, seen).await;
        world.doors.as_mut().unwrap().cluster.down().await;
        let blind = |pin: &model::Pin| match &pin.stage {
            Stage::Watching { waiting_for, .. } => waiting_for.contains("can't be seen") || pin.delay.is_some(),
            _ => true,
        };
        world.pin_that("it is blind", tag, blind).await;
        world.doors.as_mut().unwrap().cluster.up().await;
        match round {
            0 => is_taken(&world, pin, before).await,
            _ => is_dropped(&world, pin, before + 1).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_edited_while_the_api_server_is_away_is_repaired_when_it_is_back() {
    let mut world = behind_doors().await;
    world.doors.as_mut().unwrap().cluster.down().await;
    edited(&world, "bye").await;
    world.doors.as_mut().unwrap().cluster.up().await;
    is_repaired(&world, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_whose_answer_is_lost_is_made_once_and_told_once() {
    let world = behind_doors().await;
    // One that is forced over a tool that nobody knows is one write, one over a person's two.
    for (told, (manager, writes)) in [("ops-bot", 1), ("kubectl-edit", 2)].into_iter().enumerate() {
        let lost = door(&world).make(Which("apply", "configmaps/settings"), Fault::LostAfter, writes);
        world.objects.edit_config_map("settings", manager, &json!({"data": {"GREETING": "bye"}})).await;
        is_repaired(&world, told).await;
        assert_eq!(lost.times(), writes);
    }
    let state = world.control.instance_view(&world.instance).await.unwrap().state;
    let (found, _) = state.repaired.unwrap();
    assert!(found.what[0].contains("data.GREETING by kubectl-edit"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_never_arrived_is_made_and_told_once() {
    let world = behind_doors().await;
    let lost = door(&world).make(Which("apply", "configmaps/settings"), Fault::LostBefore, 1);
    world.objects.edit_config_map("settings", "ops-bot", &json!({"data": {"GREETING": "bye"}})).await;
    is_repaired(&world, 0).await;
    assert_eq!(lost.times(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pin_takes_back_is_told_when_the_answers_were_lost() {
    for writes in [1, 2] {
        let mut world = World::planned(Plan { doors: true, drift: "off", ..Plan::default() }).await;
        let lost = door(&world).make(Which("apply", "deployments/web"), Fault::LostAfter, writes);
        world.objects.edit_deployment("web", "kubectl-scale", &json!({"spec": {"replicas": 5}})).await;
        let number = world.pin("1.1").await;
        let ended = world.ended(number).await;
        assert!(matches!(ended, Outcome::Done { .. }), "{ended:?}");
        assert_eq!(lost.times(), writes);
        let notes = world.control.pin_view(number).await.unwrap().pin.notes;
        let told = notes.iter().filter(|note| note.contains("spec.replicas, set by kubectl-scale")).count();
        assert_eq!(told, 1, "{notes:?}");
        world.agree().await;
    }
}
