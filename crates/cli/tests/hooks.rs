//! Helm's hooks on the path of pins and pushed commits: run once for each candidate, in their order, and never by a repair.

use model::{DropReason, Outcome};
use render::engine::EngineSettings;
use testkit::world::{Harness, Plan, files_of};
use testkit::{Person, World};

fn engines() -> EngineSettings {
    testkit::engines::run_by(env!("CARGO_BIN_EXE_pinnace"))
}

const CHART: &str = r#"-- apps/shop/prod/Chart.yaml --
apiVersion: v2
name: shop
version: 0.1.0
-- apps/shop/prod/values.yaml --
image:
  repository: REPOSITORY
  tag: "1.0"
  digest: DIGEST
ends: well
check: well
greeting: hello
-- apps/shop/prod/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}@{{ .Values.image.digest }}"
          env: [{name: GREETING, value: "{{ .Values.greeting }}"}]
-- apps/shop/prod/templates/hooks.yaml --
apiVersion: v1
kind: ConfigMap
metadata:
  name: for-migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
data: {A: b}
{{- with .Values.login }}
---
apiVersion: v1
kind: Secret
metadata:
  name: login
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-4"}
stringData: {PASSWORD: "{{ .password }}"}
{{- end }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "jobs.example/migrate:{{ .Values.ends }}"}]
---
apiVersion: batch/v1
kind: Job
metadata:
  name: seed
  annotations: {helm.sh/hook: post-install, helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: seed, image: "jobs.example/seed:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: check
  annotations: {helm.sh/hook: post-upgrade, helm.sh/hook-delete-policy: "before-hook-creation,hook-failed"}
spec:
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: check, image: "jobs.example/check:{{ .Values.check }}"}]}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: farewell
  annotations: {helm.sh/hook: pre-delete}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: farewell, image: "jobs.example/farewell:1"}]}
"#;

fn plan(harness: &Harness) -> Plan {
    Plan {
        instead: files_of(CHART),
        engines: Some(engines()),
        barrier: Some(harness.path().to_owned()),
        deadline: "10m",
        ..Plan::default()
    }
}

/// Which hooks were made since, in their order.
fn ran(harness: &Harness, since: usize) -> Vec<String> {
    let seen = harness.seen();
    let made = seen.iter().skip(since).filter_map(|said| said.strip_prefix("after run hook "));
    made.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_once_for_each_candidate_and_never_otherwise() {
    let harness = Harness::listen();
    let mut world = World::planned(plan(&harness)).await;
    assert_eq!(ran(&harness, 0), ["ConfigMap/for-migrate", "Job/migrate", "Job/seed"]);
    assert!(world.objects.job("seed").await.is_none(), "it ended well, and its policy says to delete it");
    assert!(world.objects.job("farewell").await.is_none());
    world.agree().await;

    let before = harness.seen().len();
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(ran(&harness, before), ["ConfigMap/for-migrate", "Job/migrate", "Job/check"]);
    let notes = world.control.pin_view(number).await.unwrap().pin.notes;
    assert!(notes.contains(&"the pre-upgrade hook Job/migrate ran".to_owned()), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("`farewell` is a hook of pre-delete")), "{notes:?}");

    // Gone, they are no drift, and neither a restart nor a comparison runs them.
    let before = harness.seen().len();
    world.objects.delete_job("migrate").await;
    world.restart(plan(&harness)).await;
    world.agree().await;
    let commit = world.commit(Person::BOB, "values.yaml", "ends: well", "ends: well # of course");
    world.until("HEAD is read", async |world| (world.control.head().as_str() == commit).then_some(())).await;
    world.agree().await;
    assert_eq!(ran(&harness, before), Vec::<String>::new());
    assert!(world.objects.job("migrate").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_a_hook_that_would_become_empty_is_refused_before_anything_runs() {
    let harness = Harness::listen();
    let world = World::planned(plan(&harness)).await;
    let path = "apps/shop/prod/values.yaml";
    let values = world.remote.file(path).unwrap();
    let with = |password: &str| format!("{values}login: {{password: \"{password}\"}}\n");
    let good = world.remote.commit_as(Person::BOB, path, &with("hunter22")).unwrap();
    world.head_proven(&good).await;
    let before = harness.seen().len();
    let bad = world.remote.commit_as(Person::BOB, path, &with("")).unwrap();
    let failed = world.head_failed(&bad).await;
    let sentence = &failed.head.failure.sentence;
    assert!(sentence.contains("`PASSWORD` would become empty") && !failed.head.touched, "{sentence}");
    assert_eq!(ran(&harness, before), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_leaves_the_rest_unwritten_and_the_way_back_runs_none() {
    let harness = Harness::listen();
    let world = World::planned(plan(&harness)).await;
    let web = world.objects.deployment("web").await["metadata"]["generation"].clone();
    let before = harness.seen().len();
    let path = "apps/shop/prod/values.yaml";
    let values = world.remote.file(path).unwrap();
    let values = values.replace("greeting: hello", "greeting: good day").replace("ends: well", "ends: job-fails");
    let bad = world.remote.commit_as(Person::BOB, path, &values).unwrap();
    let failed = world.head_failed(&bad).await;
    let failure = &failed.head.failure;
    assert!(failure.sentence.starts_with("the pre-upgrade hook Job/migrate failed: "), "{failure:?}");
    assert!(failure.sentence.contains("exit code 1") && !failure.log.is_empty(), "{failure:?}");
    assert!(failed.back.unwrap().healthy);
    assert_eq!(ran(&harness, before), ["ConfigMap/for-migrate", "Job/migrate"], "and none on the way back");
    let live = world.objects.job("migrate").await.expect("a hook that failed is kept");
    assert_eq!(live["status"]["failed"], 1);
    assert_eq!(world.objects.deployment("web").await["metadata"]["generation"], web, "it was never written");
    world.agree().await;

    let before = harness.seen().len();
    let good = world.commit(Person::BOB, "values.yaml", "ends: job-fails", "ends: well-again");
    world.head_proven(&good).await;
    assert_eq!(ran(&harness, before), ["ConfigMap/for-migrate", "Job/migrate", "Job/check"]);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_after_everything_drops_the_pin_when_it_fails() {
    let harness = Harness::listen();
    let mut world = World::planned(plan(&harness)).await;
    let bad = world.commit(Person::BOB, "values.yaml", "check: well", "check: job-fails");
    let failed = world.head_failed(&bad).await;
    assert!(failed.head.failure.sentence.starts_with("the post-upgrade hook Job/check failed"), "{failed:?}");
    assert!(world.objects.job("check").await.is_none(), "its policy says to delete it when it fails");
    // Its candidate is an edit of that same HEAD.
    let number = world.pin("1.1").await;
    let Outcome::Dropped { reason, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert_eq!(reason, DropReason::Failed);
    assert!(world.objects.image("web").await.contains(":1.0@"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_while_a_hook_runs_finds_it_again() {
    for announcement in
        ["before run hook Job/migrate", "after run hook Job/migrate", "before note end of hook Job/migrate"]
    {
        let harness = Harness::listen();
        let mut world = World::planned(plan(&harness)).await;
        let mut held = harness.hold(announcement);
        let number = world.pin("1.1").await;
        held.reached().await;
        let uid = world.objects.job("migrate").await.map(|job| job["metadata"]["uid"].clone());
        world.restart(plan(&harness)).await;
        drop(held);
        assert!(matches!(world.ended(number).await, Outcome::Done { .. }), "{announcement}");
        let now = world.objects.job("migrate").await.map(|job| job["metadata"]["uid"].clone());
        assert!(announcement.starts_with("before run") || now == uid, "{announcement}: it was run twice");
        world.agree().await;
    }
}
