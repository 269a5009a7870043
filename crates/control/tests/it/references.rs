//! What a version needs and is not there: told before the first write, with object, file and line.

use model::{Outcome, Pin, Stage};
use serde_json::json;
use testkit::world::{LetsIn, Plan};
use testkit::{Person, World};

const HERE: &str = "apps/shop/prod/";

/// The world's Deployment, with one more line in its container.
fn with_line(world: &World, line: &str) -> String {
    world.commit(Person::BOB, "web.yaml", "          envFrom:", &format!("          {line}\n          envFrom:"))
}

/// What is said of a commit that is refused: nothing was written for it.
async fn refused(world: &World, commit: &str) -> String {
    let before = world.objects.deployment("web").await["metadata"]["generation"].clone();
    let failed = world.head_failed(commit).await;
    assert_eq!(world.objects.deployment("web").await["metadata"]["generation"], before);
    assert!(failed.back.is_none(), "nothing was touched, so there is nothing to bring back: {failed:?}");
    failed.head.failure.sentence
}

fn variable(kind: &str, name: &str, key: &str) -> String {
    format!("env: [{{name: COLOUR, valueFrom: {{{kind}: {{name: {name}, key: {key}}}}}}}]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_that_is_not_there_is_named_with_file_and_line_and_a_commit_that_brings_it_is_proven() {
    let world = World::installed().await;
    let bad = with_line(&world, &variable("configMapKeyRef", "colours", "sky"));
    let told = refused(&world, &bad).await;
    assert!(told.contains(&format!("{HERE}web.yaml:")), "{told}");
    assert!(told.contains("container `web` needs the config map `colours`, which is not there"), "{told}");
    let colours = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: colours}\ndata: {sky: blue}\n";
    let good = world.remote.commit_as(Person::BOB, &format!("{HERE}colours.yaml"), colours).unwrap();
    world.head_proven(&good).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_there_is_named_whether_the_set_or_somebody_else_brings_the_rest() {
    let world = World::installed().await;
    let of_ours = with_line(&world, &variable("configMapKeyRef", "settings", "COLOUR"));
    assert!(refused(&world, &of_ours).await.contains("needs the key `COLOUR` of the config map `settings`"));
    world.objects.create_config_map("theirs", &json!({"sky": "blue"})).await;
    let of_theirs = world.commit(Person::BOB, "web.yaml", "name: settings, key: COLOUR", "name: theirs, key: sea");
    assert!(refused(&world, &of_theirs).await.contains("needs the key `sea` of the config map `theirs`"));
    let good = world.commit(Person::BOB, "web.yaml", "name: theirs, key: sea", "name: theirs, key: sky");
    world.head_proven(&good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_missing_stops_nothing() {
    let world = World::installed().await;
    let line = "env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: a, optional: true}}}]";
    world.head_proven(&with_line(&world, line)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_with_the_same_commit_counts_as_not_there() {
    let settings = (
        "colours.yaml".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: colours}\ndata: {sky: blue}\n".to_owned(),
    );
    let world = World::planned(Plan { more: vec![settings], ..Plan::default() }).await;
    let used = with_line(&world, &variable("configMapKeyRef", "colours", "sky"));
    world.head_proven(&used).await;
    let gone = world.remote.commit_as(Person::BOB, &format!("{HERE}colours.yaml"), "# gone\n").unwrap();
    let told = refused(&world, &gone).await;
    assert!(told.contains("the config map `colours`") && told.contains("it goes with this very change"), "{told}");
    assert!(world.objects.config_map("colours").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_only_where_the_project_says_so() {
    let mut world = World::installed().await;
    let unread = with_line(&world, &variable("secretKeyRef", "passwords", "db"));
    world.head_proven(&unread).await;
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let notes = world.control.pin_view(number).await.unwrap().pin.notes.join("\n");
    assert!(notes.contains("whether the secrets `passwords` are there (`checkSecrets: true`"), "{notes}");
    world.commit(Person::ANN, "pinnace.yaml", "    chat:", "    checkSecrets: true\n    chat:");
    let other = world.commit(Person::BOB, "web.yaml", "key: db", "key: mail");
    assert!(refused(&world, &other).await.contains("needs the secret `passwords`, which is not there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_services_selectors_and_ports_that_are_not_there_are_named() {
    let world = World::installed().await;
    let account = world.commit(
        Person::BOB,
        "web.yaml",
        "      containers:",
        "      serviceAccountName: runner\n      containers:",
    );
    assert!(refused(&world, &account).await.contains("needs the service account `runner`, which is not there"));
    let service = |selector: &str, port: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: {selector}}}, ports: [{{port: 80, targetPort: {port}}}]}}\n"
        )
    };
    world.commit(Person::BOB, "web.yaml", "      serviceAccountName: runner\n", "");
    let path = format!("{HERE}service.yaml");
    let nobody = world.remote.commit_as(Person::BOB, &path, &service("wbe", "8080")).unwrap();
    let told = refused(&world, &nobody).await;
    assert!(
        told.contains("service.yaml:1: Service") && told.contains("selects pods with `app=wbe`, and there are none"),
        "{told}"
    );
    let port = world.remote.commit_as(Person::BOB, &path, &service("web", "http")).unwrap();
    assert!(refused(&world, &port).await.contains("sends to the port `http`"));
    let good = world.remote.commit_as(Person::BOB, &path, &service("web", "8080")).unwrap();
    world.head_proven(&good).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_not_made_for_all_machines_is_refused_and_nobody_is_asked() {
    let mut world = World::planned(Plan { architectures: "[amd64, arm64]", ..Plan::default() }).await;
    world.registry.push_index("acme/shop", "1.1", &["amd64"]).await.unwrap();
    world.announce("1.1").await;
    let over = |pin: &Pin| matches!(pin.stage, Stage::Ended(_));
    let Stage::Ended(Outcome::Refused { why }) = world.pin_that("it is over", "1.1", over).await.stage else {
        panic!("it was to be refused")
    };
    assert!(
        why.contains("web.yaml:2: Deployment") && why.contains("is not made for `arm64`: machines of `prod` are"),
        "{why}"
    );
    world.registry.push_index("acme/shop", "1.2", &["amd64", "arm64"]).await.unwrap();
    world.announce("1.2").await;
    world.asked("1.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_does_not_fit_into_the_quota_is_refused_before_the_first_write() {
    let mut world = World::installed().await;
    world.objects.allow_pods(1).await;
    let number = world.pin("1.1").await;
    let Outcome::Refused { why } = world.ended(number).await else { panic!("it was to be refused") };
    assert!(why.contains("needs more pods than the quota `few-pods` allows: 2 of 1"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_its_registry_does_not_have_is_refused_and_a_registry_that_is_away_stops_nothing() {
    let world = World::planned(Plan { doors: true, ..Plan::default() }).await;
    let image = world.image_in_git();
    let missing = format!("{}:9.9", image.split(":1.0@").next().unwrap());
    let bad = world.commit(Person::BOB, "web.yaml", &image, &missing);
    let told = refused(&world, &bad).await;
    assert!(told.contains("web.yaml:") && told.contains("9.9"), "{told}");
    world.doors.as_ref().unwrap().registry.lets_in(LetsIn::Nobody);
    let unknown = world.commit(Person::BOB, "web.yaml", &missing, &missing.replace(":9.9", ":9.8"));
    world.head_proven(&unknown).await;
}
