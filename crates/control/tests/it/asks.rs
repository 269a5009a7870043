//! An ask is bound to what it showed; who may answer it, and that the first decision wins.

use control::{Answer, ProblemCode};
use model::{Fact, Outcome, Pin, Stage, Surface};
use testkit::world::{Plan, person};
use testkit::{Person, World};

async fn proposals(world: &World, number: model::PinNumber) -> usize {
    let facts = world.control.pin_view(number).await.unwrap().facts;
    facts.iter().filter(|recorded| matches!(recorded.fact, Fact::Proposed(_))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_shows_what_would_happen_and_who_may_say_so() {
    let mut world = World::installed().await;
    world.head_crashes().await;
    let crashes = world.remote.head().unwrap();
    let theirs = world.commit(Person::BOB, "settings.yaml", "hello", "good evening");
    world.head_failed(&theirs).await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    let pin = world.control.pin_view(number).await.unwrap().pin;
    let proposal = pin.proposal.unwrap();
    assert!(proposal.git_diff.contains("+          image: ") && proposal.git_diff.contains(":1.1@sha256:"));
    assert!(proposal.rendered_diff.contains("data.GREETING: hello -> good evening"), "{}", proposal.rendered_diff);
    let commits: Vec<_> = proposal.commits.iter().map(|line| (line.commit.as_str(), line.author.as_str())).collect();
    assert_eq!(commits, [(theirs.as_str(), "Bob"), (crashes.as_str(), "Bob")]);
    let ask = pin.ask.unwrap();
    assert_eq!((ask.approvers, ask.quorum), (vec![person("ann"), person("bo")], 1));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_elsewhere_between_ask_and_approval_changes_nothing() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    let theirs = world.remote.commit_as(Person::BOB, "docs/notes.md", "Hello").unwrap();
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(proposals(&world, number).await, 1);
    assert_eq!(world.remote.git(&["rev-parse", "main~1"]).unwrap(), theirs);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_the_instance_between_ask_and_approval_is_asked_about_again() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.commit(Person::BOB, "settings.yaml", "hello", "good evening");
    world.approve(number, "ann").await;
    let again = |pin: &Pin| {
        let proposal = pin.proposal.as_ref();
        pin.stage == Stage::Asked && proposal.is_some_and(|shown| shown.rendered_diff.contains("good evening"))
    };
    let pin = world.pin_that("it is asked again", "1.1", again).await;
    assert!(pin.approvals.is_empty());
    assert!(world.objects.image("web").await.contains(":1.0@"), "nothing was touched");
    world.approve(number, "bo").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(proposals(&world, number).await, 2);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpin_whose_base_moved_after_the_click_is_asked_about_like_any_other() {
    let harness = testkit::world::Harness::listen();
    let mut world = World::planned(Plan { barrier: Some(harness.path().to_owned()), ..Plan::default() }).await;
    let number = world.pin("1.1").await;
    world.ended(number).await;
    let mut held = harness.hold("before claim");
    let back = world.control.unpin(&world.instance, &person("ann"), "").await.unwrap();
    held.reached().await;
    world.commit(Person::BOB, "settings.yaml", "hello", "good evening");
    held.go();
    let again = |pin: &Pin| pin.stage == Stage::Asked && pin.approvals.is_empty();
    world.pin_that("it is asked", "1.0", again).await;
    world.approve(back, "ann").await;
    assert!(matches!(world.ended(back).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_answer_is_told_who_may_and_nothing_happens() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    for who in ["cy", "nobody"] {
        let approved = world.control.approve(number, Answer::by(&person(who), Surface::Chat)).await.unwrap_err();
        let rejected = world.control.reject(number, Answer::by(&person(who), Surface::Chat)).await.unwrap_err();
        for problem in [approved, rejected] {
            assert_eq!((problem.code, problem.next.as_str()), (ProblemCode::NotAllowed, "ask one of: ann, bo"));
        }
    }
    assert_eq!(world.asked("1.1").await, number);
    world.control.reject(number, Answer::by(&person("bo"), Surface::Page).because("not today")).await.unwrap();
    let rejected = Outcome::Rejected { by: person("bo"), reason: Some("not today".to_owned()) };
    assert_eq!(world.ended(number).await, rejected);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_yes_is_told_of_the_first() {
    let mut world = World::installed().await;
    let number = world.pin("1.1").await;
    for who in ["ann", "bo"] {
        let problem = world.control.approve(number, Answer::by(&person(who), Surface::Page)).await.unwrap_err();
        assert_eq!(problem.code, ProblemCode::TooLate);
        assert!(problem.what.contains("approved by ann") || problem.what.contains("done"), "{problem}");
    }
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_must_approve_one_is_not_enough_and_twice_the_same_is_one() {
    let mut world = World::planned(Plan { quorum: 2, ..Plan::default() }).await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    let problem = world.control.approve(number, Answer::by(&person("ann"), Surface::Page)).await.unwrap_err();
    assert!(problem.what.contains("ann approved"), "{problem}");
    assert_eq!(world.asked("1.1").await, number);
    world.approve(number, "bo").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_yes_and_no_at_the_same_time_exactly_one_wins() {
    let mut world = World::installed().await;
    for round in 0..5 {
        let tag = format!("2.{round}-never-ready");
        world.build(&tag).await;
        let number = world.asked(&tag).await;
        let (ann, bo) = (person("ann"), person("bo"));
        let (yes, no) = tokio::join!(
            world.control.approve(number, Answer::by(&ann, Surface::Page)),
            world.control.reject(number, Answer::by(&bo, Surface::Chat)),
        );
        assert!(yes.is_ok() != no.is_ok(), "yes: {yes:?}, no: {no:?}");
        if yes.is_ok() {
            world.control.cancel(number, &ann, Surface::Page).await.unwrap();
        }
        world.ended(number).await;
    }
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_ask_and_one_that_ended_take_no_answer() {
    let mut world = World::installed().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.control.cancel(number, &person("bo"), Surface::Page).await.unwrap();
    assert_eq!(world.ended(number).await, Outcome::Cancelled { by: person("bo") });
    let problem = world.control.approve(number, Answer::by(&person("ann"), Surface::Page)).await.unwrap_err();
    assert_eq!((problem.code, problem.what.as_str()), (ProblemCode::TooLate, "pin #1 is already cancelled by bo"));
    let again = world.control.pin_again(number, &person("ann")).await.unwrap();
    assert!(matches!(world.ended(again).await, Outcome::Done { .. }));
    world.agree().await;
}
