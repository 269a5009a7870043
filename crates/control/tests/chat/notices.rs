//! What happens to an instance apart from its pins is told, and where it waits for a yes that can be said in chat.

use serde_json::json;
use testkit::world::Plan;
use testkit::{FakeSlack, Person, World};

use super::{says, slack};

/// Two of three objects that would go at once are more than the guard lets go.
const TWO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\n";

async fn planned(drift: &'static str) -> World {
    let more = vec![("more.yaml".to_owned(), TWO.to_owned())];
    World::planned(Plan { slack: true, rule: "auto", drift, more, ..Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guard_holds_is_told_and_deleted_when_an_approver_says_so_in_chat() {
    let world = planned("repair").await;
    let gone = world.remote.remove_as(Person::BOB, "apps/shop/prod/more.yaml").unwrap();
    world.head_proven(&gone).await;
    let told = |slack: &FakeSlack| {
        says(slack, "3 objects no longer in git") && says(slack, "/two (3 of 5 objects would go at once)")
    };
    slack(&world).until("what is held is told", told).await.unwrap();
    slack(&world).press(FakeSlack::DEPLOYS, "confirm-prune", FakeSlack::BO).await.unwrap();
    let refused = |slack: &FakeSlack| slack.ephemerals().iter().any(|said| said.text.contains("Nothing was done"));
    slack(&world).until("who may not is told so", refused).await.unwrap();
    assert!(world.objects.config_map("two").await.is_some());
    slack(&world).press(FakeSlack::DEPLOYS, "confirm-prune", FakeSlack::ANN).await.unwrap();
    let over = |slack: &FakeSlack| says(slack, "3 objects deleted, as ann said");
    slack(&world).until("the end is told", over).await.unwrap();
    for name in ["one", "two", "three"] {
        assert!(world.objects.config_map(name).await.is_none());
    }
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1, "one message, edited");
    assert!(slack(&world).messages(FakeSlack::DEPLOYS)[0].buttons().iter().all(|button| button != "confirm-prune"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_is_left_so_is_told_and_its_end_too() {
    let world = planned("report").await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    let told = |slack: &FakeSlack| says(slack, "differs from git") && says(slack, "data.GREETING by kubectl-edit");
    slack(&world).until("the difference is told", told).await.unwrap();
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "hello"}})).await;
    slack(&world).until("the end is told", |slack| says(slack, "is equal to git again")).await.unwrap();
    assert_eq!(slack(&world).messages(FakeSlack::DEPLOYS).len(), 1, "one message, edited");
}
