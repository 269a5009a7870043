//! What people do to the cluster by hand, and what a candidate leaves behind.

use std::fmt::Write as _;

use control::{Mark, ProblemCode};
use model::{DropReason, Outcome, Pin, PinNumber, Stage};
use serde_json::{Value, json};
use testkit::world::{Harness, Plan, person};
use testkit::{Person, World};

const ONE_MORE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {A: b}\n";

fn config_map(name: &str) -> (String, String) {
    (format!("{name}.yaml"), ONE_MORE.replace("NAME", name))
}

async fn done(world: &mut World, tag: &str) -> PinNumber {
    let number = world.pin(tag).await;
    let ended = world.ended(number).await;
    assert!(matches!(ended, Outcome::Done { .. }), "{ended:?}");
    number
}

async fn env_of_web(world: &World) -> Value {
    world.objects.deployment("web").await["spec"]["template"]["spec"]["containers"][0]["env"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_variables_that_a_person_set_are_taken_back_and_it_is_said() {
    let mut world = World::planned(Plan { drift: "off", ..Plan::default() }).await;
    let edit = json!({"metadata": {"annotations": {"note": "by hand"}}, "spec": {"replicas": 3, "minReadySeconds": 1,
        "template": {"spec": {"containers": [{"name": "web", "env": [{"name": "DEBUG", "value": "1"}]}]}}}});
    world.objects.strategic_edit_deployment("web", "kubectl-edit", &edit).await;
    let drift = world.control.drift(&world.instance).await.unwrap();
    assert!(drift.iter().any(|line| line.field.contains("replicas") && line.by.contains("kubectl-edit")), "{drift:?}");
    assert!(drift.iter().any(|line| line.field.contains("env")), "{drift:?}");
    let number = done(&mut world, "1.1").await;
    let live = world.objects.deployment("web").await;
    assert_eq!(live["spec"]["replicas"], 2);
    assert!(live["spec"]["minReadySeconds"].is_null() && env_of_web(&world).await.is_null(), "{live:#}");
    let notes = world.control.pin_view(number).await.unwrap().pin.notes;
    assert!(notes.iter().any(|note| note.contains("kubectl-edit") && note.contains("taken back")), "{notes:?}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_while_a_version_is_watched_does_not_survive_it() {
    let harness = Harness::listen();
    let plan = Plan { stable_for: "3s", barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let number = world.pin("1.1").await;
    let watched = |pin: &Pin| matches!(pin.stage, Stage::Watching { .. });
    world.pin_that("it is watched", "1.1", watched).await;
    world.objects.edit_deployment("web", "kubectl-edit", &json!({"spec": {"replicas": 1}})).await;
    let ended = world.ended(number).await;
    assert!(matches!(ended, Outcome::Done { .. }), "{ended:?}");
    assert_eq!(world.objects.deployment("web").await["spec"]["replicas"], 2);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_set_by_hand_while_a_version_is_watched_is_not_what_is_proven() {
    let mut world = World::planned(Plan { deadline: "5s", ..Plan::default() }).await;
    let good = world.image_in_git();
    let number = world.pin("1.1-never-ready").await;
    let watched =
        |pin: &Pin| matches!(&pin.stage, Stage::Watching { waiting_for, .. } if waiting_for.contains("ready"));
    world.pin_that("it is watched", "1.1-never-ready", watched).await;
    let back = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": good}]}}}});
    world.objects.strategic_edit_deployment("web", "kubectl-set", &back).await;
    let Outcome::Dropped { reason, .. } = world.ended(number).await else { panic!("1.1 was never seen to work") };
    assert_eq!(reason, DropReason::Failed);
    let notes = world.control.pin_view(number).await.unwrap().pin.notes;
    assert!(notes.iter().any(|note| note.contains("kubectl-set")), "{notes:?}");
    assert_eq!(world.image_in_git(), good);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_changed_or_deleted_by_hand_comes_back_with_a_dropped_pin() {
    let plan = Plan { more: vec![config_map("extra")], drift: "off", ..Plan::default() };
    let mut world = World::planned(plan).await;
    world.objects.edit_config_map("settings", "kubectl-edit", &json!({"data": {"GREETING": "bye", "MORE": "1"}})).await;
    world.objects.delete_config_map("extra").await;
    let number = world.pin("1.1-crash-loop").await;
    assert!(matches!(world.ended(number).await, Outcome::Dropped { healthy: true, .. }));
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"], json!({"GREETING": "hello"}));
    assert_eq!(world.objects.config_map("extra").await.unwrap()["data"], json!({"A": "b"}));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_dropped_candidate_brought_is_gone() {
    let mut world = World::installed().await;
    world.head_crashes().await;
    let (file, text) = config_map("brought");
    let theirs = world.remote.commit_as(Person::BOB, &format!("apps/shop/prod/{file}"), &text).unwrap();
    world.head_failed(&theirs).await;
    let number = world.pin("1.1-crash-loop").await;
    let ended = world.ended(number).await;
    assert!(matches!(ended, Outcome::Dropped { reason: DropReason::Failed, healthy: true, .. }), "{ended:?}");
    assert_eq!(world.objects.config_map("brought").await, None);
    world.agree().await;
    done(&mut world, "1.2").await;
    assert!(world.objects.config_map("brought").await.is_some());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_removed_from_git_is_pruned_after_the_push_and_not_before() {
    let harness = Harness::listen();
    let plan = Plan { more: vec![config_map("old")], barrier: Some(harness.path().to_owned()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    world.head_crashes().await;
    let theirs = world.commit(Person::BOB, "old.yaml", &ONE_MORE.replace("NAME", "old"), "# nothing\n");
    world.head_failed(&theirs).await;
    let mut held = harness.hold("after push commit");
    let number = world.pin("1.1").await;
    held.reached().await;
    assert!(world.objects.config_map("old").await.is_some(), "not before it is recorded");
    held.go();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.objects.config_map("old").await, None);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_at_once_is_held_until_a_person_says_so() {
    let more = ["a", "b", "c"].map(config_map).to_vec();
    let mut world = World::planned(Plan { more, ..Plan::default() }).await;
    world.head_crashes().await;
    let mut theirs = String::new();
    for name in ["a", "b", "c"] {
        theirs = world.commit(Person::BOB, &format!("{name}.yaml"), &ONE_MORE.replace("NAME", name), "# nothing\n");
    }
    world.head_failed(&theirs).await;
    let number = done(&mut world, "1.1").await;
    let notes = world.control.pin_view(number).await.unwrap().pin.notes;
    let held = notes.iter().filter(|note| note.contains("3 of 5 objects would go at once")).count();
    assert_eq!(held, 3, "{notes:?}");
    for name in ["a", "b", "c"] {
        assert!(world.objects.config_map(name).await.is_some());
    }
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!((view.mark, view.state.prune_held.len()), (Mark::Attention, 3), "{}", view.now);
    let refused = world.control.confirm_prune(&world.instance, &person("cy"), None).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::NotAllowed);
    let unseen =
        world.control.confirm_prune(&world.instance, &person("ann"), Some("0000000000000000")).await.unwrap_err();
    assert_eq!(unseen.code, ProblemCode::TooLate);
    let shown = control::shown_prune(&view.state.prune_held);
    world.control.confirm_prune(&world.instance, &person("ann"), Some(&shown)).await.unwrap();
    world
        .until("what was held is gone", async |world| {
            let state = world.control.instance_view(&world.instance).await.ok()?.state;
            (state.prune_held.is_empty() && state.prune_confirmed.is_none()).then_some(())
        })
        .await;
    for name in ["a", "b", "c"] {
        assert!(world.objects.config_map(name).await.is_none());
    }
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_secret_is_kept_or_shown_anywhere() {
    const PLANTED: [&str; 3] = ["planted-one-4711", "planted-two-4711", "planted-three-4711"];
    let web = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"IMAGE\"}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: near}, stringData: {password: planted-one-4711}}
";
    let far = "apiVersion: v1\nkind: Secret\nmetadata: {name: far}\ndata: {key: cGxhbnRlZC10d28tNDcxMQ==}\n";
    let more = vec![("web.yaml".to_owned(), web.to_owned()), ("far.yaml".to_owned(), far.to_owned())];
    let mut world = World::planned(Plan { more, ..Plan::default() }).await;
    world.commit(Person::BOB, "web.yaml", PLANTED[0], PLANTED[2]);
    let number = world.pin("1.1-crash-loop").await;
    world.ended(number).await;
    let second = done(&mut world, "1.2").await;
    world.objects.edit_secret("near", "kubectl-edit", &json!({"stringData": {"password": PLANTED[0]}})).await;
    let mut shown = format!("{:?}", world.control.drift(&world.instance).await.unwrap());
    // A value that the API server quotes back when it refuses it.
    world.commit(Person::BOB, "far.yaml", "cGxhbnRlZC10d28tNDcxMQ==", PLANTED[1]);
    world.build("1.3").await;
    let refused = world.pin_that("it is refused", "1.3", Pin::ended).await.number;
    assert!(matches!(world.ended(refused).await, Outcome::Refused { .. }));
    for number in [number, second, refused] {
        write!(shown, "{:?}", world.control.pin_view(number).await.unwrap()).unwrap();
    }
    write!(shown, "{:?}", world.control.instance_view(&world.instance).await.unwrap()).unwrap();
    let kept: Vec<u8> = files(&world.data()).concat();
    for planted in PLANTED.iter().copied().chain(["cGxhbnRlZC", "planted-"]) {
        assert!(!shown.contains(planted), "`{planted}` is shown:\n{shown}");
        assert!(!kept.windows(planted.len()).any(|bytes| bytes == planted.as_bytes()), "`{planted}` is kept");
    }
}

fn files(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(std::fs::read(&path).unwrap()) }
    }
    all
}
