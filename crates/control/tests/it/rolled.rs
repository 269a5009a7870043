//! Pods are made anew when what they read of Secrets and ConfigMaps changes, and for nothing else.

use cluster::USED_ANNOTATION;
use model::Outcome;
use serde_json::{Value, json};
use testkit::world::Plan;
use testkit::{Person, World};

const KEYS: &str = "apps/shop/prod/keys.yaml";
const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: \"IMAGE\"
          env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: KEY}}}]
";

fn keys(key: &str, other: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{KEY: \"{key}\", OTHER: \"{other}\"}}\n"
    )
}

async fn world() -> World {
    let more = vec![("web.yaml".to_owned(), WEB.to_owned()), ("keys.yaml".to_owned(), keys("one", "a"))];
    World::planned(Plan { more, deadline: "10m", ..Plan::default() }).await
}

/// What the pods' template says of what they read, and how often it was another.
async fn template(world: &World) -> (Value, String) {
    let live = world.objects.deployment("web").await;
    let said = live["spec"]["template"]["metadata"]["annotations"][USED_ANNOTATION].clone();
    let revision = live["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap().to_owned();
    (said, revision)
}

fn push(world: &World, key: &str, other: &str) -> String {
    world.remote.commit_as(Person::BOB, KEYS, &keys(key, other)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_secret_makes_the_pods_anew_that_read_it() {
    let mut world = world().await;
    assert_eq!(template(&world).await, (Value::Null, "1".to_owned()), "nothing is said at the first install");

    let other = push(&world, "one", "b");
    world.head_proven(&other).await;
    assert_eq!(template(&world).await, (Value::Null, "1".to_owned()), "they do not read that key");

    let changed = push(&world, "two", "b");
    world.head_proven(&changed).await;
    let (said, revision) = template(&world).await;
    assert!(said.as_str().is_some_and(|said| said.len() == 16) && revision == "2", "{said} {revision}");
    world.agree().await;

    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(template(&world).await, (said.clone(), "3".to_owned()), "a pin keeps what is said");
    world.restart(Plan { deadline: "10m", ..Plan::default() }).await;
    world.agree().await;
    assert_eq!(template(&world).await.0, said, "and so does a restart");

    let back = push(&world, "one", "b");
    world.head_proven(&back).await;
    assert_eq!(template(&world).await, (Value::Null, "4".to_owned()), "the same content gives the same template");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_outlives_the_database_and_nothing_is_restarted() {
    let mut world = world().await;
    let changed = push(&world, "two", "a");
    world.head_proven(&changed).await;
    let before = template(&world).await;
    world.restart_without_database(Plan { deadline: "10m", ..Plan::default() }).await;
    world.proven().await;
    world.agree().await;
    assert_eq!(template(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_change_gives_the_template_back_that_was_there() {
    let both = format!("{WEB}---\n{}", keys("one", "a"));
    let world =
        World::planned(Plan { more: vec![("web.yaml".to_owned(), both)], deadline: "10m", ..Plan::default() }).await;
    // The fake pods of this image crash whatever they read. It is one commit: alone, the other key would be proven.
    let (path, image) = ("apps/shop/prod/web.yaml", world.image_in_git());
    let text = world.remote.file(path).unwrap();
    let text = text.replace(&image, &image.replace(":1.0@", ":0.9-crash-loop@")).replace("\"one\"", "\"two\"");
    let bad = world.remote.commit_as(Person::BOB, path, &text).unwrap();
    world.head_failed(&bad).await;
    assert_eq!(template(&world).await.0, Value::Null);
    assert_eq!(world.objects.secret_value("keys", "KEY").await.as_deref(), Some("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_may_leave_its_pods_alone() {
    let world = world().await;
    let config = world.remote.file("pinnace.yaml").unwrap();
    let config = config.replace("    chat: \"#deploys\"\n", "    chat: \"#deploys\"\n    rollPods: false\n");
    world.remote.commit_as(Person::BOB, "pinnace.yaml", &config).unwrap();
    let changed = push(&world, "two", "a");
    world.head_proven(&changed).await;
    assert_eq!(template(&world).await, (Value::Null, "1".to_owned()));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_would_become_empty_is_refused_before_anything_is_written() {
    let world = world().await;
    let empty = push(&world, "", "b");
    let failed = world.head_failed(&empty).await;
    let sentence = &failed.head.failure.sentence;
    assert!(sentence.contains("Secret") && sentence.contains("`KEY` would become empty"), "{sentence}");
    assert!(
        sentence.contains("keys.yaml") && sentence.contains("pinnace.dev/allow-empty") && !failed.head.touched,
        "{sentence}"
    );
    assert_eq!(world.objects.secret_value("keys", "KEY").await.as_deref(), Some("one"));
    let plan = world.control.plan(&world.instance).await.unwrap();
    assert!(plan.objects.iter().any(|one| one.action == "refuse" && one.why.contains("`KEY`")), "{plan:?}");

    let meant = keys("", "b").replace("{name: keys}", "{name: keys, annotations: {pinnace.dev/allow-empty: \"KEY\"}}");
    let meant = world.remote.commit_as(Person::BOB, KEYS, &meant).unwrap();
    world.head_proven(&meant).await;
    assert_eq!(world.objects.secret_value("keys", "KEY").await.as_deref(), Some(""));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_says_nothing_until_it_changes() {
    let world = World::started(Plan { namespace: false, deadline: "10m", ..Plan::default() }).await;
    let web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                {"name": "web", "image": world.image_in_git(), "envFrom": [{"configMapRef": {"name": "settings"}}]}]}}}});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
        "data": {"GREETING": "hello"}});
    world.objects.create_namespace_with("helm", &[web, settings]).await;
    world
        .until("it is refused", async |world| {
            let state = world.control.instance_view(&world.instance).await.ok()?.state;
            state.install_failure.filter(|why| why.contains("pinnace adopt shop/prod"))
        })
        .await;
    let found = world.control.adoptable(&world.instance).await.unwrap();
    assert!(found.iter().all(|one| one.changes.is_empty()), "{found:?}");
    world.control.adopt(&world.instance, &testkit::world::person("ann"), None).await.unwrap();
    world.proven().await;
    assert_eq!(template(&world).await, (Value::Null, "1".to_owned()));
    let changed = world.commit(Person::BOB, "settings.yaml", "hello", "good morning");
    world.head_proven(&changed).await;
    let (said, revision) = template(&world).await;
    assert!(said.is_string() && revision == "2", "{said} {revision}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_left_out_of_a_commit_makes_no_pods_anew() {
    let more = vec![("web.yaml".to_owned(), WEB.to_owned()), ("keys.yaml".to_owned(), keys("one", "a"))];
    let world = World::planned(Plan { more, rule: "auto", deadline: "10m", ..Plan::default() }).await;
    let changed = push(&world, "two", "a");
    world.head_proven(&changed).await;
    let before = template(&world).await;
    assert_eq!(before.1, "2");
    // Its value would become empty: it stays as it is, and the rest proceeds.
    let emptied = push(&world, "", "a");
    world.head_proven(&emptied).await;
    let state = world.control.instance_view(&world.instance).await.unwrap().state;
    assert_eq!(state.quarantines.len(), 1, "{state:?}");
    assert_eq!(template(&world).await, before);
    let mended = push(&world, "two", "a");
    world.head_proven(&mended).await;
    assert_eq!(template(&world).await, before);
}
