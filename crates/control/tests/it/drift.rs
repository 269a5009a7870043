//! What is changed behind our back in the cluster: made equal again, or told, by the rule of the environment.

use control::Mark;
use model::{DriftDone, DriftFound, InstanceFact, InstanceState};
use serde_json::json;
use testkit::World;
use testkit::world::Plan;

async fn state(world: &World) -> Option<InstanceState> {
    Some(world.control.instance_view(&world.instance).await.ok()?.state)
}

/// Waits until an object was repaired for what this names.
async fn repaired(world: &World, object: &str, what: &str) -> DriftFound {
    let about = |found: &DriftFound| found.object == object && found.what.iter().any(|line| line.contains(what));
    world
        .until("it is repaired", async |world| {
            state(world).await?.repaired.map(|(found, _)| found).filter(|found| about(found))
        })
        .await
}

async fn times_repaired(world: &World) -> usize {
    let facts = world.control.store().instance_facts(&world.instance).await.unwrap();
    let is_repair =
        |fact: &InstanceFact| matches!(fact, InstanceFact::Drifted(found) if found.done == DriftDone::Repaired);
    facts.iter().filter(|recorded| is_repair(&recorded.fact)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_changed_is_made_equal_again_and_who_did_it_is_said() {
    let world = World::installed().await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye", "MORE": "1"}})).await;
    let found = repaired(&world, "ConfigMap/settings", "data.GREETING by kubectl-edit").await;
    assert!(found.what.iter().any(|line| line.starts_with("data.MORE")), "{found:?}");
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"], json!({"GREETING": "hello"}));
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Healthy);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_there_again() {
    let world = World::installed().await;
    world.objects.delete_config_map("settings").await;
    let found = repaired(&world, "ConfigMap/settings", "is gone").await;
    assert_eq!(found.done, DriftDone::Repaired);
    assert!(world.objects.config_map("settings").await.is_some());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_somebody_set_by_hand_does_not_stay() {
    let world = World::installed().await;
    let image = world.objects.image("web").await;
    let other = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "elsewhere/shop:9"}]}}}});
    world.objects.strategic_edit_deployment("web", "kubectl-set", &other).await;
    repaired(&world, "Deployment/web", "image by kubectl-set").await;
    assert_eq!(world.objects.image("web").await, image);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_changing_it_is_not_fought_for_ever() {
    let world = World::installed().await;
    for round in 1..=3 {
        world
            .objects
            .edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": format!("bye {round}")}}))
            .await;
        world.until("it is repaired", async |world| (times_repaired(world).await == round).then_some(())).await;
    }
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye for good"}})).await;
    let state =
        world.until("it is given up", async |world| state(world).await.filter(|state| !state.drift.is_empty())).await;
    let left: Vec<DriftDone> = state.drift.values().map(|found| found.done).collect();
    assert_eq!(left, [DriftDone::GivenUp]);
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "bye for good");
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Drifted);
    assert!(view.now.contains("left to people"), "{}", view.now);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_rule_is_report_it_is_told_and_left_until_somebody_puts_it_back() {
    let world = World::planned(Plan { drift: "report", ..Plan::default() }).await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    let told = async |world: &World| state(world).await.filter(|state| state.drift.contains_key("ConfigMap/settings"));
    world.until("it is told", told).await;
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "bye");
    assert_eq!(world.control.instance_view(&world.instance).await.unwrap().mark, Mark::Drifted);
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "hello"}})).await;
    world.until("it is gone", async |world| state(world).await.filter(|state| state.drift.is_empty())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_while_nobody_looked_is_repaired_after_a_restart() {
    let mut world = World::installed().await;
    world.stop().await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    world.restart(Plan::default()).await;
    repaired(&world, "ConfigMap/settings", "data.GREETING").await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_held_back_from_a_bad_commit_is_kept_equal_to_the_verified_one() {
    let world = World::installed().await;
    world.head_crashes().await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    repaired(&world, "ConfigMap/settings", "data.GREETING").await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_person_changed_is_made_equal_again_where_secrets_are_watched() {
    const KEY: &str =
        "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: planted-one-4711}}\n";
    let more = vec![("key.yaml".to_owned(), KEY.to_owned())];
    let world = World::planned(Plan { more, ..Plan::default() }).await;
    world.commit(testkit::Person::ANN, "pinnace.yaml", "    chat:", "    watchSecrets: true\n    chat:");
    for round in 1..=2 {
        let value = format!("planted-by-hand-{round}");
        world.objects.edit_secret("key", "kubectl-edit", &json!({"stringData": {"password": value}})).await;
        world.until("it is repaired", async |world| (times_repaired(world).await == round).then_some(())).await;
    }
    let found = repaired(&world, "Secret/key", "data.password by kubectl-edit").await;
    assert!(!format!("{found:?}").contains("planted"), "{found:?}");
    world.agree().await;
}
