//! An instance is applied only while those that its project needs are proven and Current.

use model::{Outcome, Pin, Stage, Surface};
use serde_json::json;
use testkit::world::{Plan, person};
use testkit::{Person, World};

const AUTH: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: auth}
spec:
  selector: {matchLabels: {app: auth}}
  template:
    metadata: {labels: {app: auth}}
    spec:
      containers: [{name: auth, image: "jobs.example/auth:IMAGE"}]
"#;

/// A world whose shop needs a project `auth` of this image.
async fn with_auth(plan: Plan, image: &str) -> World {
    let world = World::planned(plan).await;
    world.remote.commit_as(Person::BOB, "apps/auth/prod/auth.yaml", &AUTH.replace("IMAGE", image)).unwrap();
    let namespace = world.objects.namespace();
    let auth = format!(
        "projects:\n  auth:\n    image: jobs.example/auth\n    sources: [{{path: \"apps/auth/{{environment}}\"}}]\n    namespaces: {{prod: {namespace}}}\n    rules: {{prod: auto}}\n  shop:\n    needs: [auth]\n"
    );
    let config = world.remote.file("pinnace.yaml").unwrap().replace("projects:\n  shop:\n", &auth);
    let commit = world.remote.commit_as(Person::BOB, "pinnace.yaml", &config).unwrap();
    world.until("the config is read", async |world| (world.control.head().as_str() == commit).then_some(())).await;
    world
}

async fn auth_is_proven(world: &World) {
    let id = "auth/prod".parse().unwrap();
    world
        .until("auth is proven", async |world| world.control.instance_view(&id).await.ok()?.state.verified.map(drop))
        .await;
}

fn waits(pin: &Pin, words: &str) -> bool {
    pin.stage == Stage::Approved && pin.delay.as_ref().is_some_and(|delay| delay.reason.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_waits_for_what_its_project_needs_and_goes_on_when_that_is_proven() {
    let mut world = with_auth(Plan { deadline: "10m", ..Plan::default() }, "never-ready").await;
    let number = world.pin("1.1").await;
    let words = "it waits for auth/prod, which is not installed yet";
    world.pin_that("it says what it waits for", "1.1", |pin| waits(pin, words)).await;
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.remote.commit_as(Person::BOB, "apps/auth/prod/auth.yaml", &AUTH.replace("IMAGE", "1")).unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    auth_is_proven(&world).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_commit_waits_too_and_that_is_shown() {
    let world = with_auth(Plan { deadline: "10m", ..Plan::default() }, "never-ready").await;
    world.commit(Person::BOB, "settings.yaml", "GREETING: hello", "GREETING: good day");
    world
        .until("it says what it waits for", async |world| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            view.now.contains("it waits for auth/prod").then_some(())
        })
        .await;
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "hello");
    let plan = world.control.plan(&world.instance).await.unwrap();
    assert_eq!(plan.waits, ["it waits for auth/prod, which is not installed yet"]);
    let newest = world.remote.commit_as(Person::BOB, "apps/auth/prod/auth.yaml", &AUTH.replace("IMAGE", "1")).unwrap();
    world.head_proven(&newest).await;
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "good day");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proven_and_no_longer_well_is_waited_for() {
    let mut world = with_auth(Plan { drift: "off", deadline: "10m", ..Plan::default() }, "1").await;
    auth_is_proven(&world).await;
    let image =
        |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "auth", "image": image}]}}}});
    world.objects.strategic_edit_deployment("auth", "kubectl-edit", &image("jobs.example/auth:crash-loop")).await;
    world.objects.restarted(1).await;
    let number = world.pin("1.1").await;
    world.pin_that("it says what it waits for", "1.1", |pin| waits(pin, "auth/prod, which is not well")).await;
    world.control.cancel(number, &person("ann"), Surface::Page).await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Cancelled { .. }));
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.agree().await;
}
