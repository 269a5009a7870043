//! Objects that were stored under definitions of before.

use serde_json::{Value, json};
use testkit::DevCluster;
use testkit::devcluster::Options;

use super::databases::Place;
use super::field::{Field, image, message};
use super::server::Server;

/// Our definitions as they might have been once: with a field that there is no more, without rules and without later fields, and with parts of a
/// status in another form.
fn older() -> Vec<Value> {
    let mut crds = operator::crds();
    for crd in &mut crds {
        let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        schema["x-kubernetes-validations"] = json!([]);
        schema["properties"]["spec"]["properties"]["legacy"] = json!({"type": "string"});
        schema["properties"]["spec"]["properties"]["deletion"] = json!({"type": "string"});
        let status = &mut schema["properties"]["status"]["properties"];
        for later in ["database", "login", "irreversible", "once", "beganEmpty"] {
            status.as_object_mut().unwrap().remove(later);
        }
        for (field, form) in [
            ("backup", json!({"type": "string"})),
            ("phase", json!({"type": "string"})),
            ("migrations", json!({"type": "integer"})),
            ("backups", json!({"type": "integer"})),
            ("conditions", json!({"type": "string"})),
        ] {
            status[field] = form;
        }
    }
    crds
}

/// Waits until an API server that was given other definitions goes by them.
async fn until_known(server: &Server, object: &Value, is_known: bool) {
    let mut object = object.clone();
    object["metadata"]["name"] = json!("another");
    for _ in 0..5000 {
        if server.dry_run(&object).await.is_ok() == is_known {
            return;
        }
    }
    panic!("{:?}", server.dry_run(&object).await);
}

/// The same of a status.
async fn until_stored(server: &Server, object: &Value, status: &Value) {
    for _ in 0..5000 {
        if server.write_status(object, status).await.is_ok_and(|live| live["status"]["conditions"] == "Ready") {
            return;
        }
    }
    panic!("{:?}", server.write_status(object, status).await);
}

fn app(name: &str, namespace: &str, spec: Value) -> Value {
    json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn uids(jobs: &[Value]) -> Vec<Value> {
    jobs.iter().map(|job| job["metadata"]["uid"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_were_stored_under_older_definitions_are_taken_up_where_they_were() {
    let cluster = DevCluster::start(Options::default()).await.unwrap();
    let mut field = Field::of(Server::of(cluster).await).await;
    field.begin().await;
    let mut place = Place::of(field).await;
    let make = json!({"server": {"external": {"adminSecret": "postgres"}}, "deletion": "drop"});
    let spec = json!({"image": image("1.0"), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}},
        "migrations": {"command": ["migrate"]}, "seed": {"command": ["load"]}, "needs": {"database": {"make": make}}});
    place.field.write_app("shop", spec.clone()).await;
    let done = place.field.phase("shop", "Ready").await["migrations"].clone();
    let login = place.ready("shop").await;
    let jobs = place.field.list("batch/v1", "Job").await;
    assert_eq!(jobs.len(), 2, "{jobs:#?}");
    place.field.kill().await;

    let namespace = place.field.server.namespace.clone();
    let mut of_before = spec.clone();
    of_before["legacy"] = json!("x");
    let of_before = app("shop", &namespace, of_before);
    place.field.server.define(&older()).await;
    let told = json!({"version": "1.0", "image": image("1.0"), "phase": "Rolling", "migrations": 3, "backup": "nightly",
        "conditions": "Ready"});
    until_stored(&place.field.server, &of_before, &told).await;
    let told = json!({"server": "external", "backup": "nightly", "backups": 3, "filled": true, "conditions": "Ready"});
    let database = place.field.get(&place.key("shop")).await.unwrap();
    until_stored(&place.field.server, &database, &told).await;
    until_known(&place.field.server, &of_before, true).await;
    place.field.server.write(&of_before).await.unwrap();
    let server = json!({"external": {"adminSecret": "postgres"}});
    let odd = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase", "spec": {"server": server, "deletion": "purge"},
        "metadata": {"name": "odd", "namespace": namespace, "finalizers": ["pinnace.dev/data"]}});
    place.field.server.write(&odd).await.unwrap();

    place.field.server.define(&operator::crds()).await;
    until_known(&place.field.server, &of_before, false).await;
    place.field.begin().await;
    // What comes beside them waits for none of them.
    place.write("beside", json!({})).await;
    place.ready("beside").await;
    assert_eq!(place.ready("shop").await, login, "it is the same database");
    // What was done already is not guessed at, though there are Jobs that say it too.
    let status = place.field.phase("shop", "Error").await;
    let told = message(&status, "Ready");
    let way_out = format!("Mend it: kubectl edit apps.pinnace.dev shop -n {namespace} --subresource=status");
    assert!(told.contains("App shop: status.migrations says what was done already, and can't be read"), "{told}");
    assert!(told.ends_with(&way_out), "{told}");
    assert_eq!((&status["migrations"], uids(&place.field.list("batch/v1", "Job").await)), (&json!(3), uids(&jobs)));
    let live = place.field.get(&place.field.app("shop")).await.unwrap();
    place.field.server.write_status(&live, &json!({"migrations": done})).await.unwrap();
    let status = place.field.phase("shop", "Ready").await;
    assert_eq!(
        (&status["version"], status["migrations"].as_array().map(Vec::len)),
        (&json!("1.0"), Some(1)),
        "{status:#}"
    );
    assert_eq!(message(&status, "Ready"), "it runs as it should");
    assert_eq!(uids(&place.field.list("batch/v1", "Job").await), uids(&jobs), "nothing ran once more");
    let live = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(
        (&live["status"]["filled"], &live["status"]["backups"], &live["status"]["backup"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert!(
        place.field.get(&place.field.app("shop")).await.unwrap()["spec"].get("legacy").is_none(),
        "nothing is made of it"
    );

    place.field.ended(&place.field.app("shop")).await;
    place.field.until_gone(&place.key("shop")).await;

    place
        .says("odd", "it can't be read; nothing is done until it is mended: PostgresDatabase odd: spec.deletion")
        .await;
    place.delete("odd").await;
    place.says("odd", &format!("kubectl annotate postgresdatabase odd -n {namespace} pinnace.dev/let-go=true")).await;
    place.field.client.annotate(&place.key("odd"), "pinnace.dev/let-go", Some("true")).await.unwrap();
    place.field.until_gone(&place.key("odd")).await;
}
