//! How a version fails: the right words at once, its last lines, and no timer but for what may still come.

use std::time::{Duration, Instant};

use model::{DropReason, FailureReport, Outcome, Stage};
use testkit::World;
use testkit::world::Plan;

/// A version that is dropped, in a world that would wait ten minutes for it; ends far sooner or not at all.
async fn dropped_at_once(tag: &str, stable_for: &'static str) -> FailureReport {
    let mut world = World::planned(Plan { deadline: "10m", stable_for, ..Plan::default() }).await;
    dropped(&mut world, tag).await
}

async fn dropped(world: &mut World, tag: &str) -> FailureReport {
    let before = (world.remote.head().unwrap(), world.objects.image("web").await);
    let started = Instant::now();
    let number = world.pin(tag).await;
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert!(started.elapsed() < Duration::from_secs(25), "no timer had to fire, and it took {:?}", started.elapsed());
    assert_eq!((reason, healthy), (DropReason::Failed, true));
    assert_eq!((world.remote.head().unwrap(), world.objects.image("web").await), before);
    world.agree().await;
    world.control.pin_view(number).await.unwrap().pin.failure.unwrap()
}

fn says(failure: &FailureReport, words: &[&str]) {
    for word in words {
        assert!(failure.sentence.contains(word), "no `{word}` in: {}", failure.sentence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_shows_the_last_lines() {
    let failure = dropped_at_once("1.1-crash-loop", "200ms").await;
    says(&failure, &["starts and stops again", "exit code 1"]);
    assert_eq!(failure.object, "Deployment/web");
    assert!(failure.log.last().unwrap().contains("KeyError"), "{:?}", failure.log);
    assert!(failure.technical.contains("CrashLoopBackOff") || failure.technical.contains("Error"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_gone_is_named() {
    let failure = dropped_at_once("1.1-image-missing", "200ms").await;
    says(&failure, &["1.1-image-missing", "not found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_named() {
    let failure = dropped_at_once("1.1-config-key-missing", "200ms").await;
    says(&failure, &["DB_URL", "settings"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_memory_is_said() {
    let failure = dropped_at_once("1.1-out-of-memory", "200ms").await;
    says(&failure, &["memory"]);
    assert!(!failure.log.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crashes_after_it_was_ready_does_not_pass_the_stable_window() {
    let failure = dropped_at_once("1.1-ready-then-crash", "15s").await;
    says(&failure, &["starts and stops again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_refuses_is_waited_for_until_the_deadline() {
    let mut world = World::planned(Plan { deadline: "3s", ..Plan::default() }).await;
    let failure = dropped(&mut world, "1.1-registry-refusing").await;
    says(&failure, &["not ready after 3 s", "registry"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_recovers_in_time_is_no_failure() {
    let mut world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    let number = world.pin("1.1-registry-recovers").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_becomes_ready_fails_at_its_deadline_and_says_what_was_waited_for() {
    let mut world = World::planned(Plan { deadline: "2s", ..Plan::default() }).await;
    let failure = dropped(&mut world, "1.1-never-ready").await;
    says(&failure, &["not ready after 2 s", "ready"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_slow_to_become_ready_passes_and_says_what_it_waits_for_meanwhile() {
    let mut world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    let number = world.pin("1.1-slow-ready").await;
    let waits = |stage: &Stage| matches!(stage, Stage::Watching { waiting_for, .. } if waiting_for.contains("ready"));
    world.pin_that("it says what it waits for", "1.1-slow-ready", |pin| waits(&pin.stage)).await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_falls_once_and_then_stands_is_taken() {
    let mut world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    let number = world.pin("1.1-crash-once").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_lets_no_pod_in_is_named_at_once() {
    let mut world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    world.objects.let_no_pod_in().await;
    let number = world.pin("1.1").await;
    let dropping = |pin: &model::Pin| pin.failure.is_some();
    let failure = world.pin_that("it failed", "1.1", dropping).await.failure.unwrap();
    says(&failure, &["namespace is full"]);
    world.objects.let_pods_in().await;
    assert!(matches!(world.ended(number).await, Outcome::Dropped { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_version_before_does_not_work_again_either_nothing_acts_by_itself_any_more() {
    let mut world = World::planned(Plan { rule: "auto", deadline: "3s", ..Plan::default() }).await;
    world.build("1.1-never-ready").await;
    world.pin_that("it is watched", "1.1-never-ready", |pin| matches!(pin.stage, Stage::Watching { .. })).await;
    world.objects.let_no_pod_in().await;
    world.objects.delete_pods_of("1.0").await;
    let pin = world.pin_that("it ended", "1.1-never-ready", model::Pin::ended).await;
    let Stage::Ended(Outcome::Dropped { healthy, seen, .. }) = pin.stage else { panic!("{pin:?}") };
    assert!(!healthy, "{seen}");
    let lock = world.control.instance_view(&world.instance).await.unwrap().state.lock.unwrap();
    assert_eq!(lock.by.to_string(), "policy both-versions-bad");
    world.build("1.2").await;
    world.asked("1.2").await;
    world.agree().await;
}
