//! `pinnace serve` is killed with SIGKILL before and after each step of a pin, as a recorded run announces them, and started
//! again. It runs with exactly the rights that `pinnace rbac` prints.
#![cfg(test)]

#[path = "kill/shop.rs"]
mod shop;

use model::Effect;
use shop::{Build, Shop};
use testkit::crash::{Fault, Point};

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_ends_as_it_should_when_the_process_is_killed_around_any_of_its_steps() {
    let mut shop = Shop::open().await;
    let steps = steps(&mut shop, Build::Good, &[]).await;
    // Nobody let it expire, no push came first, and it did not fail.
    let elsewhere = [Effect::Expire, Effect::Redo, Effect::ConvergeBack];
    for effect in Effect::ALL.iter().filter(|effect| !elsewhere.contains(effect)) {
        assert!(steps.iter().any(|step| step.effect == effect.name()), "`{effect}` is missing: {steps:?}");
    }
    kill_around(&mut shop, Build::Good, &steps).await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_pin_is_dropped_when_the_process_is_killed_on_its_way_back() {
    let mut shop = Shop::open().await;
    let good = steps(&mut shop, Build::Good, &[]).await;
    let steps = steps(&mut shop, Build::Crashing, &good).await;
    assert!(steps.iter().any(|step| step.effect == Effect::ConvergeBack.name()), "{steps:?}");
    kill_around(&mut shop, Build::Crashing, &steps).await;
    shop.close().await;
}

/// The steps that a run announces, without those that are killed elsewhere. What a step does in detail is broken in process
/// (`control/tests/crash`).
async fn steps(shop: &mut Shop, build: Build, but: &[Point]) -> Vec<Point> {
    let announced = shop.play(build, None).await;
    let is_step = |point: &Point| Effect::ALL.iter().any(|effect| effect.name() == point.effect);
    announced.into_iter().filter(|point| is_step(point) && !but.contains(point)).collect()
}

async fn kill_around(shop: &mut Shop, build: Build, steps: &[Point]) {
    for step in steps {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            println!("{fault:?} {step}");
            shop.play(build, Some((step.clone(), fault))).await;
        }
    }
}
