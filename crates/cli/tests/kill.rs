//! `pinnace serve` is killed with SIGKILL before and after each step of a pin, as a recorded run announces them, and started
//! again. It runs with exactly the rights that `pinnace rbac` prints.
#![cfg(test)]

#[path = "kill/scene.rs"]
mod scene;

use model::Effect;
use scene::{Build, Scene};
use testkit::crash::{Fault, Point};

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
