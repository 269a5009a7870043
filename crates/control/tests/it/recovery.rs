//! Disaster recovery: the database is lost, or everything but git is. Started again, all is equal to git, no pin is repeated,
//! and what git tells of the history is known again.

use model::{Outcome, PinKind, PinNumber, Stage};
use testkit::world::{Plan, person};
use testkit::{Person, World};

async fn numbers(world: &World) -> Vec<(u64, String, String)> {
    let pins = world.control.pins(Some(&world.instance), None).await.unwrap();
    pins.into_iter().map(|pin| (pin.number.0, pin.to().version().to_owned(), pin.approved_by())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_git_alone_everything_is_equal_again_and_no_pin_is_repeated() {
    let mut world = World::installed().await;
    for tag in ["1.1", "1.2"] {
        let number = world.pin(tag).await;
        assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    }
    let (before, head) = (numbers(&world).await, world.remote.head().unwrap());
    world.lose_everything_but_git(Plan::default()).await;
    world.proven().await;
    assert!(world.objects.image("web").await.contains(":1.2@"));
    assert!(world.objects.config_map("settings").await.is_some());
    assert_eq!(numbers(&world).await, before);
    assert_eq!(world.remote.head().unwrap(), head, "nothing was committed again");
    world.agree().await;

    // The build that runs is announced again: it was pinned, and nobody is asked.
    world.announce("1.2").await;
    // A new one is the next number, and the version before it is known to have worked.
    let number = world.pin("1.3").await;
    assert_eq!(number, PinNumber(3));
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let unpin = world.control.unpin(&world.instance, &person("ann"), "prices are wrong").await.unwrap();
    assert!(matches!(world.ended(unpin).await, Outcome::Done { .. }));
    assert!(world.objects.image("web").await.contains(":1.2@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpinned_instance_is_locked_after_the_database_was_lost_too() {
    let mut world = World::installed().await;
    let number = world.pin("1.1").await;
    world.ended(number).await;
    let unpin = world.control.unpin(&world.instance, &person("ann"), "prices are wrong").await.unwrap();
    assert!(matches!(world.ended(unpin).await, Outcome::Done { .. }));
    world.restart_without_database(Plan { rule: "auto", ..Plan::default() }).await;
    world.proven().await;
    let view = world.control.instance_view(&world.instance).await.unwrap();
    let lock = view.state.lock.expect("it is locked");
    assert_eq!(lock.by.to_string(), "ann");
    assert!(lock.why.starts_with("unpinned in commit "), "{}", lock.why);
    let pins = world.control.pins(Some(&world.instance), None).await.unwrap();
    assert_eq!(pins[0].kind, PinKind::Unpin { of: number });
    assert!(matches!(pins[0].stage, Stage::Ended(Outcome::Done { .. })));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_commit_is_held_back_after_the_database_was_lost_too() {
    let mut world = World::installed().await;
    let image = world.image_in_git();
    let broken = image.replace(":1.0@", ":0.9-crash-loop@");
    let commit = world.commit(Person::BOB, "web.yaml", &image, &broken);
    let before = world.head_failed(&commit).await;
    world.restart_without_database(Plan::default()).await;
    let failed = world.head_failed(&commit).await;
    assert_eq!(failed.head.held_on, before.head.held_on);
    assert!(failed.back.unwrap().healthy);
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.agree().await;
}
