//! Kustomize and Helm on the path of a pin: rendered by the shipped binary's own child, proven in a real cluster, edited where
//! the project's own files name the image.
#![cfg(test)]

use config_repo::charts::{ChartLock, ChartPlace, LockedChart, RemoteChart};
use model::Outcome;
use render::engine::EngineSettings;
use testkit::charts::{ChartRepository, Packed, RepositoryFault};
use testkit::world::{Plan, files_of};
use testkit::{Person, World};

fn engines() -> EngineSettings {
    testkit::engines::run_by(env!("CARGO_BIN_EXE_pinnace"))
}

const KUSTOMIZATION: &str = "-- apps/base/kustomization.yaml --
resources: [web.yaml]
-- apps/base/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: \"REPOSITORY:0.1\", envFrom: [{configMapRef: {name: settings}}]}
-- apps/shop/prod/kustomization.yaml --
# What differs in prod.
resources: [../../base]
images:
  - name: REPOSITORY
    newTag: \"1.0\"   # set by Pinnace
    digest: DIGEST
configMapGenerator:
  - {name: settings, literals: [GREETING=hello]}
";

const CHART: &str = "-- charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- charts/web/values.yaml --
image: {repository: \"\", tag: \"\", digest: \"\"}
greeting: hello
-- charts/web/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}@{{ .Values.image.digest }}\"
          env: [{name: GREETING, value: {{ required \"a greeting is needed\" .Values.greeting }}}]
-- apps/shop/prod/values.yaml --
# The shop in prod.
image:
  repository: REPOSITORY
  tag: \"1.0\"
  digest: DIGEST
greeting: good day
";

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_a_kustomization_edits_its_images_and_never_the_base() {
    let plan = Plan { instead: files_of(KUSTOMIZATION), engines: Some(engines()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let base = world.remote.file("apps/base/web.yaml").unwrap();
    let before = world.remote.file("apps/shop/prod/kustomization.yaml").unwrap();
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let after = world.remote.file("apps/shop/prod/kustomization.yaml").unwrap();
    let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!(changed[0].1, "    newTag: \"1.1\"   # set by Pinnace");
    assert_eq!(world.remote.file("apps/base/web.yaml").unwrap(), base);
    let digest = changed[1].1.trim().trim_start_matches("digest: ");
    assert!(world.objects.image("web").await.ends_with(digest));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_a_base_concerns_those_who_take_it() {
    let plan = Plan { instead: files_of(KUSTOMIZATION), engines: Some(engines()), ..Plan::default() };
    let world = World::planned(plan).await;
    let text = world
        .remote
        .file("apps/base/web.yaml")
        .unwrap()
        .replace("spec:\n  selector", "spec:\n  replicas: 2\n  selector");
    let commit = world.remote.commit_as(Person::BOB, "apps/base/web.yaml", &text).unwrap();
    world.head_proven(&commit).await;
    let remote = "resources: [../../base, 'https://git.example/acme/base?ref=main']";
    let commit = world.commit(Person::BOB, "kustomization.yaml", "resources: [../../base]", remote);
    let failed = world.head_failed(&commit).await.head;
    assert!(!failed.touched);
    assert!(
        failed.failure.sentence.contains("takes `https://git.example/acme/base?ref=main` from elsewhere"),
        "{failed:?}"
    );
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_a_chart_edits_the_values_of_its_environment() {
    let sources = "[{chart: charts/web, values: [\"apps/shop/{environment}/values.yaml\"]}]";
    let plan = Plan { instead: files_of(CHART), sources, engines: Some(engines()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    let chart = world.remote.file("charts/web/values.yaml").unwrap();
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let values = world.remote.file("apps/shop/prod/values.yaml").unwrap();
    assert!(
        values.starts_with("# The shop in prod.\n") && values.contains("  tag: \"1.1\"\n  digest: sha256:"),
        "{values}"
    );
    assert_eq!(world.remote.file("charts/web/values.yaml").unwrap(), chart);
    assert!(world.objects.image("shop-web").await.contains("acme/shop:1.1@sha256:"));

    let commit = world.commit(Person::BOB, "values.yaml", "greeting: good day", "greeting: null");
    let failed = world.head_failed(&commit).await.head;
    assert!(failed.failure.sentence.contains("a greeting is needed"), "{failed:?}");
    let commit = world.commit(Person::BOB, "values.yaml", "greeting: null", "greeting: hello again");
    world.head_proven(&commit).await;
    world.agree().await;
}

/// The chart as a repository has it, and a lock for it.
fn locked(repository: &ChartRepository, version: &str, packed: &Packed) -> String {
    let place = ChartPlace::http(&repository.url(), "web").unwrap();
    let chart = RemoteChart { place, range: "^1".parse().unwrap(), pinned: None };
    let mut lock = ChartLock::default();
    lock.set(&chart, LockedChart { version: version.parse().unwrap(), digest: packed.digest().parse().unwrap() });
    lock.to_text()
}

/// What lies in the chart's folder.
fn of_chart() -> Vec<(String, String)> {
    let own = files_of(CHART).into_iter().filter(|(path, _)| !path.ends_with("Chart.yaml"));
    own.filter_map(|(path, text)| Some((path.strip_prefix("charts/web/")?.to_owned(), text))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_a_repository_is_pinned_by_its_lock_and_runs_on_while_the_repository_is_down() {
    let repository = ChartRepository::serve(None).await;
    let chart = of_chart();
    let chart: Vec<(&str, &str)> = chart.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let old = repository.add("web", "1.4.2", &chart);
    let newer = repository.add("web", "1.5.0", &[chart.as_slice(), &[("templates/more.yaml", MORE)]].concat());
    let sources = format!(
        "[{{chart: web, repository: \"{}\", version: ^1, values: [\"apps/shop/{{environment}}/values.yaml\"]}}]",
        repository.url()
    );
    let mut instead: Vec<_> = files_of(CHART).into_iter().filter(|(path, _)| path.starts_with("apps/")).collect();
    instead.push(("pinnace.lock".to_owned(), locked(&repository, "1.4.2", &old)));
    let plan = Plan { instead, sources: sources.leak(), engines: Some(engines()), ..Plan::default() };
    let mut world = World::planned(plan).await;
    assert!(world.objects.image("shop-web").await.contains("acme/shop:1.0@sha256:"));

    // Down: what is kept goes on, and only what needs another archive waits.
    repository.fail(RepositoryFault::Status(503));
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(world.remote.file("apps/shop/prod/values.yaml").unwrap().contains("  tag: \"1.1\"\n  digest: sha256:"));
    let lock = locked(&repository, "1.5.0", &newer);
    let asked = repository.asked().len();
    let commit = world.remote.commit_as(Person::BOB, "pinnace.lock", &lock).unwrap();
    repository.asked_more_than(asked).await;
    assert!(world.objects.config_map("more").await.is_none());
    repository.fail(RepositoryFault::None);
    world.control.sync(&world.instance, &testkit::world::person("ann")).await.unwrap();
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("more").await.is_some());

    // Another archive under a locked version changes nothing.
    let commit = world
        .remote
        .commit_as(
            Person::BOB,
            "pinnace.lock",
            &lock.replace(&newer.digest(), &("sha256:".to_owned() + &"0".repeat(64))),
        )
        .unwrap();
    let failed = world.head_failed(&commit).await.head;
    assert!(!failed.touched && failed.failure.sentence.contains("is not what was locked"), "{failed:?}");
    let commit = world.remote.commit_as(Person::BOB, "pinnace.lock", &lock.replace("\"^1\"", "\"^2\"")).unwrap();
    let failed = world.head_failed(&commit).await.head;
    assert!(failed.failure.sentence.contains("run `pinnace charts lock`"), "{failed:?}");
    let commit = world.remote.commit_as(Person::BOB, "pinnace.lock", &lock).unwrap();
    world.head_proven(&commit).await;
    world.agree().await;
}

const MORE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_moves_the_version_of_a_chart_alone_or_with_the_image_and_an_unpin_moves_both_back() {
    let repository = ChartRepository::serve(None).await;
    let chart = of_chart();
    let chart: Vec<(&str, &str)> = chart.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let old = repository.add("web", "1.4.2", &chart);
    let with_more = [chart.as_slice(), &[("templates/more.yaml", MORE)]].concat();
    repository.add("web", "1.5.0", &with_more);
    repository.add("web", "1.6.0", &with_more);
    repository.add("web", "2.0.0", &with_more);
    let sources = format!(
        "[{{chart: web, repository: \"{}\", version: ^1, pinned: \"apps/shop/{{environment}}/chart.yaml\", values: [\"apps/shop/{{environment}}/values.yaml\"]}}]",
        repository.url()
    );
    let mut instead: Vec<_> = files_of(CHART).into_iter().filter(|(path, _)| path.starts_with("apps/")).collect();
    let pinned = |environment: &str| format!("apps/shop/{environment}/chart.yaml");
    let text = format!("# ours\nversion: 1.4.2  # proven\ndigest: {}\n", old.digest());
    instead.extend([(pinned("prod"), text.clone()), (pinned("dev"), text.clone())]);
    let plan = Plan { instead, sources: sources.leak(), engines: Some(engines()), ..Plan::default() };
    let mut world = World::planned(plan).await;

    // The chart alone: the image stays.
    let values = world.remote.file("apps/shop/prod/values.yaml").unwrap();
    world.announce_chart("web", "1.5.0", None).await;
    let number = world.asked("chart web 1.5.0").await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let now = world.remote.file(&pinned("prod")).unwrap();
    assert!(now.starts_with("# ours\nversion: 1.5.0  # proven\n"), "{now}");
    assert_eq!(world.remote.file("apps/shop/prod/values.yaml").unwrap(), values);
    assert_eq!(world.remote.file(&pinned("dev")).unwrap(), text);
    assert!(world.objects.config_map("more").await.is_some());

    // Both as one build.
    world.registry.push_image("acme/shop", "1.1", "1.1").await.unwrap();
    world.announce_chart("web", "1.6.0", Some("1.1")).await;
    let number = world.asked("1.1 with chart web 1.6.0").await;
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(world.remote.file(&pinned("prod")).unwrap().contains("version: 1.6.0"));
    assert!(world.objects.image("shop-web").await.contains("acme/shop:1.1@sha256:"));
    world.agree().await;

    // Back by one click, both of them.
    let ann = testkit::world::person("ann");
    let number = world.control.unpin(&world.instance, &ann, "worse").await.unwrap();
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert!(world.remote.file(&pinned("prod")).unwrap().contains("version: 1.5.0"));
    assert!(world.objects.image("shop-web").await.contains("acme/shop:1.0@sha256:"));
    world.agree().await;

    // What the range does not allow, and what is not there, is said.
    let build = world.announce_chart("web", "9.9.9", None).await.build;
    let other = world.announce_chart("db", "1.0.0", None).await.build;
    let why = world
        .until("the chart is unknown", async |world| match world.build_state(other).await {
            store::BuildState::Unknown { why } => Some(why),
            _ => None,
        })
        .await;
    assert!(why.contains("name one as `pinned`"), "{why}");
    assert!(!matches!(world.build_state(build).await, store::BuildState::Resolved { .. }));
}
