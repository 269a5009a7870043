//! The config repo misbehaves: a broken config, a rewritten history, a branch that is gone.

use control::ProblemCode;
use model::{Outcome, Pin, Stage};
use testkit::world::{Harness, Plan, person};
use testkit::{Person, World};

async fn trouble(world: &World, part: &str, word: &str) -> String {
    let what = format!("trouble with {part}");
    world
        .until(&what, async |world| {
            let parts = world.control.parts().await;
            parts.into_iter().find(|one| one.name == part)?.trouble.filter(|words| words.contains(word))
        })
        .await
}

fn files(world: &World) -> Vec<(String, String)> {
    let paths = world.remote.git(&["ls-tree", "-r", "--name-only", "main"]).unwrap();
    paths.lines().map(|path| (path.to_owned(), world.remote.file(path).unwrap())).collect()
}

fn rewrite(world: &World, files: &[(String, String)]) -> String {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.remote.rewrite_as(Person::BOB, &files).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_config_is_shown_and_the_last_good_one_goes_on_even_after_a_restart() {
    let mut world = World::installed().await;
    world.commit(Person::BOB, "pinnace.yaml", "quorum: 1", "quorum: [1");
    let words = trouble(&world, "pinnace.yaml", "pinnace.yaml:").await;
    assert!(!words.is_empty());
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.restart(Plan::default()).await;
    trouble(&world, "pinnace.yaml", "pinnace.yaml:").await;
    let number = world.pin("1.2").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_history_stops_pins_with_clear_words_until_a_person_accepts_it() {
    let mut world = World::installed().await;
    let files = files(&world);
    let new = rewrite(&world, &files);
    let words = trouble(&world, "git", "rewritten").await;
    assert!(words.contains(&new), "{words}");
    world.build("1.1").await;
    let waits = |pin: &Pin| pin.delay.as_ref().is_some_and(|delay| delay.reason.contains("rewritten"));
    let pin = world.pin_that("it waits", "1.1", waits).await;
    assert_eq!(pin.stage, Stage::Received);
    let problem = world.control.accept_rewrite(&new, &person("cy")).await.unwrap_err();
    assert_eq!((problem.code, problem.next.as_str()), (ProblemCode::NotAllowed, "ask one of: ann, bo"));
    let other = "0".repeat(40);
    let problem = world.control.accept_rewrite(&other, &person("ann")).await.unwrap_err();
    assert!(problem.what.contains(&other), "{problem}");
    world.control.accept_rewrite(&new, &person("ann")).await.unwrap();
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.remote.git(&["rev-parse", "main~1"]).unwrap(), new);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_rewritten_under_a_proven_pin_loses_nothing() {
    let harness = Harness::listen();
    let plan = Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let mut held = harness.hold("before push commit");
    let number = world.pin("1.1").await;
    held.reached().await;
    let files = files(&world);
    let new = rewrite(&world, &files);
    held.go();
    let pin = world.pin_that("it runs and is not recorded", "1.1", |pin| pin.unrecorded().is_some()).await;
    assert!(pin.delay.unwrap().reason.contains("rewritten"));
    assert_eq!(world.remote.head().unwrap(), new, "nothing is forced");
    world.control.accept_rewrite(&new, &person("bo")).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.remote.git(&["rev-parse", "main~1"]).unwrap(), new);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_gone_or_rewritten_and_then_restored_heals_by_itself() {
    let mut world = World::installed().await;
    let head = world.remote.head().unwrap();
    world.remote.delete_branch().unwrap();
    trouble(&world, "git", "no branch").await;
    world.build("1.1").await;
    let waits = |pin: &Pin| pin.delay.is_some();
    world.pin_that("it waits", "1.1", waits).await;
    world.remote.set_head(&head).unwrap();
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_accept_while_the_history_is_whole() {
    let world = World::installed().await;
    let head = world.remote.head().unwrap();
    let problem = world.control.accept_rewrite(&head, &person("ann")).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::TooLate);
    world.agree().await;
}
