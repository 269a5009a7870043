//! Data that outlive an App, its database's object or the operator: what is remembered of them, and by whom.

use cluster::{KindKey, ObjectKey};
use serde_json::{Value, json};

use super::databases::Place;
use super::field::{Field, image, message};
use super::once::{once, parts};

fn spec(tag: &str) -> Value {
    json!({
        "image": image(tag), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}}, "migrations": {"command": ["migrate"]},
        "seed": {"command": ["load"]}, "superuser": {"username": "admin"},
        "needs": {"database": {"make": {"server": {"external": {"adminSecret": "postgres"}}}}},
    })
}

/// What runs once and is there.
async fn ran_once(field: &Field) -> Vec<String> {
    parts(&once(field).await).into_iter().map(str::to_owned).collect()
}

/// The Job of this part.
fn of_part<'a>(jobs: &'a [Value], part: &str) -> &'a Value {
    jobs.iter().find(|job| job["metadata"]["labels"]["app.kubernetes.io/component"] == part).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_takes_up_the_database_that_it_had_left_behind_backs_it_up_and_seeds_nothing() {
    let mut place = Place::new().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(ran_once(&place.field).await, ["once-seed", "once-superuser"]);
    // As after `kubectl delete --cascade=orphan`, of which a cluster that learnt of Apps a moment ago makes a mess.
    place.field.kill().await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.server.edit(&live, &json!({"metadata": {"ownerReferences": null}})).await.unwrap();
    let jobs = place.field.list("batch/v1", "Job").await;
    place.field.ended(&place.field.app("shop")).await;
    for job in &jobs {
        place.field.until_gone(&ObjectKey::of(job)).await;
    }
    place.field.client.annotate(&place.key("shop"), "pinnace.dev/adopt", Some("true")).await.unwrap();

    place.field.begin().await;
    place.field.write_app("shop", spec("2.0")).await;
    let status = place.field.phase("shop", "Ready").await;
    assert_eq!(status["database"]["hadData"], true, "{status:#}");
    assert_eq!(ran_once(&place.field).await, Vec::<String>::new());
    let live = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(live["status"]["backups"].as_array().map(Vec::len), Some(1), "{live:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_succeeded_once_runs_no_second_time_though_others_failed_beside_it() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    let spec = |tag: &str| {
        json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"], "image": image("9.9")}},
            "seed": {"command": ["load"], "image": image("1.0")}, "superuser": {"username": "admin"},
            "needs": {"database": {"name": "shop"}}})
    };
    place.field.write_app("shop", spec("1.0-image-missing")).await;
    let has_seeded = |app: &Value| app["status"]["phase"] == "Error" && app["status"]["once"].is_array();
    let live = place.field.until(&place.field.app("shop"), "seeded", has_seeded).await;
    let jobs = place.field.list("batch/v1", "Job").await;
    let (seed, failed) = (of_part(&jobs, "once-seed"), of_part(&jobs, "once-superuser"));
    assert_eq!(live["status"]["once"], json!([seed["metadata"]["name"]]));
    // Whoever tidies up takes what is done.
    place.field.ended(&ObjectKey::of(seed)).await;
    place.field.client.annotate(&place.field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    let is_another = |live: &Value| live["metadata"]["uid"] != failed["metadata"]["uid"];
    place.field.until(&ObjectKey::of(failed), "run again", is_another).await;

    place.field.phase("shop", "Error").await;
    assert_eq!(ran_once(&place.field).await, ["once-superuser"]);
    // Neither does it in another life of the App.
    place.field.ended(&place.field.app("shop")).await;
    place.field.until_gone(&ObjectKey::of(failed)).await;
    place.field.write_app("shop", spec("2.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(ran_once(&place.field).await, Vec::<String>::new());
}

impl Place {
    /// From now on what brings backups back is of this kind.
    async fn restores_by(&mut self, kind: &str) {
        self.field.settings.images.postgres = format!("registry.example/postgres-{kind}:test");
        self.begin_again().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_ends_while_no_operator_looks_is_known_to_be_one() {
    let mut place = Place::new().await;
    place.write("shop", json!({"deletion": "drop"})).await;
    place.ready("shop").await;
    place.field.client.annotate(&place.key("shop"), "backup.pinnace.dev/me", Some("first")).await.unwrap();
    let is_made = |live: &Value| live["status"]["backups"][0]["name"] == "first";
    place.field.until(&place.key("shop"), "backed up", is_made).await;
    place.field.ended(&place.key("shop")).await;
    place.restores_by("slow-ready").await;
    place.write("shop", json!({})).await;
    place.says("shop", "the Job restore-").await;
    place.field.kill().await;

    // Whatever was said last.
    let starts = json!({"type": "Ready", "status": "False", "reason": "ServerStarts", "message": "it starts",
        "lastTransitionTime": "2026-11-27T12:00:00Z"});
    let live = place.field.get(&place.key("shop")).await.unwrap();
    place.field.server.write_status(&live, &json!({"conditions": [starts]})).await.unwrap();
    let login = place.login("shop-postgres").await.unwrap();
    sqlx::raw_sql("CREATE TABLE orders (id int)").execute(&mut place.connect(&login).await.unwrap()).await.unwrap();
    let jobs = place.field.client.list(&KindKey::new("batch/v1", "Job"), &place.field.server.own_namespace()).await;
    let restore =
        jobs.unwrap().into_iter().find(|job| job["metadata"]["name"].as_str().unwrap().starts_with("restore-"));
    let restore = ObjectKey { kind: KindKey::new("batch/v1", "Job"), ..ObjectKey::of(&restore.unwrap()) };
    place.field.until(&restore, "done", |live| live["status"]["succeeded"] == 1).await;
    place.field.begin().await;
    place.ready("shop").await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(live["status"]["restored"], "first", "{live:#}");
    assert!(message(&live["status"], "Restored").contains("filled from the backup first"), "{live:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_are_not_rolled_onto_a_database_that_is_being_filled() {
    let mut place = Place::new().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    place.field.write_app("shop", spec("2.0")).await;
    place.field.phase("shop", "Ready").await;
    place.restores_by("never-ready").await;
    let web = place.field.key("apps/v1", "Deployment", "shop-web");
    let template = |live: Option<Value>| live.unwrap()["spec"]["template"].clone();
    let before = template(place.field.get(&web).await);
    place.field.delete(&place.key("shop")).await;
    place.says("shop", "the Job restore-").await;
    let waits = |app: &Value| {
        app["status"]["phase"] == "Initializing" && message(&app["status"], "Ready").contains("the Job restore-")
    };
    place.field.until(&place.field.app("shop"), "waiting", waits).await;
    let beside = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}});
    place.field.write_app("beside", beside).await;
    place.field.phase("beside", "Ready").await;
    assert!(waits(&place.field.get(&place.field.app("shop")).await.unwrap()));
    assert_eq!(template(place.field.get(&web).await), before, "its pods have the login of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_seeded_by_the_secret_that_it_finds_at_last_and_migrated_again_where_that_leads_elsewhere() {
    let field = Field::looked_after().await;
    let secret = |host: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "right", "namespace": field.server.namespace},
            "stringData": {"host": host, "port": "5432", "name": "shop", "username": "shop", "password": "p"}})
    };
    field.server.create(&secret("one")).await.unwrap();
    let spec = |secret: &str| {
        json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
            "migrations": {"command": ["migrate"]}, "seed": {"command": ["load"]}, "needs": {"database": {"secret": {"name": secret}}}})
    };
    field.write_app("shop", spec("wrong")).await;
    field.phase("shop", "Initializing").await;
    field.write_app("shop", spec("right")).await;
    let first = field.phase("shop", "Ready").await;
    assert_eq!(first["database"]["name"], "secret/right", "{first:#}");
    let jobs = field.list("batch/v1", "Job").await;
    let (migration, seed) = (of_part(&jobs, "migration"), of_part(&jobs, "once-seed"));

    field.server.edit(&secret("two"), &json!({"stringData": {"host": "two"}})).await.unwrap();
    let is_elsewhere =
        |app: &Value| app["status"]["phase"] == "Ready" && app["status"]["database"]["uid"] != first["database"]["uid"];
    let live = field.until(&field.app("shop"), "elsewhere", is_elsewhere).await;
    assert_eq!(live["status"]["database"]["hadData"], true);
    let uid = async |job: &Value| field.get(&ObjectKey::of(job)).await.unwrap()["metadata"]["uid"].clone();
    assert_ne!(uid(migration).await, migration["metadata"]["uid"]);
    assert_eq!(uid(seed).await, seed["metadata"]["uid"], "data may have been moved there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_an_object_before_is_not_written_on_another_of_its_name() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    place.ready("shop").await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    let mut before = live.clone();
    before["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    place.field.client.write_status(&before, &json!({"filled": true, "restored": "before"})).await.unwrap_err();
    let now = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(now["status"], live["status"]);
    assert_eq!(place.field.client.write_status(&now, &now["status"]).await.unwrap()["status"], now["status"]);
}
