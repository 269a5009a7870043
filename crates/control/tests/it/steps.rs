//! What needs another object is applied after that is Current: in pins, pushed commits and first installs alike.

use model::{DropReason, Outcome, Stage, Surface};
use testkit::world::{Harness, Plan, person};
use testkit::{Person, World};

/// A Deployment that needs the shop's web part.
const FRONT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: front
  annotations: {pinnace.dev/needs: Deployment/web}
spec:
  replicas: 1
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec:
      containers: [{name: front, image: "IMAGE"}]
"#;

/// A Job that ends as its image says, and a ConfigMap that waits for it.
fn job_and_late(name: &str, ends: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: {name}, image: \"jobs.example/{name}:{ends}\"}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: late-{name}, annotations: {{pinnace.dev/needs: Job/{name}}}}}
"
    )
}

fn with_front() -> Plan {
    Plan { more: vec![("front.yaml".to_owned(), FRONT.to_owned())], deadline: "10m", ..Plan::default() }
}

fn more(name: &str, text: &str) -> Plan {
    Plan { more: vec![(name.to_owned(), text.to_owned())], deadline: "10m", ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_goes_step_by_step_and_says_what_the_next_one_waits_for() {
    let mut world = World::planned(with_front()).await;
    let number = world.pin("1.1-slow-ready").await;
    let waits = |stage: &Stage| matches!(stage, Stage::Inventoried { waiting_for } if waiting_for.contains("1 object waits for it"));
    world.pin_that("it says what it waits for", "1.1-slow-ready", |pin| waits(&pin.stage)).await;
    assert!(world.objects.image("front").await.contains(":1.0@"), "its step has not come");
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(world.objects.image("front").await.contains(":1.1-slow-ready@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_leaves_the_next_one_unwritten_and_the_pin_is_dropped() {
    let mut world = World::planned(with_front()).await;
    let front = world.objects.deployment("front").await["metadata"]["generation"].clone();
    let number = world.pin("1.1-crash-loop").await;
    let Outcome::Dropped { reason, healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert_eq!((reason, healthy), (DropReason::Failed, true));
    let failure = world.control.pin_view(number).await.unwrap().pin.failure.unwrap();
    assert_eq!(failure.object, "Deployment/web");
    assert!(failure.log.last().unwrap().contains("KeyError"), "{failure:?}");
    assert_eq!(world.objects.deployment("front").await["metadata"]["generation"], front, "it was never written");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_in_a_pushed_commit_holds_it_back_with_its_reason() {
    let world = World::planned(Plan { deadline: "10m", ..Plan::default() }).await;
    let path = "apps/shop/prod/job.yaml";
    let bad = world.remote.commit_as(Person::BOB, path, &job_and_late("migrate", "job-fails")).unwrap();
    let failed = world.head_failed(&bad).await;
    assert_eq!(failed.head.failure.object, "Job/migrate", "{failed:?}");
    assert!(failed.head.failure.sentence.contains("exit code 1"), "{failed:?}");
    assert!(!failed.head.failure.log.is_empty(), "{failed:?}");
    assert!(failed.back.unwrap().healthy);
    assert!(world.objects.config_map("late-migrate").await.is_none(), "its step never came");
    let good = world.remote.commit_as(Person::BOB, path, &job_and_late("migrate2", "1.0")).unwrap();
    world.head_proven(&good).await;
    assert!(world.objects.config_map("late-migrate2").await.is_some());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_install_waits_for_its_job() {
    let world = World::planned(more("job.yaml", &job_and_late("init", "slow-ready"))).await;
    assert!(world.objects.config_map("late-init").await.is_some());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_between_two_steps_goes_on_where_it_was() {
    let harness = Harness::listen();
    let mut world = World::planned(Plan { barrier: Some(harness.path().to_owned()), ..with_front() }).await;
    let mut held = harness.hold("before apply Deployment/front");
    let number = world.pin("1.1-slow-ready").await;
    held.reached().await;
    world.stop().await;
    assert!(world.objects.image("front").await.contains(":1.0@"));
    let web = world.objects.deployment("web").await["metadata"]["generation"].clone();
    world.restart(with_front()).await;
    drop(held);
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.objects.deployment("web").await["metadata"]["generation"], web, "it was not written again");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_waits_can_be_cancelled_and_gives_way_to_a_newer_pin() {
    let mut world = World::planned(with_front()).await;
    let waits = |pin: &model::Pin| matches!(&pin.stage, Stage::Inventoried { waiting_for } if !waiting_for.is_empty());
    let number = world.pin("1.1-never-ready").await;
    world.pin_that("it waits", "1.1-never-ready", waits).await;
    world.control.cancel(number, &person("ann"), Surface::Page).await.unwrap();
    let outcome = world.ended(number).await;
    assert!(matches!(&outcome, Outcome::Dropped { reason: DropReason::Cancelled(..), .. }), "{outcome:?}");
    let number = world.pin("1.2-never-ready").await;
    world.pin_that("it waits", "1.2-never-ready", waits).await;
    let newer = world.pin("1.3").await;
    let outcome = world.ended(number).await;
    assert!(
        matches!(&outcome, Outcome::Dropped { reason: DropReason::Superseded(by), .. } if *by == newer),
        "{outcome:?}"
    );
    assert!(matches!(world.ended(newer).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_bring_is_awaited_before_the_first_write() {
    let world = World::planned(Plan { rule: "auto", deadline: "10m", ..Plan::default() }).await;
    let late = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: late, annotations: {pinnace.dev/needs: ConfigMap/of-others}}\n";
    let commit = world.remote.commit_as(Person::BOB, "apps/shop/prod/late.yaml", late).unwrap();
    world
        .until("it says what it waits for", async |world| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            view.now.contains("ConfigMap/of-others is not in the cluster").then_some(())
        })
        .await;
    assert!(world.objects.config_map("late").await.is_none());
    world.objects.create_config_map("of-others", &serde_json::json!({})).await;
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("late").await.is_some());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_is_refused_before_anything_is_touched() {
    let world = World::installed().await;
    let circle = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {pinnace.dev/needs: ConfigMap/b}}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b, annotations: {pinnace.dev/needs: ConfigMap/a}}}\n";
    let bad = world.remote.commit_as(Person::BOB, "apps/shop/prod/circle.yaml", circle).unwrap();
    let failed = world.head_failed(&bad).await;
    assert!(!failed.head.touched, "{failed:?}");
    let why = &failed.head.failure.sentence;
    assert!(why.contains("ConfigMap/a (apps/shop/prod/circle.yaml:1) needs ConfigMap/b"), "{why}");
    world.agree().await;
}
