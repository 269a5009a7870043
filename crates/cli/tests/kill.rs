//! `pinnace serve` is killed with SIGKILL before and after each step of a pin, as a recorded run announces them, and started
//! again. It runs with exactly the rights that `pinnace rbac` prints.
#![cfg(test)]

#[path = "kill/scene.rs"]
mod scene;

use model::Effect;
use scene::{Build, Scene};
use testkit::crash::{Fault, Point};
use testkit::shop::Plan;
use testkit::world::Harness;
use testkit::{Desk, Person, Shop};

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_ends_as_it_should_when_the_process_is_killed_around_any_of_its_steps() {
    let mut scene = Scene::open().await;
    let steps = steps(&mut scene, Build::Good, &[]).await;
    // Nobody let it expire, no push came first, and it did not fail.
    let elsewhere = [Effect::Expire, Effect::Redo, Effect::ConvergeBack];
    for effect in Effect::ALL.iter().filter(|effect| !elsewhere.contains(effect)) {
        assert!(steps.iter().any(|step| step.effect == effect.name()), "`{effect}` is missing: {steps:?}");
    }
    kill_around(&mut scene, Build::Good, &steps).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_pin_is_dropped_when_the_process_is_killed_on_its_way_back() {
    let mut scene = Scene::open().await;
    let good = steps(&mut scene, Build::Good, &[]).await;
    let steps = steps(&mut scene, Build::Crashing, &good).await;
    assert!(steps.iter().any(|step| step.effect == Effect::ConvergeBack.name()), "{steps:?}");
    kill_around(&mut scene, Build::Crashing, &steps).await;
    scene.close().await;
}

/// The steps that a run announces, without those that are killed elsewhere. What a step does in detail is broken in process
/// (`tests/crash`).
async fn steps(scene: &mut Scene, build: Build, but: &[Point]) -> Vec<Point> {
    let announced = scene.play(build, None).await;
    let is_step = |point: &Point| Effect::ALL.iter().any(|effect| effect.name() == point.effect);
    announced.into_iter().filter(|point| is_step(point) && !but.contains(point)).collect()
}

async fn kill_around(scene: &mut Scene, build: Build, steps: &[Point]) {
    for step in steps {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            println!("{fault:?} {step}");
            scene.play(build, Some((step.clone(), fault))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_panics_goes_on_in_the_same_process_and_its_last_words_hold_no_secret() {
    const VALUE: &str = "canary-of-the-panic";
    let (harness, desk) = (Harness::listen(), Desk::new());
    let mut plan = Plan::of(env!("CARGO_BIN_EXE_pinnace"));
    plan.barrier = Some(harness.path().to_owned());
    plan.more = vec!["--age-key-file".into(), desk.key_file().into()];
    let shop = Shop::start(plan).await.unwrap();
    let mut applied = harness.hold("after apply pushed ConfigMap/keys");
    let path = "apps/shop/prod/keys.yaml";
    // Its rights are for the kinds that were there when they were printed.
    let plain = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: keys}}\ndata: {{KEY: {VALUE}}}\n");
    let commit = shop.remote.commit_as(Person::BOB, path, &desk.sealed(path, &plain)).unwrap();
    applied.reached().await;
    applied.break_it(&format!("no char boundary in `{VALUE}`"));
    shop.until("the commit is proven", |seen| seen["verified"] == commit.as_str()).await.unwrap();
    let log = shop.server.log();
    assert!(log.contains("panicked at") && log.contains("no char boundary in `•••`"), "{log}");
    assert!(log.contains("the work on shop/prod") && !log.contains(VALUE), "{log}");
    assert_eq!(shop.disagreements().await.unwrap(), "none");
    shop.close().await.unwrap();
}
