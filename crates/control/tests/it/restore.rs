//! What was pruned comes back: git has it again as it was, and it converges from there.

use control::ProblemCode;
use model::Written;
use serde_json::json;
use testkit::world::{Plan, person};
use testkit::{Person, World};

const CACHE: &str =
    "# What is looked up often.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\ndata: {SIZE: \"9\"}\n";
const TWO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\n# The second one.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {A: b}\n";
const KEY: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: planted-4711}\n";

async fn with(file: &str, text: &str) -> World {
    World::planned(Plan { more: vec![(file.to_owned(), text.to_owned())], ..Plan::default() }).await
}

async fn restore(world: &World, object: &str, as_branch: bool) -> Written {
    world.control.restore(&world.instance, &person("ann"), object, None, as_branch).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_object_is_listed_with_its_manifest_and_comes_back_in_the_file_that_it_had() {
    let world = with("cache.yaml", CACHE).await;
    let gone = world.remote.remove_as(Person::BOB, "apps/shop/prod/cache.yaml").unwrap();
    world.head_proven(&gone).await;
    assert!(world.objects.config_map("cache").await.is_none());
    let pruned = world.control.pruned(&world.instance).await.unwrap();
    let [one] = pruned.as_slice() else { panic!("one was pruned: {pruned:?}") };
    assert_eq!((one.object.as_str(), one.commit.as_str()), ("ConfigMap/cache", gone.as_str()));
    assert!(one.manifest.contains("SIZE: \"9\"") && !one.manifest.contains("managedFields"), "{}", one.manifest);
    let problem = world.control.restore(&world.instance, &person("cy"), "ConfigMap/cache", None, false).await;
    assert_eq!(problem.unwrap_err().code, ProblemCode::NotAllowed);
    let problem = world.control.restore(&world.instance, &person("ann"), "ConfigMap/other", None, false).await;
    assert_eq!(problem.unwrap_err().code, ProblemCode::NotFound);
    let written = restore(&world, "ConfigMap/cache", false).await;
    world.head_proven(written.commit.as_str()).await;
    assert_eq!(world.remote.file("apps/shop/prod/cache.yaml").unwrap(), CACHE, "every byte is back");
    assert_eq!(world.objects.config_map("cache").await.unwrap()["data"], json!({"SIZE": "9"}));
    let log = world.remote.git(&["log", "-1", "--format=%an%n%B", "main"]).unwrap();
    assert!(log.starts_with("ann\n") && log.contains("Pinnace-Restores: ConfigMap/cache"), "{log}");
    world.agree().await;
    let again = restore(&world, "ConfigMap/cache", false).await;
    assert_eq!(again.commit, written.commit, "git has it already");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_in_a_file_comes_back_alone_and_for_review_on_a_branch() {
    let world = with("two.yaml", TWO).await;
    let left = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n";
    let gone = world.remote.commit_as(Person::BOB, "apps/shop/prod/two.yaml", left).unwrap();
    world.head_proven(&gone).await;
    let written = restore(&world, "ConfigMap/two", true).await;
    assert_eq!(written.branch.as_deref(), Some("pinnace/restore-shop-prod-1"));
    assert_eq!(world.remote.head().unwrap(), gone);
    world.remote.set_head(written.commit.as_str()).unwrap();
    world.head_proven(written.commit.as_str()).await;
    assert_eq!(world.remote.file("apps/shop/prod/two.yaml").unwrap(), TWO);
    assert_eq!(world.objects.config_map("two").await.unwrap()["data"], json!({"A": "b"}));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_secret_comes_back_with_its_value_which_is_kept_nowhere_but_in_git() {
    let world = with("key.yaml", KEY).await;
    let gone = world.remote.remove_as(Person::BOB, "apps/shop/prod/key.yaml").unwrap();
    world.head_proven(&gone).await;
    let pruned = world.control.pruned(&world.instance).await.unwrap();
    assert_eq!(pruned[0].object, "Secret/key");
    let shown = format!("{pruned:?}");
    assert!(!shown.contains("planted") && !shown.contains("cGxhbnRlZC"), "{shown}");
    let written = restore(&world, "Secret/key", false).await;
    world.head_proven(written.commit.as_str()).await;
    assert_eq!(world.remote.file("apps/shop/prod/key.yaml").unwrap(), KEY);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guard_held_is_kept_with_who_let_it_go() {
    let three = ["a", "b", "c"].map(|name| CACHE.replace("cache", name)).join("---\n");
    let world = with("three.yaml", &three).await;
    let gone = world.remote.remove_as(Person::BOB, "apps/shop/prod/three.yaml").unwrap();
    world.head_proven(&gone).await;
    let held = async |world: &World| {
        let held = world.control.instance_view(&world.instance).await.ok()?.state.prune_held;
        (held.len() == 3).then_some(())
    };
    world.until("all of it is held", held).await;
    assert!(world.control.pruned(&world.instance).await.unwrap().is_empty(), "all of it is held");
    world.control.confirm_prune(&world.instance, &person("ann"), None).await.unwrap();
    let all = async |world: &World| {
        let pruned = world.control.pruned(&world.instance).await.ok()?;
        let held = world.control.instance_view(&world.instance).await.ok()?.state.prune_held;
        (pruned.len() == 3 && held.is_empty()).then_some(pruned)
    };
    let pruned = world.until("they are gone", all).await;
    assert!(pruned.iter().all(|one| one.confirmed_by == Some(person("ann"))), "{pruned:?}");
    let written = restore(&world, "ConfigMap/b", false).await;
    world.head_proven(written.commit.as_str()).await;
    assert!(world.objects.config_map("b").await.is_some() && world.objects.config_map("a").await.is_none());
    assert_eq!(world.remote.file("apps/shop/prod/three.yaml").unwrap(), CACHE.replace("cache", "b"));
    world.agree().await;
}
