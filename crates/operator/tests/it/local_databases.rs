//! Databases whose server runs in the cluster. Its pods are played here; behind the address is a real PostgreSQL.

use cluster::ObjectKey;
use serde_json::{Value, json};
use testkit::DevPostgres;

use super::field::{Field, message};

struct Place {
    field: Field,
    _postgres: DevPostgres,
}

impl Place {
    /// The server of this name answers, and its superuser's password is known.
    async fn new(server: &str) -> Self {
        let mut field = Field::new().await;
        let postgres = DevPostgres::start().await.unwrap();
        let namespace = field.server.namespace.clone();
        let at = ("127.0.0.1".to_owned(), postgres.port());
        field.settings.reached_at.insert(format!("{server}.{namespace}.svc:5432"), at);
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": DevPostgres::PASSWORD},
            "metadata": {"name": format!("postgres.{namespace}.{server}"), "namespace": field.server.own_namespace()}});
        field.client.create(&secret).await.unwrap();
        field.volume(&format!("{server}-data")).await;
        field.begin().await;
        Self { field, _postgres: postgres }
    }

    fn key(&self, name: &str) -> ObjectKey {
        self.field.key("pinnace.dev/v1alpha1", "PostgresDatabase", name)
    }

    async fn write(&self, name: &str, spec: Value) {
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": name, "namespace": self.field.server.namespace}, "spec": spec});
        self.field.server.write(&database).await.unwrap();
    }

    async fn ready(&self, name: &str) {
        let is_ready = |live: &Value| message(&live["status"], "Ready") == "it takes connections";
        self.field.until(&self.key(name), "ready", is_ready).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_its_own_is_made_kept_and_gone_with_its_database_but_for_the_volume() {
    let place = Place::new("shop-postgres").await;
    place.write("shop", json!({"server": {"local": {}}})).await;
    place.ready("shop").await;
    let set = place.field.key("apps/v1", "StatefulSet", "shop-postgres");
    let live = place.field.get(&set).await.unwrap();
    place.field.client.delete(&set, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.until(&set, "made again", |again| again["metadata"]["uid"] != live["metadata"]["uid"]).await;
    place.ready("shop").await;
    let password = DevPostgres::PASSWORD;
    for secret in place.field.list("v1", "Secret").await {
        assert!(!secret.to_string().contains(password), "{secret:#}");
    }
    let database = place.field.get(&place.key("shop")).await.unwrap();
    place.field.client.delete(&place.key("shop"), database["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.until_gone(&set).await;
    assert!(place.field.get(&place.field.key("v1", "PersistentVolumeClaim", "shop-postgres-data")).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_several_share_is_what_one_of_them_says() {
    let place = Place::new("all-postgres-shared").await;
    let shared = |storage: &str| json!({"server": {"local": {"shared": {"name": "all"}, "storage": storage}}});
    place.write("first", shared("1Gi")).await;
    place.ready("first").await;
    place.write("second", shared("2Gi")).await;
    place.ready("second").await;
    let claim = place.field.key("v1", "PersistentVolumeClaim", "all-postgres-shared-data");
    assert_eq!(place.field.get(&claim).await.unwrap()["spec"]["resources"]["requests"]["storage"], "1Gi");
    let first = place.field.get(&place.key("first")).await.unwrap();
    place.field.client.delete(&place.key("first"), first["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.until_gone(&place.key("first")).await;
    let set = place.field.key("apps/v1", "StatefulSet", "all-postgres-shared");
    assert!(place.field.get(&set).await.is_some(), "it is nobody's alone");
    place.ready("second").await;
}
