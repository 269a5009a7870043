//! A fleet pin has one message, however many instances it is about.

use control::FleetView;
use testkit::slack::Click;
use testkit::world::{Plan, person};
use testkit::{FakeSlack, Person, World};

const THREE: &[&str] = &["c1", "c2", "c3"];

fn three() -> Plan {
    Plan { slack: true, customers: THREE, waves: "{size: 1, pause: 0s}", ..Plan::default() }
}

async fn installed(plan: Plan) -> World {
    let world = World::planned(plan).await;
    for customer in THREE {
        let id = format!("shop/prod/{customer}").parse().unwrap();
        world
            .until("every instance is proven", async |world| {
                world.control.instance_view(&id).await.ok()?.state.verified.map(drop)
            })
            .await;
    }
    world
}

fn slack(world: &World) -> &FakeSlack {
    world.slack.as_ref().unwrap()
}

/// Waits until the one message of the channel says these words; gives its buttons.
async fn says(world: &World, words: &str) -> Vec<String> {
    let what = format!("the message says `{words}`");
    let said =
        |slack: &FakeSlack| slack.messages(FakeSlack::DEPLOYS).iter().any(|message| message.text.contains(words));
    slack(world).until(&what, said).await.unwrap();
    let messages = slack(world).messages(FakeSlack::DEPLOYS);
    assert_eq!(messages.len(), 1, "one message, edited: {messages:#?}");
    messages[0].buttons()
}

async fn press(world: &World, action: &str, user: &str) {
    slack(world).press(FakeSlack::DEPLOYS, action, user).await.unwrap();
}

async fn told_alone(world: &World, user: &str, words: &str) {
    let told = |slack: &FakeSlack| slack.ephemerals().iter().any(|said| said.user == user && said.text.contains(words));
    slack(world).until(&format!("{user} is told `{words}`"), told).await.unwrap();
}

/// Waits for the end of the fleet pin, which takes longer than a message.
async fn over(world: &World) {
    world.fleet_that("the fleet pin is over", |view| view.fleet.ended).await;
}

async fn fleet(world: &World) -> FleetView {
    world.control.fleets(None).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_instances_are_asked_about_and_approved_in_one_message() {
    let mut world = installed(three()).await;
    world.build("2.0").await;
    let buttons = says(&world, "shop → prod (3 instances): pin 2.0?").await;
    assert_eq!(buttons, ["approve", "reject", "details"]);
    press(&world, "approve", FakeSlack::ANN).await;
    over(&world).await;
    let buttons = says(&world, "shop → prod (3 instances): all run 2.0").await;
    assert_eq!(buttons, ["details"]);
    let before = slack(&world).messages(FakeSlack::DEPLOYS)[0].before.join("\n");
    assert!(before.contains("pinning 2.0 (wave 1 of 3)") && before.contains("(wave 3 of 3)"), "{before}");
    assert_eq!(fleet(&world).await.fleet.approvals[0].by, person("ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_failure_is_told_with_its_last_lines_and_what_was_left_alone() {
    let mut world = installed(three()).await;
    world.build("2.0-crash-loop").await;
    says(&world, "pin 2.0-crash-loop?").await;
    press(&world, "approve", FakeSlack::ANN).await;
    over(&world).await;
    says(&world, "2.0-crash-loop failed in wave 1 of 3, stopped").await;
    says(&world, "shop/prod/c1: ").await;
    says(&world, "None runs 2.0-crash-loop, 1 failed, 2 left as they were.").await;
    let blocks = slack(&world).messages(FakeSlack::DEPLOYS)[0].blocks.to_string();
    assert!(blocks.contains("```"), "the failing container's last lines are there: {blocks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_alone_and_nothing_is_done() {
    let mut world = installed(three()).await;
    let (cy, with_account) = ("cy: {email: cy@example.org}", "cy: {email: cy@example.org, slack: U0BO00002}");
    world.commit(Person::BOB, "pinnace.yaml", cy, with_account);
    let known = async |world: &World| world.control.config().person_by_slack(FakeSlack::BO).map(drop);
    world.until("cy has an account", known).await;
    world.build("2.0").await;
    says(&world, "pin 2.0?").await;
    press(&world, "approve", FakeSlack::BO).await;
    told_alone(&world, FakeSlack::BO, "cy may not decide about a fleet pin in shop/prod; ask one of: ann, bo").await;
    press(&world, "reject", FakeSlack::STRANGER).await;
    told_alone(&world, FakeSlack::STRANGER, "from another workspace").await;
    let view = fleet(&world).await;
    assert_eq!((view.tally.asked, view.fleet.approvals.len(), view.fleet.stopped), (3, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_what_was_asked_before_decides_nothing_and_cancel_stops_it() {
    let mut world = installed(Plan { waves: "{size: 1, pause: 1h}", ..three() }).await;
    world.build("2.0").await;
    says(&world, "pin 2.0?").await;
    let message = slack(&world).messages(FakeSlack::DEPLOYS)[0].ts.clone();
    let id = world.control.store().fleets(None, 1).await.unwrap()[0].id.clone();
    let older = format!("{id}.0011223344556677");
    let click = Click {
        channel: FakeSlack::DEPLOYS,
        message: &message,
        action: "approve",
        user: FakeSlack::ANN,
        forged_value: Some(&older),
    };
    slack(&world).click(&click).await.unwrap();
    told_alone(&world, FakeSlack::ANN, "what would change is no longer what you saw").await;
    assert_eq!(fleet(&world).await.fleet.approvals.len(), 0);
    press(&world, "approve", FakeSlack::ANN).await;
    says(&world, "pinning 2.0 (wave 1 of 3)").await;
    world.fleet_that("the first wave is over", |view| view.tally.done == 1).await;
    press(&world, "cancel", FakeSlack::ANN).await;
    over(&world).await;
    says(&world, "Cancelled by ann. 1 instance runs 2.0, 2 left as they were.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_decides_is_told_at_once_and_a_lost_answer_is_not_said_twice() {
    let mut world = installed(Plan { rule: "auto", ..three() }).await;
    slack(&world).drop_answer_after_effect("chat.postMessage");
    world.build("2.0").await;
    over(&world).await;
    says(&world, "shop → prod (3 instances): all run 2.0").await;
    let blocks = slack(&world).messages(FakeSlack::DEPLOYS)[0].blocks.to_string();
    assert!(blocks.contains("approved by policy auto"), "{blocks}");
}
