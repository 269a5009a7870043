//! Backups before migrations, and what a database that is made anew begins with. The Jobs are played here; a real one stands in the tests of the
//! real node.

use cluster::KindKey;
use serde_json::{Value, json};

use super::databases::Place;
use super::field::{image, message};

fn spec(tag: &str) -> Value {
    json!({
        "image": image(tag), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}}, "migrations": {"command": ["migrate"]},
        "configuration": {"generated": ["SECRET_KEY"]}, "needs": {"database": {"make": {"server": {"external": {"adminSecret": "postgres"}}}}},
    })
}

async fn backups(place: &Place) -> Vec<Value> {
    let live = place.field.get(&place.key("shop")).await.unwrap();
    live["status"]["backups"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_before_each_migration_but_the_first() {
    let place = Place::new().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(backups(&place).await.len(), 0, "there was nothing to lose");
    place.field.write_app("shop", spec("2.0")).await;
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
    let made = backups(&place).await;
    assert_eq!(made.len(), 1, "{made:?}");
    let own = place.field.server.own_namespace();
    let jobs = place.field.client.list(&KindKey::new("batch/v1", "Job"), &own).await.unwrap();
    let migrations = place.field.list("batch/v1", "Job").await;
    let newest = migrations.iter().filter_map(|job| job["metadata"]["creationTimestamp"].as_str()).max().unwrap();
    assert!(jobs[0]["status"]["completionTime"].as_str().unwrap() <= newest, "{jobs:#?}");
    let secrets = place.field.client.list(&KindKey::new("v1", "Secret"), &own).await.unwrap();
    assert!(
        !secrets.iter().any(|secret| secret["metadata"]["name"].as_str().unwrap().starts_with("backup-")),
        "no login is left lying about"
    );
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(backups(&place).await.len(), 1, "what is not migrated needs none");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_was_there_before_the_app_is_backed_up_before_its_first_migration_and_in_each_of_its_lives() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    let login = place.ready("shop").await;
    sqlx::raw_sql("CREATE TABLE orders (id int)").execute(&mut place.connect(&login).await.unwrap()).await.unwrap();
    let there = json!({"image": image("1.0"), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}},
        "migrations": {"command": ["migrate"]}, "needs": {"database": {"name": "shop"}}});
    let app = place.field.app("shop");
    for life in 1..=2 {
        place.field.write_app("shop", there.clone()).await;
        place.field.phase("shop", "Ready").await;
        assert_eq!(backups(&place).await.len(), life, "what an App of before had made is not the same");
        let live = place.field.get(&app).await.unwrap();
        place.field.client.delete(&app, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        place.field.until_gone(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_stops_before_the_migration_and_is_made_again_when_asked() {
    let mut place = Place::new().await;
    place.field.settings.images.postgres = "registry.example/postgres-job-fails:test".to_owned();
    place.field.kill().await;
    place.field.begin().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    place.field.write_app("shop", spec("2.0")).await;
    let status = place.field.phase("shop", "Error").await;
    assert!(
        message(&status, "Stalled").starts_with("no backup of the database shop could be made, so nothing is migrated"),
        "{status:#}"
    );
    assert_eq!(place.field.list("batch/v1", "Job").await.len(), 1, "the migration of 1.0");
    place.field.settings.images.postgres = "registry.example/postgres:test".to_owned();
    place.field.kill().await;
    place.field.begin().await;
    place.field.client.annotate(&place.field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_made_anew_is_filled_from_its_last_backup_once() {
    let place = Place::new().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    place.field.write_app("shop", spec("2.0")).await;
    place.field.phase("shop", "Ready").await;
    let generated = place.field.key("v1", "Secret", "shop-generated");
    place.field.ended(&place.field.app("shop")).await;
    place.field.until_gone(&place.key("shop")).await;
    place.field.ended(&generated).await;
    place.field.write_app("shop", spec("2.0")).await;
    let status = place.field.phase("shop", "Ready").await;
    let database = place.field.get(&place.key("shop")).await.unwrap()["status"].clone();
    let backup = database["restored"].as_str().unwrap();
    let at = database["backups"].as_array().unwrap().iter().find(|one| one["name"] == backup).unwrap()["at"]
        .as_str()
        .unwrap();
    let said = format!(
        "the database shop was made anew and filled from the backup {backup} of {at}: what was written after that is not in it"
    );
    assert_eq!(message(&database, "Restored"), said);
    let more = "; SECRET_KEY of the Secret shop-generated was made at random since: what was signed or encrypted with the value before can't be read";
    assert_eq!(message(&status, "Restored"), format!("{said}{more}"));
    // It is said on, and is no reason to write.
    place.field.write_app("shop", spec("3.0")).await;
    let later = place.field.phase("shop", "Ready").await;
    assert_eq!(message(&later, "Restored"), format!("{said}{more}"));
}

fn with_all_that_runs_once(spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["seed"] = json!({"command": ["load"]});
    spec["setup"] = json!({"index": {"command": ["index"]}});
    spec
}

/// The uids of the App's Jobs by what they are; of its migrations, that of the version.
async fn ran(place: &Place, tag: &str) -> std::collections::BTreeMap<String, Value> {
    let jobs = place.field.list("batch/v1", "Job").await;
    let part = |job: &Value| job["metadata"]["labels"]["app.kubernetes.io/component"].as_str().unwrap().to_owned();
    let is_of = |job: &Value| job["spec"]["template"]["spec"]["containers"][0]["image"] == image(tag);
    let jobs = jobs.iter().filter(|job| part(job) != "migration" || is_of(job));
    jobs.map(|job| (part(job), job["metadata"]["uid"].clone())).collect()
}

/// The object is deleted, and made again by its App, which has looked at it.
async fn made_anew(place: &Place) -> Value {
    let key = place.key("shop");
    let before = place.field.get(&key).await.unwrap()["metadata"]["uid"].clone();
    place.field.client.delete(&key, before.as_str().unwrap()).await.unwrap();
    let is_anew = |live: &Value| live["metadata"]["uid"] != before && live["status"]["filled"] == true;
    let live = place.field.until(&key, "made anew", is_anew).await;
    place.ready("shop").await;
    live
}

async fn until_ran_in(place: &Place, uid: &Value) {
    let is_in = |app: &Value| app["status"]["database"]["uid"] == *uid && app["status"]["phase"] == "Ready";
    place.field.until(&place.field.app("shop"), "ready in the new database", is_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_database_is_made_anew_is_migrated_and_begun_again_as_far_as_its_data_are_others() {
    let place = Place::new().await;
    let mut without_backup = with_all_that_runs_once(&spec("1.0"));
    without_backup["migrations"]["backup"] = json!(false);
    place.field.write_app("shop", without_backup.clone()).await;
    place.field.phase("shop", "Ready").await;
    let begun = ran(&place, "1.0").await;
    assert_eq!(begun.len(), 3, "{begun:?}");

    // It begins empty: all of it runs again.
    let live = made_anew(&place).await;
    assert_eq!(live["status"]["beganEmpty"], true);
    until_ran_in(&place, &live["metadata"]["uid"]).await;
    let again = ran(&place, "1.0").await;
    assert!(again.len() == 3 && again.iter().all(|(part, uid)| begun[part] != *uid), "{begun:?} {again:?}");

    // It is filled from the backup that was made before 2.0: 2.0 is migrated again, and nothing is seeded.
    place.field.write_app("shop", with_all_that_runs_once(&spec("2.0"))).await;
    place.field.phase("shop", "Ready").await;
    let migrated = ran(&place, "2.0").await;
    let live = made_anew(&place).await;
    assert!(live["status"]["restored"].is_string(), "{live:#}");
    until_ran_in(&place, &live["metadata"]["uid"]).await;
    let restored = ran(&place, "2.0").await;
    assert_ne!(restored["migration"], migrated["migration"]);
    assert_ne!(restored["once-index"], migrated["once-index"]);
    assert_eq!(restored["once-seed"], migrated["once-seed"], "its data are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_twice_in_data_that_stayed_where_they_were() {
    let mut place = Place::new().await;
    place.field.write_app("shop", with_all_that_runs_once(&spec("1.0"))).await;
    place.field.phase("shop", "Ready").await;
    let login = place.ready("shop").await;
    sqlx::raw_sql("CREATE TABLE orders (id int)").execute(&mut place.connect(&login).await.unwrap()).await.unwrap();
    let before = ran(&place, "1.0").await;
    let live = made_anew(&place).await;
    assert_eq!((live["status"].get("beganEmpty"), live["status"].get("restored")), (None, None), "{live:#}");
    // Another operator looks at all of it before it gets to what came after.
    place.field.kill().await;
    place.field.begin().await;
    place
        .field
        .write_app(
            "later",
            json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}}),
        )
        .await;
    place.field.phase("later", "Ready").await;
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "1.0");
    assert_eq!(ran(&place, "1.0").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_tried_again_has_one_backup_made_before_it() {
    let place = Place::new().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    let mut without = spec("2.0-job-fails");
    without["migrations"]["backup"] = json!(false);
    place.field.write_app("shop", without).await;
    place.field.phase("shop", "Error").await;
    assert_eq!(backups(&place).await.len(), 0);
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    let failed = ran(&place, "2.0-job-fails").await["migration"].clone();
    place.field.write_app("shop", spec("2.0-job-fails")).await;
    let failed_again = |app: &Value| {
        let is_new = app["status"]["observedGeneration"] == app["metadata"]["generation"];
        is_new && message(&app["status"], "Ready").starts_with("the migration failed")
    };
    place.field.until(&place.field.app("shop"), "failed once more", failed_again).await;
    let jobs = place.field.list("batch/v1", "Job").await;
    assert!(jobs.iter().all(|job| job["metadata"]["uid"] != failed), "it ran once more: {jobs:#?}");
    let made = backups(&place).await;
    assert_eq!(made.len(), 1, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_can_not_be_brought_back_is_told_and_data_that_somebody_brings_back_by_hand_is_no_empty_database()
{
    let mut place = Place::new().await;
    for name in ["shop", "desk"] {
        place.write(name, json!({"deletion": "drop"})).await;
        place.ready(name).await;
        place.field.client.annotate(&place.key(name), "backup.pinnace.dev/me", Some("first")).await.unwrap();
        let is_made = |live: &Value| live["status"]["backups"][0]["name"] == "first";
        place.field.until(&place.key(name), "backed up", is_made).await;
        place.delete(name).await;
        place.field.until_gone(&place.key(name)).await;
    }
    place.field.settings.images.postgres = "registry.example/postgres-job-fails:test".to_owned();
    place.begin_again().await;
    for name in ["shop", "desk"] {
        place.write(name, json!({})).await;
    }
    for name in ["shop", "desk"] {
        place.says(name, "can't be brought back").await;
    }
    let login = place.login("shop-postgres").await.unwrap();
    let mut by_hand = place.connect(&login).await.unwrap();
    sqlx::raw_sql("CREATE TABLE orders AS SELECT 1 AS id").execute(&mut by_hand).await.unwrap();
    place.ready("shop").await;
    let status = place.field.get(&place.key("shop")).await.unwrap()["status"].clone();
    assert_eq!((&status["filled"], &status["beganEmpty"]), (&json!(true), &Value::Null), "{status:#}");
    place.write("desk", json!({"restore": "never"})).await;
    place.ready("desk").await;
    let status = place.field.get(&place.key("desk")).await.unwrap()["status"].clone();
    assert_eq!((&status["filled"], &status["beganEmpty"]), (&json!(true), &json!(true)), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_dies_while_a_backup_is_made_makes_no_second_one() {
    let mut place = Place::new().await;
    place.field.settings.images.postgres = "registry.example/postgres-slow-ready:test".to_owned();
    place.field.kill().await;
    place.field.begin().await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    place.field.write_app("shop", spec("2.0")).await;
    let backing_up = |app: &Value| app["status"]["phase"] == "BackingUp";
    place.field.until(&place.field.app("shop"), "backing up", backing_up).await;
    place.field.kill().await;
    place.field.begin().await;
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
    assert_eq!(backups(&place).await.len(), 1);
    let own = place.field.server.own_namespace();
    assert_eq!(place.field.client.list(&KindKey::new("batch/v1", "Job"), &own).await.unwrap().len(), 1);
}
