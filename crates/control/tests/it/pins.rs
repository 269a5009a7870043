//! The main path: proven and recorded, or dropped and back.

use model::Outcome;
use testkit::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_build_is_proven_and_only_then_committed() {
    let mut world = World::installed().await;
    let before = world.remote.head().unwrap();
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_ne!(world.remote.head().unwrap(), before);
    assert!(world.image_in_git().contains("acme/shop:1.1@sha256:"), "{}", world.image_in_git());
    assert_eq!(world.objects.image("web").await, world.image_in_git());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_crashes_is_dropped_and_the_cluster_is_back_on_what_worked() {
    let mut world = World::installed().await;
    let before = (world.remote.head().unwrap(), world.image_in_git());
    let number = world.pin("1.1-crash-loop").await;
    let Outcome::Dropped { healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert!(healthy);
    let pin = world.control.pin_view(number).await.unwrap().pin;
    let failure = pin.failure.unwrap();
    assert!(failure.sentence.contains("starts and stops again"), "{}", failure.sentence);
    assert!(failure.log.iter().any(|line| line.contains("KeyError: 'STRIPE_KEY'")), "{:?}", failure.log);
    assert_eq!((world.remote.head().unwrap(), world.image_in_git()), before);
    assert_eq!(world.objects.image("web").await, before.1);
    world.agree().await;
}
