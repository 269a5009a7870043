//! Apps in a real cluster, whose pods are played: made, migrated, kept, and what people are told.

use serde_json::{Value, json};

use super::field::{Field, image, message};

fn spec(tag: &str) -> Value {
    json!({
        "image": image(tag), "defaults": "dev",
        "processes": {"web": {"command": ["gunicorn"], "replicas": 2}, "worker": {"command": ["celery"]}, "scheduler": {"command": ["beat"]}},
        "routes": {"host": "shop.example.org"},
        "migrations": {"command": ["migrate"]},
        "config": {"DEBUG": true},
    })
}

fn without_migrations(tag: &str) -> Value {
    let mut spec = spec(tag);
    spec.as_object_mut().unwrap().remove("migrations");
    spec
}

/// Everything that was made, with its version and what is wanted of it.
async fn made(field: &Field) -> Vec<Value> {
    let mut all = Vec::new();
    for (api_version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("networking.k8s.io/v1", "Ingress"),
        ("policy/v1", "PodDisruptionBudget"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Service"),
    ] {
        let live = field.list(api_version, kind).await;
        let ours =
            live.iter().filter(|live| live["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "pinnace-operator");
        all.extend(ours.map(|live| {
            json!([kind, live["metadata"]["name"], live["metadata"]["generation"], live["metadata"]["managedFields"]])
        }));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_made_migrated_and_says_that_it_runs() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0")).await;
    let status = field.phase("shop", "Ready").await;
    assert_eq!((&status["version"], &status["image"]), (&json!("1.0"), &json!(image("1.0"))), "{status:#}");
    assert_eq!(status["url"], "http://shop.example.org/");
    assert_eq!(status["migrations"], json!([image("1.0").split('@').next_back().unwrap()]));
    assert_eq!(message(&status, "Ready"), "it runs as it should");
    assert_eq!(field.names("apps/v1", "Deployment").await, ["shop-web", "shop-worker"]);
    assert_eq!(field.names("apps/v1", "StatefulSet").await, ["shop-scheduler"]);
    assert_eq!(field.names("networking.k8s.io/v1", "Ingress").await, ["shop"]);
    let job = &field.list("batch/v1", "Job").await[0];
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap();
    let (migrated, begun) = (&job["status"]["completionTime"], &web["metadata"]["creationTimestamp"]);
    assert!(migrated.as_str().unwrap() <= begun.as_str().unwrap(), "{migrated} {begun}");
}

/// What the Events of an App say, as `kubectl describe` shows them.
async fn told(field: &Field, warnings: bool) -> Vec<String> {
    let mut events = field.list("v1", "Event").await;
    let of_app = |event: &Value| event["involvedObject"]["kind"] == "App" && event["involvedObject"]["name"] == "shop";
    events.retain(|event| of_app(event) && (event["type"] == "Warning") == warnings);
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_tells_which_version_came_to_run_and_why_another_can_not() {
    let field = Field::looked_after().await;
    field.write_app("shop", without_migrations("1.0")).await;
    field.phase("shop", "Ready").await;
    field.write_app("shop", spec("2.0-job-fails")).await;
    let status = field.phase("shop", "Error").await;
    // Another App that is ready shows that what came before was told.
    field.write_app("beside", without_migrations("1.0")).await;
    field.phase("beside", "Ready").await;
    assert_eq!(told(&field, false).await, ["1.0: it runs as it should"]);
    let warnings = told(&field, true).await;
    assert_eq!(warnings, [message(&status, "Ready")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_operator_changes_nothing_about_an_app_that_is_well() {
    let mut field = Field::looked_after().await;
    let mut spec = spec("1.0");
    spec["secrets"] = json!([{"name": "given"}]);
    spec["superuser"] = json!({"username": "root", "email": "root@example.org"});
    spec["configuration"] =
        json!({"environment": {}, "file": {"path": "/etc/app/config.yaml"}, "generated": ["SECRET_KEY"]});
    spec["processes"]["web"]["resources"] = json!({"requests": {"cpu": "1000m", "memory": "0.5Gi"}});
    spec["processes"]["worker"]["autoscale"] = json!({"min": 1, "max": 3, "cpu": 70});
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "given"}, "stringData": {"TOKEN": "t"}});
    field.server.create(&secret).await.unwrap();
    field.write_app("shop", spec).await;
    // Nobody measures its pods, so the autoscaler waits for ever: it is deployed, and that is all that it can be.
    let is_deployed = |app: &Value| {
        app["status"]["phase"] == "Deploying" && message(&app["status"], "Ready").contains("can't read the load yet")
    };
    field.until(&field.app("shop"), "deployed", is_deployed).await;
    field
        .until(&field.key("apps/v1", "Deployment", "shop-web"), "up", |live| live["status"]["availableReplicas"] == 2)
        .await;
    field.kill().await;
    let before = (made(&field).await, field.get(&field.app("shop")).await.unwrap());
    field.begin().await;
    // It has looked at everything when it has seen what came after.
    field.write_app("later", without_migrations("2.0")).await;
    field.phase("later", "Ready").await;
    let after: Vec<Value> =
        made(&field).await.into_iter().filter(|one| !one[1].as_str().unwrap().starts_with("later")).collect();
    assert_eq!(after, before.0);
    assert_eq!(field.get(&field.app("shop")).await.unwrap(), before.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_edit_or_delete_comes_back() {
    let field = Field::looked_after().await;
    field.write_app("shop", without_migrations("1.0")).await;
    field.phase("shop", "Ready").await;
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let live = field.get(&web).await.unwrap();
    let patch = json!({"spec": {"replicas": 5, "paused": true, "template": {"spec": {"containers": [{"name": "web", "image": "evil:1"}]}}}});
    field.server.edit(&live, &patch).await.unwrap();
    let back = |live: &Value| {
        live["spec"]["replicas"] == 2
            && live["spec"].get("paused").is_none()
            && live.pointer("/spec/template/spec/containers/0/image") == Some(&json!(image("1.0")))
    };
    field.until(&web, "as it was", back).await;
    for (api_version, kind, name) in [
        ("v1", "Service", "shop-web"),
        ("networking.k8s.io/v1", "Ingress", "shop"),
        ("apps/v1", "StatefulSet", "shop-scheduler"),
    ] {
        let key = field.key(api_version, kind, name);
        let live = field.get(&key).await.unwrap();
        field.client.delete(&key, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        field.until(&key, "back", |again| again["metadata"]["uid"] != live["metadata"]["uid"]).await;
    }
    field.phase("shop", "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_has_no_longer_goes_with_all_that_belongs_to_it() {
    let field = Field::looked_after().await;
    let mut spec = without_migrations("1.0");
    spec["processes"]["websocket"] = json!({"command": ["daphne"], "replicas": 2});
    field.write_app("shop", spec.clone()).await;
    field.phase("shop", "Ready").await;
    assert!(field.names("policy/v1", "PodDisruptionBudget").await.contains(&"shop-websocket".to_owned()));
    spec["processes"].as_object_mut().unwrap().remove("websocket");
    spec["config"] = json!({"DEBUG": false});
    field.write_app("shop", spec).await;
    for (api_version, kind) in [("apps/v1", "Deployment"), ("v1", "Service"), ("policy/v1", "PodDisruptionBudget")] {
        field.until_gone(&field.key(api_version, kind, "shop-websocket")).await;
    }
    field.phase("shop", "Ready").await;
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap().to_string();
    let configurations = field.names("v1", "ConfigMap").await;
    let used = configurations.iter().filter(|name| web.contains(name.as_str())).count();
    assert_eq!(used, 1, "{configurations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_named_and_its_coming_lets_the_app_go_on() {
    let field = Field::looked_after().await;
    let mut spec = without_migrations("1.0");
    spec["secrets"] = json!([{"name": "given"}]);
    field.write_app("shop", spec).await;
    let status = field.phase("shop", "Error").await;
    assert!(
        message(&status, "Stalled").contains("the Secret given, which spec.secrets names, is not there"),
        "{status:#}"
    );
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "given"}, "stringData": {"TOKEN": "one"}});
    field.server.create(&secret).await.unwrap();
    field.phase("shop", "Ready").await;
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let before = field.get(&web).await.unwrap()["spec"]["template"].clone();
    field.server.edit(&secret, &json!({"stringData": {"TOKEN": "two"}})).await.unwrap();
    field.until(&web, "given the new value", |live| live["spec"]["template"] != before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_stops_before_any_pod_and_runs_again_only_when_asked() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0")).await;
    field.phase("shop", "Ready").await;
    field.write_app("shop", spec("2.0-job-fails")).await;
    let status = field.phase("shop", "Error").await;
    let said = message(&status, "Ready");
    assert!(said.starts_with("the migration failed: ") && said.contains("1.0 keeps serving"), "{said}");
    assert_eq!((&status["version"], &status["logs"]["container"]), (&json!("1.0"), &json!("migrate")), "{status:#}");
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap();
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], image("1.0"));
    let failed = failed_job(&field).await;
    let job = field.key("batch/v1", "Job", failed["metadata"]["name"].as_str().unwrap());
    field.client.annotate(&field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    let is_another =
        |live: &Value| live["metadata"]["uid"] != failed["metadata"]["uid"] && live["status"]["failed"] == 1;
    field.until(&job, "run again", is_another).await;
    field.phase("shop", "Error").await;
    field.write_app("shop", spec("3.0")).await;
    let status = field.phase("shop", "Ready").await;
    assert_eq!(status["version"], "3.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_wrong_with_a_migration_is_said_on_when_its_pod_is_gone() {
    let mut field = Field::looked_after().await;
    field.write_app("shop", spec("1.0-job-fails")).await;
    let said = field.phase("shop", "Error").await;
    assert!(message(&said, "Ready").contains("exit code 1"), "{said:#}");
    let of_namespace = format!(" -n {}` has its lines", field.server.namespace);
    assert!(message(&said, "Ready").contains(&of_namespace), "{said:#}");
    let pod = said["logs"]["pod"].as_str().unwrap();
    field.ended(&field.key("v1", "Pod", pod)).await;
    field.kill().await;
    field.begin().await;
    let mut changed = spec("1.0-job-fails");
    changed["processes"]["web"]["labels"] = json!({"team": "a"});
    field.write_app("shop", changed).await;
    let later = field.phase("shop", "Error").await;
    assert_eq!((message(&later, "Ready"), &later["logs"]), (message(&said, "Ready"), &said["logs"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_migration_failed_is_migrated_once_more_when_somebody_comes_back_to_it() {
    let mut field = Field::looked_after().await;
    field.write_app("shop", spec("1.0")).await;
    field.phase("shop", "Ready").await;
    field.write_app("shop", spec("2.0-job-fails")).await;
    field.phase("shop", "Error").await;
    let failed = failed_job(&field).await;
    let job = field.key("batch/v1", "Job", failed["metadata"]["name"].as_str().unwrap());
    field.write_app("shop", spec("1.0")).await;
    field.phase("shop", "Ready").await;
    let left = field.get(&job).await.unwrap();
    assert_eq!(left["metadata"]["uid"], failed["metadata"]["uid"], "its lines are kept");
    field.kill().await;
    field.begin().await;
    field.write_app("shop", spec("2.0-job-fails")).await;
    let is_another =
        |live: &Value| live["metadata"]["uid"] != failed["metadata"]["uid"] && live["status"]["failed"] == 1;
    field.until(&job, "run again", is_another).await;
    let again = field.get(&job).await.unwrap();
    field.phase("shop", "Error").await;
    field.kill().await;
    field.begin().await;
    field.write_app("shop", spec("3.0")).await;
    field.phase("shop", "Ready").await;
    assert_eq!(field.get(&job).await.unwrap()["metadata"]["uid"], again["metadata"]["uid"], "and not by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_can_not_begin_goes_with_its_version_and_holds_up_no_other() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0")).await;
    field.phase("shop", "Ready").await;
    for (bad, next) in [("2.0-image-missing", "1.0"), ("3.0-config-key-missing", "4.0")] {
        field.write_app("shop", spec(bad)).await;
        let status = field.phase("shop", "Error").await;
        assert!(message(&status, "Ready").starts_with("the migration failed: "), "{status:#}");
        let jobs = field.list("batch/v1", "Job").await;
        let stuck = jobs.iter().find(|job| job["status"]["active"] == 1).unwrap();
        field.write_app("shop", spec(next)).await;
        assert_eq!(field.phase("shop", "Ready").await["version"], next);
        // It would begin when its image or setting is there, under a version that it is not of.
        field.until_gone(&cluster::ObjectKey::of(stuck)).await;
    }
}

async fn failed_job(field: &Field) -> Value {
    let jobs = field.list("batch/v1", "Job").await;
    jobs.into_iter().find(|job| job["status"]["failed"] == 1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_and_forth_migrates_each_version_once() {
    let field = Field::looked_after().await;
    for tag in ["1.0", "2.0", "1.0", "2.0"] {
        field.write_app("shop", spec(tag)).await;
        assert_eq!(field.phase("shop", "Ready").await["version"], tag);
        for job in field.list("batch/v1", "Job").await {
            let key = field.key("batch/v1", "Job", job["metadata"]["name"].as_str().unwrap());
            if tag == "2.0" {
                field.client.delete(&key, job["metadata"]["uid"].as_str().unwrap()).await.unwrap();
            }
        }
    }
    assert_eq!(field.list("batch/v1", "Job").await.len(), 0, "none was begun again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_waits_for_that_of_another_version() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0-slow-ready")).await;
    field.until(&field.app("shop"), "migrating", |app| app["status"]["phase"] == "Migrating").await;
    field.write_app("shop", spec("2.0")).await;
    let waits = |app: &Value| message(&app["status"], "Ready").starts_with("waits for the Job shop-migrate-");
    field.until(&field.app("shop"), "waiting", waits).await;
    assert_eq!(field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_succeeds_while_another_version_is_wanted_is_not_run_again() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0-slow-ready")).await;
    field.until(&field.app("shop"), "migrating", |app| app["status"]["phase"] == "Migrating").await;
    field.write_app("shop", spec("2.0")).await;
    field.phase("shop", "Ready").await;
    for job in field.list("batch/v1", "Job").await {
        // As after some newer versions.
        let key = cluster::ObjectKey::of(&job);
        field.client.delete(&key, job["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        field.until_gone(&key).await;
    }
    field.write_app("shop", spec("1.0-slow-ready")).await;
    field.phase("shop", "Ready").await;
    assert_eq!(field.list("batch/v1", "Job").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_crashes_says_so_and_the_one_before_serves_on() {
    let field = Field::looked_after().await;
    field.write_app("shop", without_migrations("1.0")).await;
    field.phase("shop", "Ready").await;
    field.write_app("shop", without_migrations("2.0-crash-loop")).await;
    let status = field.phase("shop", "Error").await;
    let said = message(&status, "Stalled");
    let [pod, container] = ["pod", "container"].map(|part| status["logs"][part].as_str().unwrap());
    let see = format!(". See `kubectl logs -n {} {pod} -c {container}", field.server.namespace);
    assert!(said.contains("starts and stops again") && said.contains(&see), "{status:#}");
    assert!(said.ends_with("; push another version"), "{status:#}");
    assert_eq!(status["version"], "1.0");
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap();
    assert_eq!(web["status"]["availableReplicas"], 2);
    field.write_app("shop", without_migrations("1.0")).await;
    field.phase("shop", "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_is_left_as_it_is() {
    let field = Field::looked_after().await;
    field.write_app("shop", without_migrations("1.0")).await;
    field.phase("shop", "Ready").await;
    let mut spec = without_migrations("2.0");
    spec["pause"] = json!(true);
    field.write_app("shop", spec).await;
    let paused = |app: &Value| app["status"]["conditions"][0]["reason"] == "Paused";
    field.until(&field.app("shop"), "paused", paused).await;
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap();
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], image("1.0"));
    field.write_app("shop", without_migrations("2.0")).await;
    assert_eq!(field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_others_is_neither_taken_nor_changed() {
    let field = Field::looked_after().await;
    let theirs = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-web"}, "spec": {"ports": [{"port": 1}]}});
    field.server.create(&theirs).await.unwrap();
    let workload = json!({"selector": {"matchLabels": {"a": "b"}}, "serviceName": "s", "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}}});
    let more = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "shop-scheduler"}, "spec": workload});
    field.server.create(&more).await.unwrap();
    field.write_app("shop", without_migrations("1.0")).await;
    let status = field.phase("shop", "Error").await;
    let said = message(&status, "Stalled");
    assert_eq!((said.matches("made by others").count(), said.matches("shop-").count()), (1, 2), "{status:#}");
    assert!(
        said.contains("shop-web") && said.contains(". So it is with") && said.contains("shop-scheduler"),
        "{status:#}"
    );
    let service = field.get(&field.key("v1", "Service", "shop-web")).await.unwrap();
    assert_eq!(service["spec"]["ports"][0]["port"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_dies_in_any_phase_ends_where_another_would() {
    for phase in ["Initializing", "Migrating", "Deploying"] {
        let mut field = Field::looked_after().await;
        let mut spec = spec("1.0-slow-ready");
        if phase == "Initializing" {
            spec["needs"] = json!({"objects": [{"apiVersion": "v1", "kind": "Pod", "name": "first"}]});
        }
        field.write_app("shop", spec).await;
        field.until(&field.app("shop"), phase, |app| app["status"]["phase"] == phase).await;
        field.kill().await;
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        field.server.create(&pod).await.unwrap();
        if phase == "Migrating" {
            // The Job succeeds while nobody is there to record it.
            let job = field.list("batch/v1", "Job").await.remove(0);
            let key = field.key("batch/v1", "Job", job["metadata"]["name"].as_str().unwrap());
            field.until(&key, "done", |job| job["status"]["succeeded"] == 1).await;
        }
        field.begin().await;
        let status = field.phase("shop", "Ready").await;
        assert_eq!(status["migrations"].as_array().unwrap().len(), 1, "{phase}: {status:#}");
        let jobs = field.list("batch/v1", "Job").await;
        assert_eq!(jobs.iter().filter(|job| job["status"]["succeeded"] == 1).count(), 1, "{phase}: {jobs:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_and_annotations_that_are_wanted_no_longer_go() {
    let field = Field::looked_after().await;
    let mut spec = without_migrations("1.0");
    spec["processes"]["web"]["labels"] = json!({"team": "a"});
    spec["processes"]["web"]["annotations"] = json!({"scrape": "yes"});
    spec["routes"]["ingress"] = json!({"annotations": {"example.org/limit": "5"}});
    field.write_app("shop", spec).await;
    field.phase("shop", "Ready").await;
    field.write_app("shop", without_migrations("1.0")).await;
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let bare = |live: &Value| {
        let metadata = &live["spec"]["template"]["metadata"];
        metadata["labels"].get("team").is_none() && metadata.get("annotations").is_none()
    };
    field.until(&web, "without them", bare).await;
    let ingress = field.key("networking.k8s.io/v1", "Ingress", "shop");
    field.until(&ingress, "without it", |live| live["metadata"].get("annotations").is_none()).await;
}
