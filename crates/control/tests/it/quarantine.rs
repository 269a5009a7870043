//! Where an instance follows HEAD, an object that can't be applied is left out and said, while the rest proceeds.

use control::Mark;
use model::{Outcome, Quarantine, Stage};
use testkit::world::Plan;
use testkit::{Person, World};

/// One Service that the API server refuses, and a ConfigMap that it takes.
const MIXED: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: taken}
data: {A: b}
---
apiVersion: v1
kind: Service
metadata: {name: refused}
spec: {selector: {app: web}, ports: [{port: 99999}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: follows, annotations: {pinnace.dev/needs: Service/refused}}
";

const PATH: &str = "apps/shop/prod/mixed.yaml";

fn follow() -> Plan {
    Plan { rule: "auto", ..Plan::default() }
}

async fn quarantine(world: &World) -> Option<Quarantine> {
    world.control.instance_view(&world.instance).await.ok()?.state.quarantines.pop()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cluster_refuses_is_left_out_with_its_line_and_the_rest_proceeds() {
    let world = World::planned(follow()).await;
    let commit = world.remote.commit_as(Person::BOB, PATH, MIXED).unwrap();
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("taken").await.is_some());
    assert!(world.objects.config_map("follows").await.is_none(), "it needs what is left out");
    let found = quarantine(&world).await.unwrap();
    let named: Vec<String> = found.objects.iter().map(|one| format!("{} {}", one.label(), one.place)).collect();
    assert_eq!(
        named,
        ["Service/refused apps/shop/prod/mixed.yaml:6", "ConfigMap/follows apps/shop/prod/mixed.yaml:11"]
    );
    assert_eq!((found.by.author.as_str(), found.commit.as_str()), ("Bob", commit.as_str()));
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Attention);
    assert!(view.now.contains("Service/refused (apps/shop/prod/mixed.yaml:6)"), "{}", view.now);
    world.agree().await;

    let good = world.remote.commit_as(Person::BOB, PATH, &MIXED.replace("99999", "80")).unwrap();
    world.head_proven(&good).await;
    assert_eq!(quarantine(&world).await, None);
    assert!(world.objects.config_map("follows").await.is_some());
    assert_eq!(world.control.instance_view(&world.instance).await.unwrap().mark, Mark::Healthy);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_an_object_is_left_out_and_nothing_of_that_name_is_taken_away() {
    let world = World::planned(follow()).await;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {A: b}\n";
    let commit = world.remote.commit_as(Person::BOB, PATH, text).unwrap();
    world.head_proven(&commit).await;
    // It is for another namespace now, and can be told apart.
    let moved = text.replace("{name: extra}", "{name: extra, namespace: elsewhere}");
    let commit = world.remote.commit_as(Person::BOB, PATH, &moved).unwrap();
    world.head_proven(&commit).await;
    assert_eq!(quarantine(&world).await.unwrap().objects[0].label(), "ConfigMap/extra");
    assert!(world.objects.config_map("extra").await.is_some(), "it stays as it is");
    // Without a name nobody knows which it is, so that nothing is taken away at all.
    let nameless = text.replace("{name: extra}", "{labels: {a: b}}");
    let commit = world.remote.commit_as(Person::BOB, PATH, &nameless).unwrap();
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("extra").await.is_some(), "it stays as it is");
    world.agree().await;
    let commit = world.remote.commit_as(Person::BOB, PATH, "# gone\n").unwrap();
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("extra").await.is_none());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_hold_it_fails_the_commit_before_the_first_write_and_names_the_line() {
    let world = World::installed().await;
    let bad = world.remote.commit_as(Person::BOB, PATH, MIXED).unwrap();
    let failed = world.head_failed(&bad).await;
    assert!(!failed.head.touched, "{failed:?}");
    let why = &failed.head.failure.sentence;
    assert!(why.contains("apps/shop/prod/mixed.yaml:6: Service"), "{why}");
    assert!(world.objects.config_map("taken").await.is_none());
    assert_eq!(quarantine(&world).await, None);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_never_cut() {
    let mut world = World::planned(follow()).await;
    let commit = world.remote.commit_as(Person::BOB, PATH, MIXED).unwrap();
    world.head_proven(&commit).await;
    world.build("1.1").await;
    let pin = world.pin_that("it ended", "1.1", model::Pin::ended).await;
    let Stage::Ended(Outcome::Refused { why }) = &pin.stage else { panic!("{pin:?}") };
    assert!(why.contains("apps/shop/prod/mixed.yaml:6"), "{why}");
    world.agree().await;
}
