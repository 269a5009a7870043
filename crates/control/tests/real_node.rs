//! An App with pods that really run is pinned, version after version, while a client asks for its pages: with real databases, a real broker
//! and Traefik before it. Where the machine can't have a node (no root, no Linux, a package that is missing) it says so and passes.

#![cfg(test)]

use std::time::Duration;

use cluster::{ClusterClient, KindKey, ObjectKey};
use model::{DropReason, FailureReport, Outcome, PinNumber};
use operator::Operator;
use operator::local::Images;
use serde_json::Value;
use testkit::World;
use testkit::real_node::{Behaviour, Forward, Orders, Recipe, Site, skipped};
use testkit::world::{Plan, person};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const HOST: &str = "shop.example.test";
const FILE: &str = "apps/shop/prod/app.yaml";
const APP: &str = r#"apiVersion: pinnace.dev/v1alpha1
kind: App
metadata: {name: shop}
spec:
  image: "IMAGE"
  defaults: dev
  processes:
    web: {command: [/orders, web], replicas: 3, resources: {requests: {cpu: 10m, memory: 32Mi}}}
    worker: {command: [/orders, worker], resources: {requests: {cpu: 10m, memory: 32Mi}}}
    scheduler: {command: [/orders, scheduler], resources: {requests: {cpu: 10m, memory: 32Mi}}}
    websocket: {command: [/orders, websocket], port: 8000, resources: {requests: {cpu: 10m, memory: 32Mi}}}
    static: {command: [/orders, static], port: 8000, resources: {requests: {cpu: 10m, memory: 32Mi}}}
  routes: {host: shop.example.test}
  migrations: {command: [/orders, migrate], backup: true}
  needs: {database: {}, redis: {}, rabbit: {}}
"#;

fn version(version: &str, migrations: usize, behaviour: Behaviour) -> Orders {
    Orders { version: version.to_owned(), migrations, behaviour }
}

/// The server, the operator beside it, and the App that stands in the config repo.
struct Shop {
    world: World,
    client: ClusterClient,
    site: Site,
    running: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    _ways: Vec<Forward>,
}

impl Shop {
    /// Nothing where there can be no node; why is said.
    async fn running(first: Orders) -> Option<Self> {
        if skipped().await.unwrap() {
            return None;
        }
        let instead = vec![(FILE.to_owned(), APP.to_owned())];
        let (orders, definitions) = (Some(first), operator::crds());
        let world = World::started(Plan { instead, orders, definitions, deadline: "10m", ..Plan::default() }).await;
        let namespace = world.objects.namespace().to_owned();
        let own = cluster::Settings { own_namespace: format!("{namespace}-pinnace"), ..cluster::Settings::default() };
        let client = ClusterClient::connect_with(Some(world.kubeconfig()), "devcluster", own).await.unwrap();
        let (settings, ways) = settings(&world).await;
        let operator = Operator::begin(client.clone(), settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let site = Site::new(world.inside().http.as_ref().unwrap(), HOST);
        let running = tokio::spawn(operator.run(stopped));
        world.proven().await;
        Some(Self { world, client, site, running, _stop: stop, _ways: ways })
    }

    async fn get(&self, kind: &str) -> Value {
        let namespace = Some(self.world.objects.namespace().to_owned());
        let key = ObjectKey { kind: KindKey::new("pinnace.dev/v1alpha1", kind), namespace, name: "shop".to_owned() };
        self.client.get(&key).await.unwrap().unwrap()
    }

    /// How many orders the page counts.
    async fn orders(&self) -> u64 {
        let text = self.site.until("/", |text| text.contains("orders")).await;
        serde_json::from_str::<Value>(&text).unwrap()["orders"].as_u64().unwrap()
    }

    /// The namespace goes with all that is in it, and somebody makes it again, empty.
    async fn loses_namespace(&self) {
        let name = self.world.objects.namespace().to_owned();
        let key = ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: name.clone() };
        let live = self.client.get(&key).await.unwrap().unwrap();
        let uid = live["metadata"]["uid"].as_str().unwrap();
        self.client.delete(&key, uid).await.unwrap();
        self.client.wait_until_gone(&key, uid, Duration::from_mins(4)).await.unwrap();
        self.client.make_namespace(&name).await.unwrap();
    }

    /// The version that its visitors are answered by.
    async fn serves(&self, version: &str) {
        self.site.until("/", |text| text.contains(&format!(r#""version":"{version}""#))).await;
    }

    /// The version that is written down.
    async fn agrees_on(&self, version: &str) {
        let file = self.world.remote.file(FILE).unwrap();
        assert!(file.contains(&format!("/acme/shop:{version}@sha256:")), "{file}");
        assert_eq!(self.get("App").await["status"]["version"], version);
        self.world.agree().await;
    }

    async fn done(&self, pin: PinNumber) {
        let ended = self.world.ended(pin).await;
        assert!(matches!(ended, Outcome::Done { .. }), "{ended:?}: {:#?}", self.world.control.pin_view(pin).await);
    }

    /// Pins a version that fails; git is never told of it, and what people are told of it comes back.
    async fn dropped(&mut self, orders: Orders) -> FailureReport {
        let head = self.world.remote.head().unwrap();
        let pin = self.world.pin_orders(&orders).await;
        let ended = self.world.ended(pin).await;
        let is_dropped = matches!(ended, Outcome::Dropped { reason: DropReason::Failed, healthy: true, .. });
        assert!(is_dropped, "{ended:?}: {:#?}", self.world.control.pin_view(pin).await);
        assert_eq!(self.world.remote.head().unwrap(), head, "git was never told");
        self.serves("2").await;
        self.agrees_on("2").await;
        self.world.control.pin_view(pin).await.unwrap().pin.failure.unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// The operator is outside of the cluster here: where it reaches what is inside.
async fn settings(world: &World) -> (operator::Settings, Vec<Forward>) {
    let (inside, namespace) = (world.inside(), world.objects.namespace());
    let image = async |recipe| inside.server_image(recipe).await.unwrap().reference();
    let images = Images {
        postgres: image(Recipe::Postgres).await,
        redis: image(Recipe::Redis).await,
        rabbit: image(Recipe::RabbitMq).await,
        ..Images::default()
    };
    let namespace_of = Some(namespace.to_owned());
    let mut settings = operator::Settings { images, namespace: namespace_of, ..operator::Settings::default() };
    let mut ways = Vec::new();
    for (server, port) in [("postgres", 5432), ("rabbit", 15672)] {
        let to = format!("shop-{server}.{namespace}.svc:{port}");
        let way = inside.forward(&to).await.unwrap();
        settings.reached_at.insert(to, ("127.0.0.1".to_owned(), way.port()));
        ways.push(way);
    }
    (settings, ways)
}

fn says(log: &[String], words: &str) -> bool {
    log.iter().any(|line| line.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_app_are_pinned_dropped_and_unpinned_no_request_fails_and_from_git_and_backups_it_comes_back() {
    let Some(mut shop) = Shop::running(version("1", 1, Behaviour::Works)).await else { return };
    shop.serves("1").await;
    let load = shop.site.load();

    // A version with a migration that alters a table with data.
    let second = shop.world.pin_orders(&version("2", 2, Behaviour::Works)).await;
    shop.done(second).await;
    shop.serves("2").await;
    shop.agrees_on("2").await;
    let message = shop.world.remote.git(&["log", "-1", "--format=%an%n%B", "main"]).unwrap();
    assert!(message.starts_with("ann\n") && message.contains("Pinnace-Pin: "), "{message}");
    let database = shop.get("PostgresDatabase").await;
    assert_eq!(database["status"]["backups"].as_array().map(Vec::len), Some(1), "{database:#}");

    // One whose migration fails, in a column that the one before made of data.
    let failure = shop.dropped(version("3", 3, Behaviour::MigrationFails)).await;
    assert!(failure.sentence.contains("the migration failed"), "{failure:#?}");
    assert!(failure.sentence.contains("2 keeps serving"), "{failure:#?}");
    assert!(says(&failure.log, "0003_fails.sql failed: ERROR: division by zero"), "{failure:#?}");

    // One that migrates and crashes.
    let failure = shop.dropped(version("4", 2, Behaviour::Crashes)).await;
    assert!(failure.sentence.contains("starts and stops again"), "{failure:#?}");
    assert!(failure.sentence.contains("the schema stays at that of 4"), "{failure:#?}");
    assert!(says(&failure.log, "KeyError: 'STRIPE_KEY' (version 4 was built to crash)"), "{failure:#?}");

    let back = shop.world.control.unpin(&shop.world.instance, &person("ann"), "").await.unwrap();
    shop.done(back).await;
    shop.serves("1").await;
    shop.agrees_on("1").await;
    let (all, failures) = load.end().await;
    // Nothing is left but git and the backups: neither the namespace nor what the server knew.
    let orders = shop.orders().await;
    shop.loses_namespace().await;
    shop.world.restart_without_database(Plan { deadline: "10m", ..Plan::default() }).await;
    shop.world.proven().await;
    shop.serves("1").await;
    shop.agrees_on("1").await;
    let there = shop.orders().await;
    assert!(there >= 1000, "{there} of {orders} orders came back");
    let view = shop.world.control.instance_view(&shop.world.instance).await.unwrap();
    let said = view.apps.apps[0].needs[0].restored.clone().unwrap_or_default();
    assert!(said.starts_with("the database shop was made anew and filled from the backup shop-"), "{view:#?}");

    assert_eq!(failures, Vec::<String>::new(), "of {all} requests");
    assert!(all > 100, "{all}");
    eprintln!("{all} requests, none of which failed");
}
