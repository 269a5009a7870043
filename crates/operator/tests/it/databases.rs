//! Databases of a real cluster's objects on a real PostgreSQL.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{KindKey, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use operator::Clock;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};
use testkit::DevPostgres;

use super::field::{Field, image, message};

/// A namespace whose operator knows a PostgreSQL that is there.
pub(crate) struct Place {
    pub(crate) field: Field,
    postgres: DevPostgres,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::of(Field::looked_after().await).await
    }

    /// The same in a field that is there.
    pub(crate) async fn of(field: Field) -> Self {
        let place = Self { field, postgres: DevPostgres::start().await.unwrap() };
        place.write_admin("postgres").await;
        place
    }

    async fn write_admin(&self, name: &str) {
        self.write_admin_at(name, self.postgres.port()).await;
    }

    /// The Secret of a server at this port.
    pub(crate) async fn write_admin_at(&self, name: &str, port: u16) {
        let data = json!({"host": "127.0.0.1", "port": port.to_string(), "username": DevPostgres::ADMIN,
            "password": DevPostgres::PASSWORD});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": data,
            "metadata": {"name": name, "namespace": self.field.server.own_namespace()}});
        self.field.client.create(&secret).await.unwrap();
    }

    pub(crate) async fn begin_again(&mut self) {
        self.field.kill().await;
        self.field.begin().await;
    }

    /// Where the server listens.
    pub(crate) fn port(&self) -> u16 {
        self.postgres.port()
    }

    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        self.field.key("pinnace.dev/v1alpha1", "PostgresDatabase", name)
    }

    pub(crate) async fn write(&self, name: &str, spec: Value) {
        let mut spec = spec;
        if spec.get("server").is_none() {
            spec["server"] = json!({"external": {"adminSecret": "postgres"}});
        }
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": name, "namespace": self.field.server.namespace}, "spec": spec});
        self.field.server.write(&database).await.unwrap();
    }

    /// Waits until a database takes connections, and gives its login.
    pub(crate) async fn ready(&self, name: &str) -> Login {
        let is_ready = |live: &Value| {
            live["status"]["observedGeneration"] == live["metadata"]["generation"] && condition(live) == "True"
        };
        self.field.until(&self.key(name), "ready", is_ready).await;
        self.login(&format!("{name}-postgres")).await.unwrap()
    }

    pub(crate) async fn says(&self, name: &str, words: &str) -> Value {
        let says = |live: &Value| message(&live["status"], "Ready").contains(words);
        self.field.until(&self.key(name), words, says).await
    }

    pub(crate) fn secret(&self, name: &str) -> ObjectKey {
        ObjectKey { kind: KindKey::new("v1", "Secret"), ..self.field.key("v1", "Secret", name) }
    }

    pub(crate) async fn login(&self, secret: &str) -> Option<Login> {
        let live = self.field.get(&self.secret(secret)).await?;
        let text =
            |key: &str| String::from_utf8(STANDARD.decode(live["data"][key].as_str().unwrap()).unwrap()).unwrap();
        Some(Login { role: text("username"), password: text("password"), database: text("name"), url: text("url") })
    }

    pub(crate) async fn connect(&self, login: &Login) -> Result<PgConnection, sqlx::Error> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.postgres.port());
        PgConnection::connect_with(&options.username(&login.role).password(&login.password).database(&login.database))
            .await
    }

    pub(crate) async fn admin(&self) -> PgConnection {
        self.admin_of("postgres").await
    }

    async fn admin_of(&self, database: &str) -> PgConnection {
        let text = str::to_owned;
        let login = Login {
            role: text(DevPostgres::ADMIN),
            password: text(DevPostgres::PASSWORD),
            database: text(database),
            url: String::new(),
        };
        self.connect(&login).await.unwrap()
    }

    /// Waits until nobody is logged in as this role: the server hears of it a little later than we leave.
    async fn until_left(&self, role: &str) {
        let mut admin = self.admin().await;
        let deadline = Instant::now() + Duration::from_mins(1);
        let count = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1";
        while sqlx::query_scalar::<_, i64>(count).bind(role).fetch_one(&mut admin).await.unwrap() > 0 {
            assert!(Instant::now() < deadline, "{role} is still logged in");
        }
    }

    async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.admin().await).await.unwrap();
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.field.delete(&self.key(name)).await;
    }

    pub(crate) async fn databases(&self) -> Vec<String> {
        let rows = sqlx::query("SELECT datname::text FROM pg_database ORDER BY 1")
            .fetch_all(&mut self.admin().await)
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Login {
    role: String,
    password: String,
    database: String,
    url: String,
}

fn condition(live: &Value) -> &str {
    let conditions = live["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().find(|one| one["type"] == "Ready").and_then(|one| one["status"].as_str()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_runs_on_a_database_that_is_made_on_a_server_that_is_there() {
    let place = Place::new().await;
    let spec = json!({
        "image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "needs": {"database": {"make": {"server": {"external": {"adminSecret": "postgres"}}, "reporting": {}}}},
    });
    place.field.write_app("shop", spec).await;
    place.field.phase("shop", "Ready").await;
    let login = place.ready("shop").await;
    let mut connection = place.connect(&login).await.unwrap();
    sqlx::raw_sql("CREATE TABLE orders (id int)").execute(&mut connection).await.unwrap();
    let reader = place.login("shop-postgres-reporting").await.unwrap();
    let mut reading = place.connect(&reader).await.unwrap();
    sqlx::raw_sql("SELECT * FROM orders").execute(&mut reading).await.unwrap();
    let given = place.field.names("v1", "Secret").await;
    let env = given.iter().find(|name| name.starts_with("shop-env-")).unwrap();
    let env = place.field.get(&place.secret(env)).await.unwrap();
    assert_eq!(env["data"]["DATABASE_URL"], STANDARD.encode(&login.url), "the App is given what the database says");
    let admin = STANDARD.encode(DevPostgres::PASSWORD);
    let all = place.field.list("v1", "Secret").await;
    assert!(
        !all.iter().any(|secret| secret.to_string().contains(&admin)),
        "the admin's password is nowhere near the App"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_secret_and_one_that_a_person_changed_are_mended() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    let first = place.ready("shop").await;
    let key = place.secret("shop-postgres");
    let live = place.field.get(&key).await.unwrap();
    place.field.client.delete(&key, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.until(&key, "made again", |again| again["metadata"]["uid"] != live["metadata"]["uid"]).await;
    let second = place.login("shop-postgres").await.unwrap();
    let same = second == first;
    assert!(same || second.role != first.role, "whoever still uses the first goes on");
    place.connect(&second).await.unwrap();
    place.connect(&first).await.unwrap();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop-postgres"}});
    let wrong = json!({"stringData": {"password": "a@b:c/d%e?f#g'h", "host": "elsewhere"}});
    place.field.server.edit(&secret, &wrong).await.unwrap();
    let mended = |live: &Value| live["data"]["host"] == STANDARD.encode("127.0.0.1");
    place.field.until(&key, "mended", mended).await;
    let third = place.login("shop-postgres").await.unwrap();
    assert_eq!(third.password, "a@b:c/d%e?f#g'h", "what a person chose is taken");
    place.connect(&third).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_can_be_none_is_made_anew() {
    let mut place = Place::new().await;
    place.write("shop", json!({})).await;
    place.ready("shop").await;
    let key = place.secret("shop-postgres");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop-postgres"}});
    // As `echo bad | base64` has it.
    let ends_in_newline = json!({"data": {"password": "YmFkCg=="}});
    // A pass that is under way would write over it.
    place.field.kill().await;
    place.field.server.edit(&secret, &ends_in_newline).await.unwrap();
    place.field.begin().await;
    place.field.until(&key, "mended", |live| live["data"]["password"] != "YmFkCg==").await;
    let login = place.login("shop-postgres").await.unwrap();
    place.connect(&login).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_secret_from_being_written_is_said_and_when_it_is_gone_the_database_is_ready() {
    let place = Place::new().await;
    let key = place.secret("shop-postgres");
    let others = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"mine": "1"},
        "metadata": {"name": key.name, "namespace": place.field.server.namespace}});
    let others = place.field.client.create(&others).await.unwrap().into_object();
    place.write("shop", json!({})).await;
    place.says("shop", "it is there and was made by others").await;
    place.field.client.delete(&key, others["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    let login = place.ready("shop").await;
    place.connect(&login).await.unwrap();
    let live = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(live["status"]["login"], login.role);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_had_data_and_is_gone_is_never_replaced_by_an_empty_one() {
    let mut place = Place::new().await;
    place.write("shop", json!({})).await;
    place.ready("shop").await;
    place.run("DROP DATABASE shop WITH (FORCE)").await;
    place.begin_again().await;
    place.says("shop", "was there and is gone, with the data").await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    let stalled = &live["status"]["conditions"][1];
    assert_eq!((&stalled["reason"], &stalled["status"]), (&json!("Gone"), &json!("True")));
    assert!(!place.databases().await.contains(&"shop".to_owned()));
    place.run("CREATE DATABASE shop OWNER shop").await;
    place.ready("shop").await;

    place.run("DROP DATABASE shop WITH (FORCE)").await;
    place.delete("shop").await;
    place.field.until_gone(&place.key("shop")).await;
    place.write("shop", json!({})).await;
    place.ready("shop").await;
    assert!(place.databases().await.contains(&"shop".to_owned()), "what is made again begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_objects_never_share_a_database() {
    let place = Place::new().await;
    place.write("first", json!({"database": "orders"})).await;
    place.ready("first").await;
    place.write("second", json!({"database": "orders"})).await;
    place.says("second", "two objects can't share it").await;
    assert_eq!(place.login("second-postgres").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_there_is_taken_over_only_when_that_is_said_and_is_no_empty_one() {
    let place = Place::new().await;
    place.run("CREATE ROLE legacy LOGIN PASSWORD 'x'").await;
    place.run("CREATE DATABASE old OWNER legacy").await;
    let mut root = place.admin_of("old").await;
    sqlx::raw_sql("CREATE TABLE orders AS SELECT 1 AS id").execute(&mut root).await.unwrap();
    place.write("old", json!({})).await;
    place.says("old", "say `adopt: true` if it is to be taken over").await;
    place.write("old", json!({"adopt": true})).await;
    place.says("old", "say `owner: legacy`").await;
    place.write("old", json!({"adopt": true, "owner": "legacy"})).await;
    let login = place.ready("old").await;
    assert_eq!((login.role.as_str(), login.database.as_str()), ("legacy_a", "old"));
    place.connect(&login).await.unwrap();
    let status = place.field.get(&place.key("old")).await.unwrap()["status"].clone();
    // The table is the superuser's, and not its owner's.
    assert_eq!((&status["filled"], &status["beganEmpty"]), (&json!(true), &Value::Null), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_admin_secret_is_named_and_its_coming_is_enough() {
    let place = Place::new().await;
    place.write("shop", json!({"server": {"external": {"adminSecret": "later"}}})).await;
    place.says("shop", "the Secret later that spec.server.external names is not there").await;
    place.write_admin("later").await;
    place.ready("shop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_goes_only_where_that_was_said_and_an_object_is_never_stuck_for_ever() {
    let place = Place::new().await;
    for (name, deletion) in [("kept", "keep"), ("dropped", "drop"), ("stuck", "drop")] {
        place.write(name, json!({"deletion": deletion})).await;
        place.ready(name).await;
    }
    place.delete("kept").await;
    place.delete("dropped").await;
    place.field.until_gone(&place.key("kept")).await;
    place.field.until_gone(&place.key("dropped")).await;
    let left = place.databases().await;
    assert!(left.contains(&"kept".to_owned()) && !left.contains(&"dropped".to_owned()), "{left:?}");
    let admin = ObjectKey { namespace: Some(place.field.server.own_namespace()), ..place.secret("postgres") };
    let live = place.field.get(&admin).await.unwrap();
    place.field.client.delete(&admin, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.delete("stuck").await;
    place.says("stuck", "pinnace.dev/let-go=true").await;
    place.field.client.annotate(&place.key("stuck"), "pinnace.dev/let-go", Some("true")).await.unwrap();
    place.field.until_gone(&place.key("stuck")).await;
    assert!(place.databases().await.contains(&"stuck".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_due_is_replaced_and_who_uses_the_old_one_goes_on() {
    let place = Place::new().await;
    place.write("shop", json!({"rotation": {"everyDays": 30}})).await;
    let first = place.ready("shop").await;
    let mut busy = place.connect(&first).await.unwrap();
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.server.write_status(&live, &json!({"rotated": "2020-01-01T00:00:00Z"})).await.unwrap();
    let key = place.secret("shop-postgres");
    let replaced = |live: &Value| live["data"]["username"] != STANDARD.encode(&first.role);
    place.field.until(&key, "replaced", replaced).await;
    let second = place.login("shop-postgres").await.unwrap();
    assert_ne!(second.password, first.password);
    place.connect(&second).await.unwrap();
    place.connect(&first).await.unwrap();
    sqlx::raw_sql("SELECT 1").execute(&mut busy).await.unwrap();
    let again = |live: &Value| live["status"]["rotated"].as_str().is_some_and(|at| !at.starts_with("2020"));
    let status = place.field.until(&place.key("shop"), "recorded", again).await;
    assert_eq!(condition(&status), "True");
    // A record that was lost has nothing replaced twice: both logins are in use now.
    place.field.server.write_status(&live, &json!({"rotated": "2020-01-01T00:00:00Z"})).await.unwrap();
    let status = place.field.until(&place.key("shop"), "recorded once more", again).await;
    assert_eq!(
        status["status"]["rotated"],
        place.field.get(&key).await.unwrap()["metadata"]["annotations"]["pinnace.dev/rotated"]
    );
    assert_eq!(place.login("shop-postgres").await.unwrap(), second);
    place.connect(&first).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_before_ends_a_day_later_and_not_while_an_app_may_still_use_it() {
    let mut place = Place::new().await;
    let spec = |pause: bool| {
        let make = json!({"server": {"external": {"adminSecret": "postgres"}}, "rotation": {"everyDays": 30}});
        json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}, "pause": pause,
            "needs": {"database": {"make": make}}})
    };
    place.field.write_app("shop", spec(false)).await;
    place.field.phase("shop", "Ready").await;
    let first = place.ready("shop").await;
    place.field.write_app("shop", spec(true)).await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.server.write_status(&live, &json!({"rotated": "2020-01-01T00:00:00Z"})).await.unwrap();
    let replaced = |live: &Value| live["data"]["username"] != STANDARD.encode(&first.role);
    place.field.until(&place.secret("shop-postgres"), "replaced", replaced).await;
    let later = Timestamp::now() + SignedDuration::from_hours(25);
    place.field.settings.clock = Clock::Set(Arc::new(Mutex::new(later)));
    place.begin_again().await;
    place.write("beside", json!({})).await;
    place.ready("beside").await;
    place.connect(&first).await.unwrap();
    place.field.write_app("shop", spec(false)).await;
    place.field.phase("shop", "Ready").await;
    place.begin_again().await;
    let deadline = Instant::now() + Duration::from_mins(1);
    while place.connect(&first).await.is_ok() {
        assert!(Instant::now() < deadline, "the login before is still good");
        tokio::task::yield_now().await;
    }
    place.connect(&place.login("shop-postgres").await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_due_is_not_replaced_while_the_login_before_may_still_be_used() {
    let mut place = Place::new().await;
    place.write("shop", json!({"rotation": {"everyDays": 1}})).await;
    let first = place.ready("shop").await;
    let busy = place.connect(&first).await.unwrap();
    let key = place.secret("shop-postgres");
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.server.write_status(&live, &json!({"rotated": "2020-01-01T00:00:00Z"})).await.unwrap();
    place.field.until(&key, "replaced", |live| live["data"]["username"] != STANDARD.encode(&first.role)).await;
    let second = place.login("shop-postgres").await.unwrap();
    let later = Timestamp::now() + SignedDuration::from_hours(49);
    place.field.settings.clock = Clock::Set(Arc::new(Mutex::new(later)));
    place.begin_again().await;
    place.says("shop", "not replaced yet: somebody is logged in with the login before").await;
    place.ready("shop").await;
    assert_eq!(place.login("shop-postgres").await.unwrap(), second);
    place.connect(&first).await.unwrap().close().await.unwrap();

    // An operator that looks before the App is there replaces it, rightly.
    place.field.kill().await;
    busy.close().await.unwrap();
    place.until_left(&first.role).await;
    let app = |pause: bool| {
        json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {}}, "pause": pause,
            "needs": {"database": {"name": "shop"}}})
    };
    place.field.write_app("user", app(true)).await;
    place.begin_again().await;
    place.says("shop", "not replaced yet: the App user may still use the login before").await;
    place.connect(&first).await.unwrap().close().await.unwrap();
    place.until_left(&first.role).await;
    place.field.write_app("user", app(false)).await;
    place.field.phase("user", "Ready").await;
    place.begin_again().await;
    place.field.until(&key, "replaced again", |live| live["data"]["username"] == STANDARD.encode(&first.role)).await;
    let third = place.login("shop-postgres").await.unwrap();
    assert_ne!(third.password, first.password);
    place.connect(&third).await.unwrap();
    place.connect(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_skipped_is_neither_changed_nor_mended_nor_deleted_and_goes_on_afterwards() {
    let place = Place::new().await;
    place.write("shop", json!({"deletion": "drop"})).await;
    place.ready("shop").await;
    let skip = async |name: &str, value| {
        place.field.client.annotate(&place.key(name), operator::app::SKIP_ANNOTATION, value).await.unwrap();
    };
    skip("shop", Some("true")).await;
    place.says("shop", "it is left as it is").await;
    let secret = place.secret("shop-postgres");
    let live = place.field.get(&secret).await.unwrap();
    place.field.client.delete(&secret, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.write("shop", json!({"deletion": "drop", "reporting": {}})).await;
    let is_seen = |live: &Value| live["status"]["observedGeneration"] == live["metadata"]["generation"];
    let live = place.field.until(&place.key("shop"), "seen", is_seen).await;
    assert_eq!(condition(&live), "True", "as it was seen last");
    assert_ne!(live["status"]["conditions"][0]["observedGeneration"], live["metadata"]["generation"]);
    // Another one is looked after meanwhile.
    place.write("beside", json!({})).await;
    place.ready("beside").await;
    assert_eq!((place.login("shop-postgres").await, place.login("shop-postgres-reporting").await), (None, None));

    skip("shop", None).await;
    place.field.until(&place.secret("shop-postgres-reporting"), "made", |_| true).await;
    place.ready("shop").await;
    skip("shop", Some("true")).await;
    place.says("shop", "it is left as it is").await;
    place.delete("shop").await;
    place.says("shop", "that waits until the annotation is taken off").await;
    assert!(place.databases().await.contains(&"shop".to_owned()));
    skip("shop", None).await;
    place.field.until_gone(&place.key("shop")).await;
    assert!(!place.databases().await.contains(&"shop".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_a_database_that_is_well_writes_nothing_anywhere() {
    let mut place = Place::new().await;
    place.write("shop", json!({"reporting": {}, "deletion": "drop"})).await;
    place.ready("shop").await;
    let seen = async |place: &Place| {
        let mut seen = vec![place.field.get(&place.key("shop")).await.unwrap()];
        for secret in ["shop-postgres", "shop-postgres-reporting"] {
            seen.push(place.field.get(&place.secret(secret)).await.unwrap());
        }
        let roles = "SELECT string_agg(rolname || xmin::text, ' ' ORDER BY rolname) FROM pg_authid";
        let roles: String = sqlx::query_scalar(roles).fetch_one(&mut place.admin().await).await.unwrap();
        (seen, roles)
    };
    let before = seen(&place).await;
    place.field.kill().await;
    place.field.begin().await;
    place.write("later", json!({})).await;
    place.ready("later").await;
    place.field.kill().await;
    let after = seen(&place).await;
    assert_eq!(after.0, before.0);
    let of_shop =
        |roles: &str| roles.split(' ').filter(|role| role.starts_with("shop")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of_shop(&after.1), of_shop(&before.1));
}
