//! A plan that was saved is carried out as it was shown, or not at all.

use control::{Mark, Plan as Planned, ProblemCode};
use serde_json::json;
use testkit::world::{Plan, person};
use testkit::{Person, World};

async fn reporting() -> World {
    let world = World::planned(Plan { drift: "report", ..Plan::default() }).await;
    edited(&world, "bye").await;
    world
}

async fn edited(world: &World, greeting: &str) {
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": greeting}})).await;
    let says = |value: &str| format!("\"{value}\"");
    world
        .until("the drift is told", async |world| {
            let drift = world.control.instance_view(&world.instance).await.ok()?.state.drift;
            let fields = &drift.get("ConfigMap/settings")?.fields;
            fields.iter().any(|field| field.live == Some(says(greeting))).then_some(())
        })
        .await;
}

async fn save(world: &World) -> (u64, Planned) {
    world.control.save_plan(&world.instance, &person("ann")).await.unwrap()
}

async fn greeting(world: &World) -> String {
    world.objects.config_map("settings").await.unwrap()["data"]["GREETING"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_makes_equal_what_the_rule_leaves_to_people() {
    let world = reporting().await;
    let (number, plan) = save(&world).await;
    let settings = plan.objects.iter().find(|object| object.object.contains("settings")).unwrap();
    assert_eq!(settings.action, "change");
    let [change] = settings.changes.as_slice() else { panic!("one field would change: {settings:?}") };
    assert_eq!((change.live.as_str(), change.desired.as_str()), ("bye", "hello"));
    assert_eq!(greeting(&world).await, "bye", "nothing was done yet");
    let refused = world.control.sync_planned(&world.instance, &person("cy"), number).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::NotAllowed);
    world.control.sync_planned(&world.instance, &person("ann"), number).await.unwrap();
    world
        .until("it is carried out", async |world| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            (view.state.sync_wanted.is_none() && view.mark == Mark::Healthy).then_some(())
        })
        .await;
    assert_eq!(greeting(&world).await, "hello");
    world.agree().await;
    // The rule holds again for what comes after.
    edited(&world, "bye again").await;
    assert_eq!(greeting(&world).await, "bye again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_live_values_changed_since_is_refused_and_says_so() {
    let world = reporting().await;
    let (number, _) = save(&world).await;
    edited(&world, "something else").await;
    let refused = world.control.sync_planned(&world.instance, &person("ann"), number).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::Differs);
    assert!(refused.what.contains("settings") && refused.what.contains("other values"), "{refused}");
    assert_eq!(greeting(&world).await, "something else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_head_changed_since_is_refused_and_one_that_renders_the_same_is_not() {
    let world = reporting().await;
    let (number, _) = save(&world).await;
    // Another commit, and the same objects.
    world.commit(Person::BOB, "web.yaml", "# The shop's web part.", "# The web part.");
    world.control.sync_planned(&world.instance, &person("ann"), number).await.unwrap();
    world
        .until("it is carried out", async |world| {
            let state = world.control.instance_view(&world.instance).await.ok()?.state;
            (state.sync_wanted.is_none() && state.drift.is_empty()).then_some(())
        })
        .await;
    assert_eq!(greeting(&world).await, "hello");
    let (number, plan) = save(&world).await;
    assert!(!plan.differs(), "{plan:?}");
    let commit = world.commit(Person::BOB, "settings.yaml", "GREETING: hello", "GREETING: good day");
    world.head_proven(&commit).await;
    let refused = world.control.sync_planned(&world.instance, &person("ann"), number).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::Differs);
    assert!(refused.what.contains("renders to something else"), "{refused}");
    let none = world.control.sync_planned(&world.instance, &person("ann"), 4711).await.unwrap_err();
    assert_eq!(none.code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_of_a_held_back_commit_has_it_tried_again() {
    let world = World::installed().await;
    world.objects.let_no_pod_in().await;
    let commit = world.commit(Person::BOB, "web.yaml", "replicas: 2", "replicas: 3");
    world.head_failed(&commit).await;
    world.objects.let_pods_in().await;
    let (number, plan) = save(&world).await;
    assert!(plan.differs() && !plan.is_proven);
    world.control.sync_planned(&world.instance, &person("ann"), number).await.unwrap();
    world.head_proven(&commit).await;
    world.agree().await;
}
