//! What was changed by hand is wanted after all: git takes it over, and nothing is rolled out for it.

use control::ProblemCode;
use model::{DriftDone, InstanceState, Written};
use serde_json::{Value, json};
use testkit::World;
use testkit::world::{Plan, person};

async fn state(world: &World) -> Option<InstanceState> {
    Some(world.control.instance_view(&world.instance).await.ok()?.state)
}

async fn reporting() -> World {
    World::planned(Plan { drift: "report", ..Plan::default() }).await
}

/// Waits until a difference in this object, which names this, was told about and left.
async fn told(world: &World, object: &str, what: &str) {
    world
        .until("the drift is told", async |world| {
            let found = state(world).await?.drift.remove(object)?;
            found.what.iter().any(|line| line.contains(what)).then_some(())
        })
        .await;
}

async fn write(world: &World, object: Option<&str>, as_branch: bool) -> Written {
    world.control.write_drift(&world.instance, &person("ann"), object, as_branch).await.unwrap()
}

/// Git and cluster agree, and nothing is told about any more.
async fn is_over(world: &World, written: &Written) {
    world.head_proven(written.commit.as_str()).await;
    world.until("the drift is over", async |world| state(world).await?.drift.is_empty().then_some(())).await;
    world.agree().await;
}

async fn settings(world: &World) -> Value {
    world.objects.config_map("settings").await.unwrap()["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_drift_becomes_a_commit_of_the_person_and_nothing_is_rolled_out() {
    let world = reporting().await;
    world.objects.edit_deployment("web", "kubectl-scale", &json!({"spec": {"replicas": 3}})).await;
    told(&world, "Deployment/web", "spec.replicas").await;
    let (live, before) = (world.objects.deployment("web").await, world.remote.file("apps/shop/prod/web.yaml").unwrap());
    let problem = world.control.write_drift(&world.instance, &person("cy"), None, false).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::NotAllowed);
    let written = write(&world, None, false).await;
    assert_eq!((written.what.as_str(), written.branch.as_deref()), ("drift of Deployment/web", None));
    is_over(&world, &written).await;
    let after = world.remote.file("apps/shop/prod/web.yaml").unwrap();
    assert_eq!(after, before.replace("replicas: 2", "replicas: 3"), "one scalar changed and nothing else");
    let log = world.remote.git(&["log", "-1", "--format=%an%n%B", "main"]).unwrap();
    assert!(log.starts_with("ann\n") && log.contains("Pinnace-Drift: Deployment/web"), "{log}");
    let now = world.objects.deployment("web").await;
    assert_eq!(now["metadata"]["generation"], live["metadata"]["generation"], "its spec was not written");
    assert_eq!(now["spec"], live["spec"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_added_is_added_to_the_file() {
    let world = reporting().await;
    let env = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "DEBUG", "value": "1"}]}]}}}});
    world.objects.strategic_edit_deployment("web", "kubectl-set", &env).await;
    let data = json!({"data": {"GREETING": "good\nday\n", "MORE": "1"}});
    world.objects.edit_config_map("settings", "kubectl-edit", &data).await;
    told(&world, "Deployment/web", "DEBUG").await;
    told(&world, "ConfigMap/settings", "data.MORE").await;
    let before = world.objects.deployment("web").await;
    let written = write(&world, None, false).await;
    is_over(&world, &written).await;
    assert_eq!(settings(&world).await, data["data"]);
    let web = world.objects.deployment("web").await;
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["env"], json!([{"name": "DEBUG", "value": "1"}]));
    // Its pods read the settings, and have not seen the new ones: that is the one thing that was written.
    assert!(web["spec"]["template"]["metadata"]["annotations"][cluster::USED_ANNOTATION].is_string());
    assert_eq!(web["spec"]["template"]["spec"], before["spec"]["template"]["spec"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_took_away_is_taken_out_of_the_file() {
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\n  labels: {tier: web}\ndata:\n  A: one  # the first\n  B: two\n";
    let more = vec![("two.yaml".to_owned(), two.to_owned())];
    let world = World::planned(Plan { drift: "report", more, ..Plan::default() }).await;
    let edit = json!({"metadata": {"labels": {"tier": null}}, "data": {"B": null, "A": "1"}});
    world.objects.edit_config_map("two", "kubectl-edit", &edit).await;
    told(&world, "ConfigMap/two", "data.B").await;
    let written = write(&world, None, false).await;
    is_over(&world, &written).await;
    let after = world.remote.file("apps/shop/prod/two.yaml").unwrap();
    assert_eq!(after, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata:\n  A: \"1\"  # the first\n");
    assert_eq!(world.objects.config_map("two").await.unwrap()["data"], json!({"A": "1"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_repaired_is_written_from_the_record() {
    let world = World::installed().await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    world.until("it is repaired", async |world| state(world).await?.repaired).await;
    assert_eq!(settings(&world).await["GREETING"], "hello");
    let written = write(&world, Some("ConfigMap/settings"), false).await;
    is_over(&world, &written).await;
    assert_eq!(settings(&world).await["GREETING"], "bye");
    // The same is not written twice.
    let again = world.control.write_drift(&world.instance, &person("ann"), None, false).await.unwrap_err();
    assert_eq!(again.code, ProblemCode::TooLate);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_as_a_fight_can_be_written_and_is_no_drift_then() {
    let world = World::installed().await;
    for round in 0..=3 {
        let facts = world.control.store().instance_facts(&world.instance).await.unwrap().len();
        let data = json!({"data": {"GREETING": format!("bye {round}")}});
        world.objects.edit_config_map("settings", "kubectl-edit", &data).await;
        let more = async |world: &World| {
            let now = world.control.store().instance_facts(&world.instance).await.ok()?.len();
            (now > facts).then_some(())
        };
        world.until("something is done about it", more).await;
    }
    let left = state(&world).await.unwrap().drift;
    assert_eq!(left["ConfigMap/settings"].done, DriftDone::GivenUp);
    let written = write(&world, None, false).await;
    is_over(&world, &written).await;
    assert_eq!(settings(&world).await["GREETING"], "bye 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_review_it_is_a_branch_with_the_next_number_and_nothing_else_is_touched() {
    let world = reporting().await;
    let head = world.remote.head().unwrap();
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye"}})).await;
    told(&world, "ConfigMap/settings", "data.GREETING").await;
    let first = write(&world, None, true).await;
    assert_eq!(first.branch.as_deref(), Some("pinnace/drift-shop-prod-1"));
    let again = write(&world, None, true).await;
    assert_eq!(again.branch, first.branch, "the same is found there");
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye bye"}})).await;
    let second = write(&world, Some("ConfigMap/settings"), true).await;
    assert_eq!(second.branch.as_deref(), Some("pinnace/drift-shop-prod-2"));
    assert_eq!(world.remote.head().unwrap(), head);
    assert_eq!(state(&world).await.unwrap().written.unwrap().0, second);
    world.remote.set_head(second.commit.as_str()).unwrap();
    is_over(&world, &second).await;
    assert_eq!(settings(&world).await["GREETING"], "bye bye");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_place_in_a_plain_file_is_refused_with_what_to_edit_by_hand() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: planted-4711}\n";
    let more = vec![("key.yaml".to_owned(), secret.to_owned())];
    let world = World::planned(Plan { drift: "report", more, ..Plan::default() }).await;
    let head = world.remote.head().unwrap();
    world.objects.edit_secret("key", "kubectl-edit", &json!({"stringData": {"password": "other-4711"}})).await;
    // A value of a Secret somewhere else is not written out either.
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "planted-4711"}})).await;
    told(&world, "ConfigMap/settings", "data.GREETING").await;
    let cases = [
        ("Secret/key", "edit it by hand"),
        ("ConfigMap/settings", "may be secret"),
        ("ConfigMap/none", "git has no ConfigMap/none"),
        ("Deployment/web", "nothing of Deployment/web differs"),
    ];
    for (object, says) in cases {
        let refused =
            world.control.write_drift(&world.instance, &person("ann"), Some(object), false).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::TooLate);
        assert!(refused.what.contains(says) && !refused.what.contains("4711"), "{refused}");
    }
    assert_eq!(world.remote.head().unwrap(), head);
}
