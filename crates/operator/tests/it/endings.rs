//! What becomes of an App with a database and a virtual host of its own when it is deleted, or its namespace is, with all in it.

use std::sync::Arc;

use cluster::{KindKey, ObjectKey};
use serde_json::{Value, json};
use sqlx::Executor as _;
use testkit::DevRabbit;

use super::databases::Place;
use super::field::{Field, image, message};

/// Holds a pod, as one that is not done yet.
const HELD: &str = "test.pinnace.dev/held";

/// A namespace whose operator knows a PostgreSQL and a broker.
struct Ending {
    place: Place,
    rabbit: Arc<DevRabbit>,
}

impl Ending {
    async fn new() -> Self {
        Self::of(Field::looked_after().await).await
    }

    async fn of(field: Field) -> Self {
        let ending = Self { place: Place::of(field).await, rabbit: DevRabbit::shared().await.unwrap() };
        let data = json!({"host": "127.0.0.1", "port": ending.rabbit.port().to_string(), "managementUrl": ending.rabbit.management_url(),
            "username": DevRabbit::ADMIN, "password": DevRabbit::PASSWORD});
        let metadata = json!({"name": "central", "namespace": ending.place.field.server.own_namespace()});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
        ending.place.field.client.create(&secret).await.unwrap();
        ending
    }

    /// An App whose data is to go with it. It runs.
    async fn app(&self) {
        let database = json!({"server": {"external": {"adminSecret": "postgres"}}, "deletion": "drop"});
        let vhost =
            json!({"broker": {"external": {"adminSecret": "central"}}, "vhost": self.vhost(), "deletion": "drop"});
        let spec = json!({"image": image("1.0"), "defaults": "dev",
            "processes": {"web": {"command": ["gunicorn"]}, "worker": {"command": ["celery"]}},
            "needs": {"database": {"make": database}, "rabbit": {"make": vhost}}});
        self.place.field.write_app("shop", spec).await;
        self.place.field.phase("shop", "Ready").await;
    }

    /// A name on the broker that no other test has.
    fn vhost(&self) -> String {
        self.place.field.server.namespace.clone()
    }

    fn key(&self, kind: &str) -> ObjectKey {
        self.place.field.key("pinnace.dev/v1alpha1", kind, "shop")
    }

    async fn has_vhost(&self) -> bool {
        let url = format!("{}/api/vhosts/{}", self.rabbit.management_url(), self.vhost());
        let asked = reqwest::Client::new().get(url).basic_auth(DevRabbit::ADMIN, Some(DevRabbit::PASSWORD));
        asked.send().await.unwrap().status().is_success()
    }

    async fn has_database(&self) -> bool {
        self.place.databases().await.contains(&"shop".to_owned())
    }

    /// Has all pods be not done yet when they are told to end.
    async fn hold_pods(&self) -> Vec<ObjectKey> {
        let pods = self.place.field.list("v1", "Pod").await;
        for pod in &pods {
            self.place.field.client.set_finalizers(pod, &[HELD]).await.unwrap();
        }
        assert!(pods.len() >= 2, "{pods:#?}");
        pods.iter().map(ObjectKey::of).collect()
    }

    async fn let_go(&self, pods: &[ObjectKey]) {
        for key in pods {
            let live = self.place.field.get(key).await.unwrap();
            self.place.field.client.set_finalizers(&live, &[]).await.unwrap();
        }
    }

    /// Waits until both say that a pod is waited for, and finds that both have their data and their Secrets.
    async fn wait_for_pods(&self) {
        for kind in ["PostgresDatabase", "RabbitVhost"] {
            let waits = |live: &Value| message(&live["status"], "Ready").contains("until the pod shop-");
            let live = self.place.field.until(&self.key(kind), "waiting for a pod", waits).await;
            assert_eq!(live["status"]["conditions"][0]["reason"], "Deleting");
        }
        self.still_has_its_data().await;
    }

    async fn still_has_its_data(&self) {
        assert!(self.has_database().await && self.has_vhost().await, "what pods use is there as long as they are");
    }

    async fn still_has_its_secrets(&self) {
        for secret in ["shop-postgres", "shop-rabbit"] {
            assert!(self.place.field.get(&self.place.field.key("v1", "Secret", secret)).await.is_some(), "{secret}");
        }
    }

    /// Waits until nothing is left that the App brought.
    async fn until_nothing_is_left(&self) {
        for kind in ["PostgresDatabase", "RabbitVhost"] {
            self.place.field.until_gone(&self.key(kind)).await;
        }
        assert!(!self.has_database().await && !self.has_vhost().await);
        let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'shop%'";
        let roles: i64 = sqlx::query_scalar(roles).fetch_one(&mut self.place.admin().await).await.unwrap();
        assert_eq!(roles, 0);
        for (version, kind) in
            [("v1", "Secret"), ("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("v1", "Pod"), ("v1", "Service")]
        {
            for name in self.place.field.names(version, kind).await {
                self.place.field.until_gone(&self.place.field.key(version, kind, &name)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_of_an_app_that_is_deleted_end_before_its_data_goes_and_nothing_is_left() {
    let ending = Ending::new().await;
    ending.app().await;
    let login = ending.place.login("shop-postgres").await.unwrap();
    let mut session = ending.place.connect(&login).await.unwrap();
    let pods = ending.hold_pods().await;
    ending.place.field.delete(&ending.place.field.app("shop")).await;
    ending.wait_for_pods().await;
    ending.still_has_its_secrets().await;
    session.execute("SELECT 1").await.unwrap();
    ending.let_go(&pods).await;
    // A session that nobody ended does not hold it up.
    ending.until_nothing_is_left().await;
    session.execute("SELECT 1").await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_goes_after_all_of_it_says_what_it_waits_for() {
    let ending = Ending::new().await;
    ending.app().await;
    let pods = ending.hold_pods().await;
    let app = ending.place.field.app("shop");
    let live = ending.place.field.get(&app).await.unwrap();
    ending.place.field.client.delete_after_all_of_it(&app, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    ending.wait_for_pods().await;
    let says = |live: &Value| message(&live["status"], "Ready").contains("until the pod shop-");
    ending.place.field.until(&app, "saying so", says).await;
    ending.let_go(&pods).await;
    ending.until_nothing_is_left().await;
    ending.place.field.until_gone(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_with_all_in_it_takes_the_data_along_after_the_pods() {
    let mut field = Field::with_rights_over_all().await;
    field.begin().await;
    let ending = Ending::of(field).await;
    ending.app().await;
    let pods = ending.hold_pods().await;
    let namespace = ending.place.field.server.namespace.clone();
    let key = ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: namespace };
    ending.place.field.delete(&key).await;
    // Kubernetes has pods end before it deletes anything else there; versions before 1.33 begin with what comes first.
    let is_going = |live: &Value| live["metadata"].get("deletionTimestamp").is_some();
    for pod in &pods {
        ending.place.field.until(pod, "told to end", is_going).await;
    }
    ending.still_has_its_data().await;
    ending.still_has_its_secrets().await;
    ending.let_go(&pods).await;
    ending.until_nothing_is_left().await;
    ending.place.field.until_gone(&key).await;
}
