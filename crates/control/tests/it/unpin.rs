//! Unpin is the full twin of a pin.

use control::{Answer, ProblemCode};
use model::{Outcome, PinNumber, Stage, Surface};
use testkit::World;
use testkit::world::{Plan, person};

async fn unpin(world: &World, who: &str) -> PinNumber {
    world.control.unpin(&world.instance, &person(who), "").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_goes_back_with_its_own_proof_and_commit_and_locks_until_a_person_unlocks() {
    let mut world = World::planned(Plan { rule: "auto", ..Plan::default() }).await;
    let first = world.image_in_git();
    world.build("1.1").await;
    let pin = world.pin_that("1.1 is done", "1.1", |pin| matches!(pin.stage, Stage::Ended(_))).await;
    let recorded = world.remote.head().unwrap();
    let back = unpin(&world, "ann").await;
    assert!(matches!(world.ended(back).await, Outcome::Done { .. }));
    assert_ne!(world.remote.head().unwrap(), recorded, "an unpin has a commit of its own");
    assert_eq!((world.image_in_git(), world.objects.image("web").await), (first.clone(), first));
    let message = world.remote.git(&["log", "-1", "--format=%an%n%B", "main"]).unwrap();
    for wanted in ["ann\n", "unpin to 1.0", &format!("Pinnace-Unpins: {}", pin.number.0), "Pinnace-Locked: true"] {
        assert!(message.contains(wanted), "{message}");
    }
    let facts = world.control.pin_view(back).await.unwrap().facts;
    assert!(facts.iter().any(|recorded| matches!(recorded.fact, model::Fact::Verified { .. })));

    world.build("1.2").await;
    let asked = world.asked("1.2").await;
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.state.lock.unwrap().why, "unpinned by ann");
    world.control.unlock(&world.instance, &person("bo")).await.unwrap();
    world.build("1.3").await;
    let pin = world.pin_that("1.3 is done", "1.3", |pin| matches!(pin.stage, Stage::Ended(_))).await;
    assert_eq!(pin.approved_by(), "policy auto");
    assert_eq!(world.ended(asked).await, Outcome::Superseded { by: pin.number });
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_of_an_unpin_goes_forward_again() {
    let mut world = World::installed().await;
    let number = world.pin("1.1").await;
    world.ended(number).await;
    let newer = world.image_in_git();
    for expected in ["1.0", "1.1"] {
        let number = unpin(&world, "bo").await;
        assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
        assert!(world.image_in_git().contains(expected));
    }
    assert_eq!((world.image_in_git(), world.objects.image("web").await), (newer.clone(), newer));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_go_back_to_before_anything_else_ran() {
    let world = World::installed().await;
    let problem = world.control.unpin(&world.instance, &person("ann"), "").await.unwrap_err();
    assert_eq!(problem.to_string(), "shop/prod was never pinned; there is no version before to go back to");
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert!(view.state.lock.is_none() && view.open.is_none());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_never_ran_is_not_gone_back_to() {
    let mut world = World::started(Plan { first: "1.0-image-missing", ..Plan::default() }).await;
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let problem = world.control.unpin(&world.instance, &person("ann"), "").await.unwrap_err();
    assert!(problem.what.contains("never seen to work"), "{problem}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_by_somebody_who_may_not_changes_nothing_and_names_who_may() {
    let mut world = World::installed().await;
    let number = world.pin("1.1").await;
    world.ended(number).await;
    for who in ["cy", "nobody"] {
        let problem = world.control.unpin(&world.instance, &person(who), "").await.unwrap_err();
        assert_eq!((problem.code, problem.next.as_str()), (ProblemCode::NotAllowed, "ask one of: ann, bo"));
    }
    assert!(world.control.instance_view(&world.instance).await.unwrap().state.lock.is_none());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_to_a_version_that_no_longer_works_is_dropped_and_the_newer_one_runs_on() {
    let mut world = World::installed().await;
    let number = world.pin("1.1").await;
    world.ended(number).await;
    let running = world.image_in_git();
    // What 1.0 needs is gone by now.
    world.commit(
        testkit::Person::BOB,
        "web.yaml",
        "    metadata: {labels: {app: web}}\n",
        "    metadata: {labels: {app: web}, annotations: {devcluster.pinnace.dev/behaviour: crash-loop}}\n",
    );
    let back = unpin(&world, "ann").await;
    let Outcome::Dropped { healthy, .. } = world.ended(back).await else { panic!("it was to be dropped") };
    assert!(healthy);
    assert_eq!(world.objects.image("web").await, running);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_to_an_image_that_the_registry_no_longer_has_touches_nothing() {
    let mut world = World::installed().await;
    let first = world.image_in_git();
    let number = world.pin("1.1").await;
    world.ended(number).await;
    let (running, digest) = (world.image_in_git(), first.split('@').nth(1).unwrap());
    world.registry.delete("acme/shop", digest).await.unwrap();
    let back = unpin(&world, "ann").await;
    let Outcome::Refused { why } = world.ended(back).await else { panic!("it was to be refused") };
    assert!(why.contains("no longer has") && why.contains(":1.0@"), "{why}");
    assert_eq!((world.objects.image("web").await, world.image_in_git()), (running.clone(), running));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_must_approve_who_unpins_is_one_of_them() {
    let mut world = World::planned(Plan { quorum: 2, ..Plan::default() }).await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    world.approve(number, "bo").await;
    world.ended(number).await;
    let author = world.remote.git(&["log", "-1", "--format=%an|%B", "main"]).unwrap();
    assert!(author.starts_with("Pinnace|") && author.contains("Pinnace-Approved-By: bo"), "{author}");
    let back = unpin(&world, "bo").await;
    let pin = world.pin_that("it waits for a second person", "1.0", |pin| pin.approvals.len() == 1).await;
    assert_eq!((pin.number, &pin.stage), (back, &Stage::Asked));
    let twice = world.control.approve(back, Answer::by(&person("bo"), Surface::Page)).await.unwrap_err();
    assert_eq!(twice.code, ProblemCode::TooLate);
    world.approve(back, "ann").await;
    assert!(matches!(world.ended(back).await, Outcome::Done { .. }));
    world.agree().await;
}
