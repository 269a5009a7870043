//! Databases whose server runs in the cluster. Its pods are played here; behind the address is a real PostgreSQL.

use base64::Engine as _;
use cluster::ObjectKey;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use testkit::DevPostgres;

use super::field::{Field, message};

struct Place {
    field: Field,
    postgres: DevPostgres,
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
        Self { field, postgres }
    }

    fn key(&self, name: &str) -> ObjectKey {
        self.field.key("pinnace.dev/v1alpha1", "PostgresDatabase", name)
    }

    async fn write(&self, name: &str, spec: Value) {
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": name, "namespace": self.field.server.namespace}, "spec": spec});
        self.field.server.write(&database).await.unwrap();
    }

    async fn delete(&self, name: &str) {
        self.field.delete(&self.key(name)).await;
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
async fn the_volume_of_a_server_of_its_own_goes_too_where_that_is_said_and_one_that_others_made_does_not() {
    let place = Place::new("shop-postgres").await;
    let claim = |name: &str| place.field.key("v1", "PersistentVolumeClaim", name);
    place.write("shop", json!({"server": {"local": {}}, "deletion": "drop"})).await;
    place.ready("shop").await;
    let namespace = &place.field.server.namespace;
    let written = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "desk-postgres-data", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    place.field.client.create(&written).await.unwrap();
    place.write("desk", json!({"server": {"local": {}}, "deletion": "drop"})).await;
    let refused = |live: &Value| message(&live["status"], "Ready").contains("was made by others");
    place.field.until(&place.key("desk"), "refused", refused).await;
    for name in ["shop", "desk"] {
        place.delete(name).await;
        place.field.until_gone(&place.key(name)).await;
    }
    place.field.until_gone(&claim("shop-postgres-data")).await;
    let left = place.field.get(&claim("desk-postgres-data")).await.unwrap();
    assert_eq!(left["metadata"].get("deletionTimestamp"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_password_that_was_changed_by_hand_has_its_server_started_anew() {
    let mut place = Place::new("shop-postgres").await;
    place.write("shop", json!({"server": {"local": {}}})).await;
    place.ready("shop").await;
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(place.postgres.port());
    let options = options.username(DevPostgres::ADMIN).password(DevPostgres::PASSWORD).database("postgres");
    let mut superuser = PgConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("ALTER ROLE postgres PASSWORD 'by hand'").execute(&mut superuser).await.unwrap();
    let pod = place.field.key("v1", "Pod", "shop-postgres-0");
    let first = place.field.get(&pod).await.unwrap();
    place.field.kill().await;
    place.field.begin().await;
    let says = |live: &Value| message(&live["status"], "Ready").contains("its pod is started anew with that");
    place.field.until(&place.key("shop"), "told", says).await;
    place.field.until(&pod, "another", |pod| pod["metadata"]["uid"] != first["metadata"]["uid"]).await;
    // That is what a pod that starts does.
    let known =
        "DO $$ BEGIN EXECUTE format('ALTER ROLE postgres PASSWORD %L', current_setting('pinnace.known')); END $$";
    sqlx::query("SELECT set_config('pinnace.known', $1, false)")
        .bind(DevPostgres::PASSWORD)
        .execute(&mut superuser)
        .await
        .unwrap();
    sqlx::raw_sql(known).execute(&mut superuser).await.unwrap();
    place.ready("shop").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_several_instances_is_there_when_one_of_them_is_primary_and_goes_with_its_data_where_that_is_said()
{
    let place = Place::new("shop-postgres").await;
    let spec =
        |instances: u32| json!({"server": {"cluster": {"instances": instances, "storage": "1Gi"}}, "deletion": "drop"});
    place.write("shop", spec(2)).await;
    let waits =
        |live: &Value| message(&live["status"], "Ready").starts_with("no instance of its server is primary yet");
    place.field.until(&place.key("shop"), "waiting", waits).await;
    let pod = place.field.key("v1", "Pod", "shop-postgres-1");
    let is_ready = |live: &Value| {
        let mut conditions = live["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
    };
    let live = place.field.until(&pod, "ready", is_ready).await;
    let labels = json!({"metadata": {"labels": {"pinnace.dev/role": "master"}}});
    place.field.server.edit(&live, &labels).await.unwrap();
    place.ready("shop").await;
    let secret = place.field.get(&place.field.key("v1", "Secret", "shop-postgres")).await.unwrap();
    let host = base64::engine::general_purpose::STANDARD.decode(secret["data"]["readHost"].as_str().unwrap()).unwrap();
    let namespace = &place.field.server.namespace;
    assert_eq!(String::from_utf8(host).unwrap(), format!("shop-postgres-read.{namespace}.svc"));

    // A further one comes, and pods may say of it who it is.
    place.write("shop", spec(3)).await;
    let role = place.field.key("rbac.authorization.k8s.io/v1", "Role", "shop-postgres");
    place.field.until(&role, "of three", |live| live["rules"].to_string().contains("shop-postgres-2")).await;
    let claim = place.field.key("v1", "PersistentVolumeClaim", "data-shop-postgres-2");
    place.field.until(&claim, "there", |_| true).await;

    let of_others = place.field.key("v1", "PersistentVolumeClaim", "data-shop-postgres-3");
    let written = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": of_others.name,
        "namespace": namespace}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    place.field.client.create(&written).await.unwrap();
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.client.delete(&place.key("shop"), live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.until_gone(&place.field.key("apps/v1", "StatefulSet", "shop-postgres")).await;
    place.field.until_gone(&claim).await;
    place.field.until_gone(&place.field.key("v1", "Service", "shop-postgres-sync")).await;
    place.field.until_gone(&place.key("shop")).await;
    assert_eq!(place.field.get(&of_others).await.unwrap()["metadata"].get("deletionTimestamp"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cloud_native_pg_its_engine_is_refused_in_words() {
    let place = Place::new("shop-postgres").await;
    place.write("shop", json!({"server": {"cluster": {"engine": "cloudNativePg"}}})).await;
    let says =
        |live: &Value| message(&live["status"], "Ready").starts_with("CloudNativePG is not installed in this cluster");
    place.field.until(&place.key("shop"), "refused", says).await;
}
