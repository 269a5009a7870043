//! A project that is an App: a pin of it runs backup, migration and rollout, and what the App says is what the pin waits for.

use std::time::Duration;

use cluster::{ClusterClient, KindKey, ObjectKey};
use control::{AppView, MigrationState, NeedState};
use model::{DropReason, FailureReport, Outcome, PinNumber};
use operator::Operator;
use serde_json::Value;
use testkit::world::{Plan, person};
use testkit::{DevCluster, World};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const APP: &str = r#"apiVersion: pinnace.dev/v1alpha1
kind: App
metadata: {name: shop}
spec:
  image: "IMAGE"
  defaults: dev
  processes:
    web: {command: [serve], replicas: 2}
    worker: {command: [work]}
"#;
const MIGRATIONS: &str = "  migrations: {command: [migrate]}\n";

/// A world whose shop is an App, with an operator beside the server.
struct Apps {
    world: World,
    client: ClusterClient,
    running: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Apps {
    async fn new(app: &str) -> Self {
        let apps = Self::begin(app, Plan::default()).await;
        apps.world.proven().await;
        apps
    }

    async fn begin(app: &str, plan: Plan) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = DevCluster::shared().await.unwrap();
        let admin = ClusterClient::connect(Some(cluster.kubeconfig()), "devcluster").await.unwrap();
        let crds = operator::crds();
        admin.set_up(&crds).await.unwrap();
        admin.wait_until_established(&crds.iter().collect::<Vec<_>>(), Duration::from_secs(30)).await.unwrap();
        let instead = vec![("apps/shop/prod/app.yaml".to_owned(), app.to_owned())];
        let world = World::started(Plan { instead, deadline: "10m", ..plan }).await;
        let namespace = world.objects.namespace().to_owned();
        let own = format!("{namespace}-pinnace");
        let settings = cluster::Settings { own_namespace: own, ..cluster::Settings::default() };
        let client = ClusterClient::connect_with(Some(cluster.kubeconfig()), "devcluster", settings).await.unwrap();
        let settings = operator::Settings { namespace: Some(namespace), ..operator::Settings::default() };
        let operator = Operator::begin(client.clone(), settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        Self { world, client, running: tokio::spawn(operator.run(stopped)), _stop: stop }
    }

    /// Waits until the App is shown so: whoever waits is woken by nothing but what is shown.
    async fn shown(&self, what: &str, is_so: impl Fn(&AppView) -> bool) -> AppView {
        let look = async |world: &World| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            view.apps.apps.into_iter().next().filter(&is_so)
        };
        self.world.until(what, look).await
    }

    fn key(&self) -> ObjectKey {
        let namespace = Some(self.world.objects.namespace().to_owned());
        ObjectKey { kind: KindKey::new("pinnace.dev/v1alpha1", "App"), namespace, name: "shop".to_owned() }
    }

    async fn app(&self) -> Value {
        self.client.get(&self.key()).await.unwrap().unwrap()
    }

    /// How many migrations succeeded.
    async fn migrations(&self) -> usize {
        let jobs = self.client.list(&KindKey::new("batch/v1", "Job"), self.world.objects.namespace()).await.unwrap();
        jobs.iter().filter(|job| job["status"]["succeeded"] == 1).count()
    }

    async fn failed_job(&self) -> Value {
        let jobs = self.client.list(&KindKey::new("batch/v1", "Job"), self.world.objects.namespace()).await.unwrap();
        jobs.into_iter().find(|job| job["status"]["failed"] == 1).unwrap()
    }

    async fn dropped(&mut self, tag: &str) -> FailureReport {
        let number = self.world.pin(tag).await;
        self.is_dropped(number).await
    }

    async fn is_dropped(&self, number: PinNumber) -> FailureReport {
        let before = self.world.remote.head().unwrap();
        let ended = self.world.ended(number).await;
        assert!(matches!(ended, Outcome::Dropped { reason: DropReason::Failed, healthy: true, .. }), "{ended:?}");
        assert_eq!(self.world.remote.head().unwrap(), before, "git was never told");
        assert!(self.world.objects.image("shop-web").await.contains(":1.0@"));
        assert_eq!(self.app().await["status"]["version"], "1.0");
        self.world.agree().await;
        self.world.control.pin_view(number).await.unwrap().pin.failure.unwrap()
    }
}

impl Drop for Apps {
    fn drop(&mut self) {
        self.running.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pinning_an_app_migrates_once_rolls_out_and_is_committed_when_the_app_says_so() {
    let mut apps = Apps::new(&format!("{APP}{MIGRATIONS}")).await;
    let number = apps.world.pin("1.1").await;
    let ended = apps.world.ended(number).await;
    assert!(matches!(ended, Outcome::Done { .. }), "{ended:?}");
    assert!(apps.world.remote.file("apps/shop/prod/app.yaml").unwrap().contains(":1.1@"));
    assert!(apps.world.objects.image("shop-web").await.contains(":1.1@"));
    assert_eq!(apps.app().await["status"]["version"], "1.1");
    assert_eq!(apps.migrations().await, 2, "one for each version");
    apps.world.agree().await;
    let shown = apps.shown("the new version", |app| app.ready && app.version.as_deref() == Some("1.1")).await;
    assert_eq!((shown.word(), shown.versions().as_str(), shown.lines.len()), ("Ready", "1.1", 0));
    assert_eq!(shown.migration.unwrap().state, MigrationState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_can_not_be_migrated_is_shown_with_reason_lines_and_the_command_to_try_again() {
    let plan = Plan { first: "1.0-job-fails", ..Plan::default() };
    let apps = Apps::begin(&format!("{APP}{MIGRATIONS}"), plan).await;
    let shown = apps.shown("why it failed, with lines", |app| !app.lines.is_empty()).await;
    assert_eq!((shown.word(), shown.reason.as_str()), ("Error", "MigrationFailed"), "{shown:?}");
    assert_eq!(shown.versions(), "nothing → 1.0-job-fails");
    assert!(shown.message.contains("the migration failed"), "{}", shown.message);
    assert!(shown.lines.iter().any(|line| line.contains("DuplicateColumn")), "{:?}", shown.lines);
    let namespace = apps.world.objects.namespace();
    assert_eq!(shown.retry.unwrap(), format!("pinnace app retry --context prod -n {namespace} shop"));
    assert_eq!(shown.migration.unwrap().state, MigrationState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_waits_for_is_shown_as_it_comes() {
    let apps = Apps::begin(&format!("{APP}  needs: {{redis: {{name: shared}}}}\n"), Plan::default()).await;
    let shown = apps.shown("what is not there", |app| app.phase.as_deref() == Some("Initializing")).await;
    assert_eq!(shown.needs[0].why, "there is no Redis/shared");
    let namespace = apps.world.objects.namespace();
    let redis = serde_json::json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "Redis",
        "metadata": {"name": "shared", "namespace": namespace}, "spec": {"external": {"adminSecret": "nowhere"}}});
    apps.client.create(&redis).await.unwrap();
    let is_told = |app: &AppView| app.needs.iter().any(|need| need.why.contains("nowhere"));
    let shown = apps.shown("why it is not ready", is_told).await;
    assert_ne!(shown.needs[0].state, NeedState::Ready);
    assert_eq!(shown.needs[0].server.as_deref(), Some("external"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_at_rest_is_shown_as_it_changes_after_a_restart_too() {
    let mut apps = Apps::new(APP).await;
    apps.world.restart(Plan { deadline: "10m", ..Plan::default() }).await;
    apps.shown("what rests", |app| app.ready && app.version.as_deref() == Some("1.0")).await;
    apps.client.annotate(&apps.key(), "pinnace.dev/skip", Some("true")).await.unwrap();
    let shown = apps.shown("that it is left as it is", |app| app.paused.is_some()).await;
    assert_eq!(shown.word(), "Paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_is_dropped_with_its_lines_and_old_pods_serve_on() {
    let mut apps = Apps::new(&format!("{APP}{MIGRATIONS}")).await;
    let number = apps.world.pin("1.1-job-fails").await;
    let failure = apps.is_dropped(number).await;
    assert!(failure.sentence.contains("the migration failed"), "{}", failure.sentence);
    assert!(failure.sentence.contains("1.0 keeps serving"), "{}", failure.sentence);
    assert!(!failure.log.is_empty(), "{failure:?}");
    assert_eq!(apps.migrations().await, 1);
    let failed = apps.failed_job().await;
    // Who pins it again wants it tried again.
    let again = apps.world.control.pin_again(number, &person("ann")).await.unwrap();
    apps.is_dropped(again).await;
    assert_ne!(apps.failed_job().await["metadata"]["uid"], failed["metadata"]["uid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_over_a_migration_that_can_not_be_reversed_asks_first() {
    let mut apps = Apps::new(&format!("{APP}  migrations: {{command: [migrate], reversible: false}}\n")).await;
    let first = apps.world.pin("1.1").await;
    assert!(matches!(apps.world.ended(first).await, Outcome::Done { .. }));
    let unpin = async |apps: &Apps| apps.world.control.unpin(&apps.world.instance, &person("ann"), "").await;
    let asked = unpin(&apps).await.unwrap_err();
    assert!(asked.what.contains("the migration of shop 1.1 can't be reversed: 1.0 may not work"), "{asked}");
    let back = unpin(&apps).await.unwrap();
    assert!(matches!(apps.world.ended(back).await, Outcome::Done { .. }));
    assert_eq!(apps.app().await["status"]["version"], "1.0");
    assert_eq!(apps.migrations().await, 2, "going back migrates nothing");
    apps.world.control.unlock(&apps.world.instance, &person("ann")).await.unwrap();

    // An older build that somebody pins goes back as well, however far it is.
    for tag in ["1.2", "1.3"] {
        let number = apps.world.pin(tag).await;
        assert!(matches!(apps.world.ended(number).await, Outcome::Done { .. }), "{tag}");
    }
    let pin_again = async || apps.world.control.pin_again(first, &person("ann")).await;
    let asked = pin_again().await.unwrap_err();
    assert!(asked.what.contains("the migration of shop 1.3 can't be reversed: 1.1 may not work"), "{asked}");
    assert!(asked.to_string().contains("pin it once more"), "{asked}");
    let older = pin_again().await.unwrap();
    assert!(matches!(apps.world.ended(older).await, Outcome::Done { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_crashes_is_dropped_with_the_lines_of_its_pod() {
    let mut apps = Apps::new(APP).await;
    let failure = apps.dropped("1.1-crash-loop").await;
    assert!(failure.sentence.contains("starts and stops again"), "{}", failure.sentence);
    assert!(failure.log.last().unwrap().contains("KeyError"), "{:?}", failure.log);
}
