//! What runs once in the life of an App, and processes of which there may never be two.

use cluster::ObjectKey;
use serde_json::{Value, json};

use super::databases::Place;
use super::field::{Field, image, message};

fn spec(tag: &str) -> Value {
    json!({
        "image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "seed": {"command": ["load"]}, "superuser": {"username": "admin"}, "setup": {"index": {"command": ["index"]}},
        "needs": {"database": {"name": "shop"}},
    })
}

pub(crate) async fn once(field: &Field) -> Vec<Value> {
    let jobs = field.list("batch/v1", "Job").await;
    let part =
        |job: &Value| job["metadata"]["labels"]["app.kubernetes.io/component"].as_str().unwrap_or_default().to_owned();
    jobs.into_iter().filter(|job| part(job).starts_with("once-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_once_does_not_run_again_when_its_jobs_are_gone_or_the_data_were_there() {
    let mut place = Place::new().await;
    place.write("shop", json!({})).await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    let ran = once(&place.field).await;
    assert_eq!(ran.len(), 3, "{ran:#?}");
    for job in &ran {
        place.field.ended(&ObjectKey::of(job)).await;
    }
    place.field.kill().await;
    place.field.begin().await;
    let mut changed = spec("2.0");
    changed["superuser"]["email"] = json!("admin@example.org");
    place.field.write_app("shop", changed).await;
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
    assert_eq!(once(&place.field).await, Vec::<Value>::new());

    // Another App, over data that are there.
    let login = place.ready("shop").await;
    sqlx::raw_sql("CREATE TABLE users (id int)").execute(&mut place.connect(&login).await.unwrap()).await.unwrap();
    place.field.ended(&place.field.app("shop")).await;
    place.field.ended(&place.key("shop")).await;
    place.write("shop", json!({})).await;
    place.field.write_app("shop", spec("2.0")).await;
    place.field.phase("shop", "Ready").await;
    let ran: Vec<Value> = once(&place.field).await;
    let parts: Vec<&Value> = ran.iter().map(|job| &job["metadata"]["labels"]["app.kubernetes.io/component"]).collect();
    assert_eq!(parts, ["once-index"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superusers_password_is_made_for_its_job_and_never_for_a_user_that_has_one() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    let secret = place.field.key("v1", "Secret", "shop-superuser");
    assert!(place.field.get(&secret).await.unwrap()["data"]["password"].is_string());
    place.field.ended(&secret).await;
    place.field.write_app("shop", spec("2.0")).await;
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
    assert_eq!(place.field.get(&secret).await, None, "the user has the one before");

    // The data stayed, and the user is in it.
    place.field.ended(&place.field.app("shop")).await;
    for job in once(&place.field).await {
        place.field.until_gone(&ObjectKey::of(&job)).await;
    }
    place.field.write_app("shop", spec("2.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(place.field.get(&secret).await, None, "the user is not made once more");
}

/// What they are of, in order.
pub(crate) fn parts(jobs: &[Value]) -> Vec<&str> {
    let parts = jobs.iter().map(|job| &job["metadata"]["labels"]["app.kubernetes.io/component"]);
    let mut parts: Vec<&str> = parts.filter_map(Value::as_str).collect();
    parts.sort_unstable();
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_made_again_over_a_database_that_stayed_seeds_no_second_time() {
    let place = Place::new().await;
    place.write("shop", json!({})).await;
    for (name, ran) in [
        ("shop", &["once-index", "once-seed", "once-superuser"][..]),
        ("shop", &["once-index"]),
        ("other", &["once-index"]),
    ] {
        place.field.write_app(name, spec("1.0")).await;
        place.field.phase(name, "Ready").await;
        let jobs = once(&place.field).await;
        assert_eq!(parts(&jobs), ran, "{name}");
        place.field.ended(&place.field.app(name)).await;
        for job in &jobs {
            place.field.until_gone(&ObjectKey::of(job)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_failed_runs_again_with_the_next_version_or_when_somebody_asks() {
    let field = Field::looked_after().await;
    let spec = |tag: &str| {
        json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"], "image": image("9.9")}},
            "setup": {"index": {"command": ["index"]}}})
    };
    field.write_app("shop", spec("1.0-job-fails")).await;
    let status = field.phase("shop", "Error").await;
    assert!(message(&status, "Stalled").contains("pinnace app retry shop -n "), "{status:#}");
    let failed = once(&field).await.remove(0);
    field.client.annotate(&field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    let is_another =
        |live: &Value| live["metadata"]["uid"] != failed["metadata"]["uid"] && live["status"]["failed"] == 1;
    field.until(&ObjectKey::of(&failed), "run again", is_another).await;
    field.write_app("shop", spec("2.0")).await;
    assert_eq!(field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_can_not_begin_runs_with_the_next_version() {
    let field = Field::looked_after().await;
    let spec = |tag: &str| {
        json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"], "image": image("9.9")}},
            "setup": {"index": {"command": ["index"]}}})
    };
    field.write_app("shop", spec("1.0-image-missing")).await;
    field.phase("shop", "Error").await;
    field.write_app("shop", spec("2.0")).await;
    assert_eq!(field.phase("shop", "Ready").await["version"], "2.0");
    assert_eq!(once(&field).await[0]["spec"]["template"]["spec"]["containers"][0]["image"], image("2.0"));
}

/// As long as it is held, it is there though it was deleted. Controllers write it and its finalizers meanwhile.
async fn hold(field: &Field, key: &ObjectKey, is_held: bool) {
    const HOLD: &str = "example.org/held";
    loop {
        let live = field.get(key).await.unwrap();
        let there = live["metadata"]["finalizers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut finalizers: Vec<&str> = there.iter().filter_map(Value::as_str).filter(|one| *one != HOLD).collect();
        finalizers.extend(is_held.then_some(HOLD));
        match field.client.set_finalizers(&live, &finalizers).await {
            Err(cluster::ClusterError::Conflict { .. }) => {}
            other => return drop(other.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_becomes_one_of_which_there_may_never_be_two_ends_before_it_begins_again() {
    let field = Field::looked_after().await;
    let spec = |more: Value| {
        let mut scheduler = json!({"command": ["beat"]});
        scheduler.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"image": image("1.0"), "defaults": "dev", "processes": {"scheduler": scheduler}})
    };
    field.write_app("shop", spec(json!({"singleton": false, "replicas": 2}))).await;
    field.phase("shop", "Ready").await;
    let deployment = field.key("apps/v1", "Deployment", "shop-scheduler");
    // As long as it is there, its pods may be.
    hold(&field, &deployment, true).await;
    field.write_app("shop", spec(json!({}))).await;
    let waits = |app: &Value| message(&app["status"], "Ready").contains("the Deployment shop-scheduler ends first");
    field.until(&field.app("shop"), "waiting", waits).await;
    assert_eq!(field.get(&field.key("apps/v1", "StatefulSet", "shop-scheduler")).await, None);
    hold(&field, &deployment, false).await;
    field.phase("shop", "Ready").await;
    assert!(field.get(&field.key("apps/v1", "StatefulSet", "shop-scheduler")).await.is_some());
    field.until_gone(&deployment).await;
}

async fn says(field: &Field, words: &str) {
    let says = |app: &Value| message(&app["status"], "Ready").contains(words);
    field.until(&field.app("shop"), words, says).await;
}

fn with_jobs() -> Value {
    json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "migrations": {"command": ["migrate"]}, "setup": {"index": {"command": ["index"]}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_an_app_before_this_one_are_waited_for_and_run_again() {
    let field = Field::looked_after().await;
    field.write_app("shop", with_jobs()).await;
    field.phase("shop", "Ready").await;
    let before = field.list("batch/v1", "Job").await;
    assert_eq!(before.len(), 2, "{before:#?}");
    for job in &before {
        hold(&field, &ObjectKey::of(job), true).await;
    }
    field.ended(&field.app("shop")).await;
    field.write_app("shop", with_jobs()).await;
    let (once, migrations): (Vec<&Value>, Vec<&Value>) =
        before.iter().partition(|job| job["metadata"]["labels"]["app.kubernetes.io/component"] == "once-index");
    for job in [migrations[0], once[0]] {
        let key = ObjectKey::of(job);
        says(&field, &format!("waits until the Job {} is gone, which is of an App before this one", key.name)).await;
        hold(&field, &key, false).await;
    }
    field.phase("shop", "Ready").await;
    let uids = |jobs: &[Value]| jobs.iter().map(|job| job["metadata"]["uid"].clone()).collect::<Vec<_>>();
    let after = field.list("batch/v1", "Job").await;
    assert_eq!(after.len(), 2, "{after:#?}");
    assert!(uids(&after).iter().all(|uid| !uids(&before).contains(uid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_not_the_apps_is_told_and_left_until_somebody_deletes_it() {
    let field = Field::looked_after().await;
    field.write_app("shop", with_jobs()).await;
    field.phase("shop", "Ready").await;
    let jobs = field.list("batch/v1", "Job").await;
    field.ended(&field.app("shop")).await;
    for job in &jobs {
        let key = ObjectKey::of(job);
        // Kubernetes deletes it too, but late where it learnt of Apps a moment ago.
        if field.get(&key).await.is_some() {
            field.client.delete(&key, job["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        }
        field.until_gone(&key).await;
        let of_others = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {"restartPolicy": "Never",
            "containers": [{"name": "main", "image": image("1.0")}]}}}, "metadata": {"name": job["metadata"]["name"],
            "namespace": field.server.namespace}});
        field.client.create(&of_others).await.unwrap();
    }
    field.write_app("shop", with_jobs()).await;
    for part in ["migration", "once-index"] {
        let is_part = |job: &&Value| job["metadata"]["labels"]["app.kubernetes.io/component"] == part;
        let key = ObjectKey::of(jobs.iter().find(is_part).unwrap());
        let status = field.phase("shop", "Error").await;
        says(&field, &format!("there is a Job {} that is not this App's", key.name)).await;
        assert_eq!(
            status["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "Ready").unwrap()["reason"],
            "NotOurs"
        );
        field.ended(&key).await;
    }
    field.phase("shop", "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_into_secrets_that_others_make_and_what_they_lack_is_told() {
    let field = Field::looked_after().await;
    let spec = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "configuration": {"environment": {}, "generated": ["SECRET_KEY"]},
        "superuser": {"username": "admin", "secretName": "of-people"}});
    let theirs = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"OTHER": "theirs"}});
    field.server.create(&theirs("shop-generated")).await.unwrap();
    field.write_app("shop", spec).await;
    says(&field, "the Secret shop-generated has no key SECRET_KEY").await;
    field.server.edit(&theirs("shop-generated"), &json!({"stringData": {"SECRET_KEY": "k"}})).await.unwrap();
    says(&field, "the Secret of-people with the key password, of spec.superuser, is not there").await;
    let secret = |name: &str| field.key("v1", "Secret", name);
    assert_eq!(field.get(&secret("of-people")).await, None);
    field.server.create(&theirs("of-people")).await.unwrap();
    field.server.edit(&theirs("of-people"), &json!({"stringData": {"password": "p"}})).await.unwrap();
    field.phase("shop", "Ready").await;
    // What is done needs it no longer.
    field.ended(&secret("of-people")).await;
    field.server.edit(&theirs("shop-generated"), &json!({"stringData": {"SECRET_KEY": "l"}})).await.unwrap();
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let rolled = |live: &Value| live["metadata"]["generation"].as_i64() > Some(1);
    field.until(&web, "given the new key", rolled).await;
    field.phase("shop", "Ready").await;
}

/// The pod of the only migration, which is held once it is there.
async fn held_pod_of_migration(field: &Field) -> ObjectKey {
    field.until(&field.app("shop"), "migrating", |app| app["status"]["phase"] == "Migrating").await;
    let job = until_one(field, "batch/v1", "Job").await;
    let runs = |job: &Value| job["status"]["active"] == 1;
    field.until(&job, "active", runs).await;
    let pod = until_one(field, "v1", "Pod").await;
    hold(field, &pod, true).await;
    pod
}

/// The only object of its kind, once it is there.
async fn until_one(field: &Field, api_version: &str, kind: &str) -> ObjectKey {
    loop {
        // What makes it is said of the App.
        let app = field.get(&field.app("shop")).await;
        if let Some(one) = field.list(api_version, kind).await.first() {
            return ObjectKey::of(one);
        }
        field.client.news_of(&field.app("shop"), app.as_ref()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_migrations_never_run_at_once_whoever_deleted_the_job_or_the_app() {
    let field = Field::looked_after().await;
    let spec = |tag: &str| json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}, "migrations": {"command": ["migrate"]}});
    let none_begins = async |pod: &ObjectKey| {
        says(&field, &format!("waits for the pod {}, which is deleted", pod.name)).await;
        assert_eq!(field.list("batch/v1", "Job").await, Vec::<Value>::new());
        hold(&field, pod, false).await;
    };
    field.write_app("shop", spec("1.0-never-ready")).await;
    let pod = held_pod_of_migration(&field).await;
    field.ended(&until_one(&field, "batch/v1", "Job").await).await;
    none_begins(&pod).await;
    field.until_gone(&pod).await;
    let pod = held_pod_of_migration(&field).await;
    field.ended(&field.app("shop")).await;
    let job = field.list("batch/v1", "Job").await;
    for job in &job {
        field.until_gone(&ObjectKey::of(job)).await;
    }
    field.write_app("shop", spec("2.0")).await;
    none_begins(&pod).await;
    assert_eq!(field.phase("shop", "Ready").await["version"], "2.0");
}
