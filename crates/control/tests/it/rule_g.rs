//! Rule G: HEAD moved while a pin was under way.

use model::{DropReason, Outcome, PinNumber, Stage};
use testkit::world::{Harness, Held, Plan};
use testkit::{Person, World};

/// A pin of 1.1 that is proven and stands just before its push, with HEAD still where it began.
struct BeforePush {
    world: World,
    harness: Harness,
    held: Held,
    number: PinNumber,
    /// The image that stands in git.
    first: String,
}

async fn before_push() -> BeforePush {
    let harness = Harness::listen();
    let mut world = World::planned(Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() }).await;
    let first = world.image_in_git();
    let mut held = harness.hold("before push commit");
    let number = world.pin("1.1").await;
    held.reached().await;
    BeforePush { world, harness, held, number, first }
}

/// The history is a line, and holds this commit.
fn linear_with(world: &World, commit: &str) {
    let merges = world.remote.git(&["rev-list", "--count", "--merges", "main"]).unwrap();
    assert_eq!(merges, "0");
    world.remote.git(&["merge-base", "--is-ancestor", commit, "main"]).expect("nobody's commit is lost");
}

async fn rounds(world: &World, number: PinNumber) -> u32 {
    world.control.pin_view(number).await.unwrap().pin.rounds
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unrelated_commit_in_between_is_kept_and_ours_comes_on_top() {
    let BeforePush { world, held, number, .. } = before_push().await;
    let theirs = world.remote.commit_as(Person::BOB, "docs/notes.md", "Hello").unwrap();
    held.go();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    linear_with(&world, &theirs);
    assert_eq!(rounds(&world, number).await, 0, "what is unchanged is not proven twice");
    assert_eq!(world.remote.file("docs/notes.md").unwrap(), "Hello");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_changes_other_parts_of_the_instance_is_proven_together_with_ours() {
    let BeforePush { world, held, number, .. } = before_push().await;
    let theirs = world.commit(Person::BOB, "settings.yaml", "hello", "good evening");
    held.go();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    linear_with(&world, &theirs);
    assert_eq!(rounds(&world, number).await, 1);
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "good evening");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repo_that_moves_under_every_round_ends_the_pin_and_nobodys_commit_is_lost() {
    let BeforePush { world, harness, mut held, number, .. } = before_push().await;
    let mut greeting = "hello".to_owned();
    for round in 0..4 {
        if round > 0 {
            held.reached().await;
        }
        let next = format!("good evening {round}");
        world.commit(Person::BOB, "settings.yaml", &greeting, &next);
        greeting = next;
        let following = harness.hold("before push commit");
        held.go();
        held = following;
    }
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert_eq!((reason, healthy), (DropReason::TooManyRounds, true));
    assert!(world.objects.image("web").await.contains(":1.0@"));
    assert!(world.remote.file("apps/shop/prod/settings.yaml").unwrap().contains("good evening 3"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_wrote_the_same_value_has_recorded_it() {
    let BeforePush { world, held, number, first, .. } = before_push().await;
    let newer = world.objects.image("web").await;
    let theirs = world.commit(Person::BOB, "web.yaml", &first, &newer);
    world.remote.commit_as(Person::BOB, "docs/notes.md", "Hello").unwrap();
    held.go();
    let Outcome::Done { commit } = world.ended(number).await else { panic!("theirs is the record") };
    assert_eq!(commit.as_str(), theirs);
    assert_eq!(world.image_in_git(), newer);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_value_together_with_other_changes_is_proven_before_it_counts() {
    let BeforePush { world, held, number, first, .. } = before_push().await;
    let newer = world.objects.image("web").await;
    let web = world.remote.file("apps/shop/prod/web.yaml").unwrap();
    let theirs = web.replace(&first, &newer).replace("replicas: 2", "replicas: 1");
    let theirs = world.remote.commit_as(Person::BOB, "apps/shop/prod/web.yaml", &theirs).unwrap();
    held.go();
    let Outcome::Done { commit } = world.ended(number).await else { panic!("theirs is the record") };
    assert_eq!((commit.as_str(), rounds(&world, number).await), (theirs.as_str(), 1));
    assert_eq!(world.objects.deployment("web").await["spec"]["replicas"], 1);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_wrote_another_value_wins() {
    let BeforePush { world, held, number, first, .. } = before_push().await;
    let digest = world.registry.push_image("acme/shop", "1.2", "1.2").await.unwrap();
    let other = format!("{}/acme/shop:1.2@{digest}", world.registry.address());
    let theirs = world.commit(Person::BOB, "web.yaml", &first, &other);
    held.go();
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to give way") };
    let DropReason::OtherWon { commit, author } = reason else { panic!("{reason:?}") };
    assert_eq!((commit.as_str(), author.as_str(), healthy), (theirs.as_str(), "Bob", true));
    assert_eq!(world.image_in_git(), other);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_head_that_does_not_render_is_named_with_its_author_and_ours_is_recorded_once_it_is_mended() {
    let BeforePush { world, held, number, .. } = before_push().await;
    let good = world.remote.file("apps/shop/prod/settings.yaml").unwrap();
    let theirs = world.remote.commit_as(Person::BOB, "apps/shop/prod/settings.yaml", "kind: [ConfigMap").unwrap();
    held.go();
    let pin = world.pin_that("it is not recorded", "1.1", |pin| pin.unrecorded().is_some()).await;
    let reason = &pin.unrecorded().unwrap().reason;
    assert!(reason.contains(&theirs[..8]) && reason.contains("Bob"), "{reason}");
    assert!(matches!(pin.stage, Stage::HeadMoved { .. }));
    assert!(world.objects.image("web").await.contains(":1.1@"), "it keeps running");
    world.remote.commit_as(Person::ANN, "apps/shop/prod/settings.yaml", &good).unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    linear_with(&world, &theirs);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_gone_stops_and_asks_naming_who_took_it_away() {
    let BeforePush { world, held, number, .. } = before_push().await;
    let web = world.remote.file("apps/shop/prod/web.yaml").unwrap();
    let theirs = world.commit(Person::BOB, "web.yaml", "/acme/shop:", "/acme/other:");
    held.go();
    let pin = world.pin_that("it is not recorded", "1.1", |pin| pin.unrecorded().is_some()).await;
    let reason = &pin.unrecorded().unwrap().reason;
    assert!(reason.contains(&theirs[..8]) && reason.contains("Bob"), "{reason}");
    world.remote.commit_as(Person::BOB, "apps/shop/prod/web.yaml", &web).unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_parts_that_break_the_version_drop_it() {
    let BeforePush { world, held, number, .. } = before_push().await;
    let labels = "metadata: {labels: {app: web}}";
    let crashing = "metadata: {labels: {app: web}, annotations: {devcluster.pinnace.dev/behaviour: crash-loop}}";
    world.commit(Person::BOB, "web.yaml", labels, crashing);
    held.go();
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert_eq!((reason, healthy), (DropReason::Failed, true));
    assert!(world.objects.image("web").await.contains(":1.0@"));
    assert!(world.image_in_git().contains(":1.0@"));
    world.agree().await;
}
