//! The first install, and what is refused before anything is written.

use control::Mark;
use model::{Outcome, Pin};
use serde_json::json;
use testkit::world::Plan;
use testkit::{Person, World};

async fn install_failure(world: &World, word: &str) -> String {
    world
        .until("the first install to fail", async |world| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            assert!(view.state.verified.is_none());
            view.state.install_failure.filter(|why| why.contains(word))
        })
        .await
}

async fn refused(world: &mut World, tag: &str) -> String {
    world.build(tag).await;
    let pin = world.pin_that("it is refused", tag, |pin| pin.ended() || pin.ask.is_some()).await;
    if pin.ask.is_some() && !pin.ended() {
        world.approve(pin.number, "ann").await;
    }
    match world.ended(pin.number).await {
        Outcome::Refused { why } => why,
        other => panic!("it was to be refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_install_that_does_not_come_up_says_why_and_a_pin_mends_it() {
    let mut world = World::started(Plan { first: "1.0-image-missing", ..Plan::default() }).await;
    install_failure(&world, "not found").await;
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Failed);
    assert!(view.now.contains("the first install does not work"), "{}", view.now);
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!((view.mark, view.state.install_failure), (Mark::Healthy, None));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_mends_a_first_install_too() {
    let world = World::started(Plan { first: "1.0-crash-loop", ..Plan::default() }).await;
    install_failure(&world, "starts and stops again").await;
    let digest = world.registry.push_image("acme/shop", "1.0.1", "1.0.1").await.unwrap();
    let good = format!("{}/acme/shop:1.0.1@{digest}", world.registry.address());
    world.commit(Person::BOB, "web.yaml", &world.image_in_git(), &good);
    world.proven().await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_missing_is_named_and_once_it_is_there_all_goes_on() {
    let world = World::started(Plan { namespace: false, ..Plan::default() }).await;
    let why = install_failure(&world, "namespace").await;
    assert!(why.contains(world.objects.namespace()), "{why}");
    world.objects.create_namespace().await;
    world.proven().await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_somebody_else_stops_a_pin_before_the_first_write() {
    let mut world = World::installed().await;
    world.objects.create_config_map("theirs", &json!({"A": "theirs"})).await;
    let ours = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\ndata: {A: ours}\n";
    world.remote.commit_as(Person::BOB, "apps/shop/prod/theirs.yaml", ours).unwrap();
    let why = refused(&mut world, "1.1").await;
    assert!(why.contains("ConfigMap") && why.contains("theirs"), "{why}");
    assert_eq!(world.objects.config_map("theirs").await.unwrap()["data"], json!({"A": "theirs"}));
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_somebody_else_stops_a_first_install_before_the_first_write() {
    let world = World::started(Plan { namespace: false, ..Plan::default() }).await;
    install_failure(&world, "namespace").await;
    world.objects.create_namespace_with_config_map("settings", &json!({"A": "theirs"})).await;
    install_failure(&world, "ConfigMap").await;
    assert!(world.objects.maybe_deployment("web").await.is_none(), "nothing was written");
    world.objects.delete_config_map("settings").await;
    world.proven().await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_can_not_change_is_refused_with_its_place() {
    let job = "apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: once, image: example/once:1}]}
";
    let more = vec![("once.yaml".to_owned(), job.to_owned())];
    let mut world = World::planned(Plan { more, ..Plan::default() }).await;
    world.commit(Person::BOB, "once.yaml", "example/once:1", "example/once:2");
    let why = refused(&mut world, "1.1").await;
    assert!(why.contains("once.yaml:1: `spec.template` of Job") && why.contains("can't change in place"), "{why}");
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_yaml_stops_pins_naming_commit_and_author_until_it_is_mended() {
    let mut world = World::installed().await;
    let good = world.remote.file("apps/shop/prod/settings.yaml").unwrap();
    let theirs = world.remote.commit_as(Person::BOB, "apps/shop/prod/settings.yaml", "kind: [ConfigMap").unwrap();
    world.remote.commit_as(Person::ANN, "docs/notes.md", "not me").unwrap();
    let why = refused(&mut world, "1.1").await;
    assert!(why.contains(&theirs[..8]) && why.contains("Bob") && why.contains("settings.yaml"), "{why}");
    world.remote.commit_as(Person::BOB, "apps/shop/prod/settings.yaml", &good).unwrap();
    let before = world.pin_that("the refused one", "1.1", Pin::ended).await.number;
    let again = world.control.pin_again(before, &testkit::world::person("ann")).await.unwrap();
    assert!(matches!(world.ended(again).await, Outcome::Done { .. }));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_out_of_the_folder_is_refused_with_its_path_and_who_put_it_there() {
    let mut world = World::installed().await;
    let path = "apps/shop/prod/passwd.yaml";
    let theirs = world.remote.commit_entry(Person::BOB, "120000", path, "/etc/passwd").unwrap();
    let why = refused(&mut world, "1.1").await;
    for wanted in [path, "symbolic link", "Bob", &theirs[..8]] {
        assert!(why.contains(wanted), "no {wanted} in {why}");
    }
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_aims_elsewhere_is_refused_before_the_first_write() {
    let mut world = World::installed().await;
    for (tag, aims_at) in [
        ("1.1", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: kube-system}\n"),
        ("1.2", "apiVersion: v1\nkind: Namespace\nmetadata: {name: elsewhere}\n"),
        ("1.3", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: []\n"),
    ] {
        world.remote.commit_as(Person::BOB, "apps/shop/prod/x.yaml", aims_at).unwrap();
        let why = refused(&mut world, tag).await;
        assert!(!why.is_empty() && world.objects.image("web").await.contains(":1.0@"), "{why}");
    }
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_went_away_are_not_taken_for_an_empty_wish() {
    let mut world = World::installed().await;
    let config = world.remote.file("pinnace.yaml").unwrap();
    world.remote.git(&["update-ref", "refs/heads/aside", "main"]).unwrap();
    world.commit(Person::BOB, "pinnace.yaml", "apps/shop/{environment}", "apps/gone/{environment}");
    world
        .until("the new config is read", async |world| {
            let instances = world.control.config().instances();
            instances.iter().any(|one| one.paths.iter().any(|path| path.contains("gone"))).then_some(())
        })
        .await;
    let why = refused(&mut world, "1.1").await;
    assert!(why.contains("nothing under"), "{why}");
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.remote.commit_as(Person::BOB, "pinnace.yaml", &config).unwrap();
    world
        .until("the old config is read", async |world| {
            let instances = world.control.config().instances();
            instances.iter().any(|one| one.paths.iter().any(|path| path.contains("apps/shop"))).then_some(())
        })
        .await;
    world.agree().await;
}
