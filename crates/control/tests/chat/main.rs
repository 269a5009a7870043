//! People are asked in chat and answer there: against a Slack that speaks the real protocol.
#![cfg(test)]

mod fleets;
mod notices;

use model::Outcome;
use testkit::world::Plan;
use testkit::{FakeSlack, World};

async fn world() -> World {
    World::planned(Plan { slack: true, ..Plan::default() }).await
}

fn slack(world: &World) -> &FakeSlack {
    world.slack.as_ref().expect("the plan has one")
}

fn can_approve(slack: &FakeSlack) -> bool {
    let messages = slack.messages(FakeSlack::DEPLOYS);
    messages.len() == 1 && messages[0].buttons().iter().any(|button| button == "approve")
}

fn says(slack: &FakeSlack, words: &str) -> bool {
    slack.messages(FakeSlack::DEPLOYS).iter().any(|message| message.text.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_has_one_message_that_is_answered_there_and_edited_to_the_end() {
    let mut world = world().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    slack(&world).until("the ask is posted with its buttons", can_approve).await.unwrap();
    slack(&world).press(FakeSlack::DEPLOYS, "approve", FakeSlack::ANN).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    slack(&world).until("the end is told", |slack| says(slack, "shop → prod: runs 1.1")).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1, "one message, edited");
    assert_eq!(world.control.pin_view(number).await.unwrap().pin.approved_by(), "ann");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_not_is_told_alone_and_nothing_is_done() {
    let mut world = world().await;
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    slack(&world).until("the ask is posted with its buttons", can_approve).await.unwrap();
    for user in [FakeSlack::STRANGER, FakeSlack::BO] {
        slack(&world).press(FakeSlack::DEPLOYS, "approve", user).await.unwrap();
        slack(&world)
            .until("they are told why", |slack| slack.ephemerals().iter().any(|said| said.user == user))
            .await
            .unwrap();
    }
    assert_eq!(world.asked("1.1").await, number, "it is still asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn chat_down_stops_no_pin_and_what_was_not_said_is_said_later() {
    let mut world = world().await;
    slack(&world).set_down(true);
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(slack(&world).messages(FakeSlack::DEPLOYS).is_empty());
    slack(&world).set_down(false);
    slack(&world).until("the end is told", |slack| says(slack, "shop → prod: runs 1.1")).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_found_again_and_not_repeated() {
    let mut world = world().await;
    slack(&world).drop_answer_after_effect("chat.postMessage");
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    world.approve(number, "ann").await;
    world.ended(number).await;
    slack(&world).until("the end is told", |slack| says(slack, "shop → prod: runs 1.1")).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_commit_that_fails_has_one_message_that_says_at_last_that_it_is_over() {
    let world = world().await;
    world.head_crashes().await;
    let held = |slack: &FakeSlack| says(slack, "a pushed commit does not work") && says(slack, "held on commit");
    slack(&world).until("the failure is told, and that it is held back", held).await.unwrap();
    assert!(says(slack(&world), "by Bob"));
    world.control.revert_head(&world.instance, &testkit::world::person("ann"), false).await.unwrap();
    slack(&world).until("the end is told", |slack| says(slack, "what was pushed works again")).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1, "one message, edited");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_of_a_pushed_commit_is_told_and_its_end_too() {
    let world = World::planned(Plan { slack: true, rule: "auto", ..Plan::default() }).await;
    let refused = "apiVersion: v1\nkind: Service\nmetadata: {name: odd}\nspec: {ports: [{port: 99999}]}\n";
    let path = "apps/shop/prod/odd.yaml";
    world.remote.commit_as(testkit::Person::BOB, path, refused).unwrap();
    let told = |slack: &FakeSlack| says(slack, "a part of what was pushed is left out") && says(slack, "odd.yaml:1");
    slack(&world).until("what is left out is told", told).await.unwrap();
    world.remote.commit_as(testkit::Person::BOB, path, &refused.replace("99999", "80")).unwrap();
    let over = |slack: &FakeSlack| says(slack, "nothing that was pushed is left out any more");
    slack(&world).until("the end is told", over).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1, "one message, edited");
    world.agree().await;
}
