//! What an App has stays, goes, and comes back.

use serde_json::{Value, json};

use super::field::{Field, image, message};

fn spec(tag: &str) -> Value {
    json!({"image": image(tag), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}, "worker": {"command": ["celery"]}},
        "config": {"TAG": tag}})
}

fn template(live: &Value) -> &Value {
    &live["spec"]["template"]
}

/// An App beside it that runs: what came before it has been looked at.
async fn until_all_is_looked_at(field: &Field, name: &str) {
    field
        .write_app(
            name,
            json!({"image": image("1.0"), "defaults": "dev", "processes": {"worker": {"command": ["celery"]}}}),
        )
        .await;
    field.phase(name, "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_the_version_before_keep_their_configuration_while_a_new_one_can_not_be_migrated_to() {
    let field = Field::looked_after().await;
    let migrated = |tag: &str, config: &str| {
        let mut spec = spec(tag);
        spec["migrations"] = json!({"command": ["migrate"]});
        spec["config"] = json!({"TAG": config});
        spec
    };
    field.write_app("shop", migrated("1.0", "a")).await;
    field.phase("shop", "Ready").await;
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let serving = field.get(&web).await.unwrap();
    let read = field.names("v1", "ConfigMap").await;
    assert_eq!(read.len(), 1);
    for config in ["b", "c"] {
        field.write_app("shop", migrated("2.0-job-fails", config)).await;
        field.phase("shop", "Error").await;
        assert_eq!(template(&field.get(&web).await.unwrap()), template(&serving));
        assert!(field.names("v1", "ConfigMap").await.contains(&read[0]), "{config}: a pod that starts anew reads it");
    }
    field.write_app("shop", migrated("3.0", "d")).await;
    field.phase("shop", "Ready").await;
    field.until_gone(&field.key("v1", "ConfigMap", &read[0])).await;
    assert_eq!(field.names("v1", "ConfigMap").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autoscaler_and_routes_go_when_they_are_wanted_no_longer_and_what_was_scaled_stays_until_then() {
    let field = Field::looked_after().await;
    let mut with = spec("1.0");
    with["processes"]["worker"]["autoscale"] = json!({"min": 1, "max": 3, "cpu": 70});
    with["routes"] = json!({"host": "shop.example.org"});
    field.write_app("shop", with.clone()).await;
    let (autoscaler, ingress) = (
        field.key("autoscaling/v2", "HorizontalPodAutoscaler", "shop-worker"),
        field.key("networking.k8s.io/v1", "Ingress", "shop"),
    );
    for key in [&autoscaler, &ingress] {
        field.until(key, "made", |_| true).await;
    }
    let worker = field.key("apps/v1", "Deployment", "shop-worker");
    let live = field.until(&worker, "made", |_| true).await;
    field.server.scale(&live, 3).await.unwrap();
    with["config"] = json!({"TAG": "another"});
    field.write_app("shop", with).await;
    let rolled = field.until(&worker, "rolled", |now| template(now) != template(&live)).await;
    assert_eq!(rolled["spec"]["replicas"], 3);
    field.write_app("shop", spec("1.0")).await;
    for key in [&autoscaler, &ingress] {
        field.until_gone(key).await;
    }
    field.until(&worker, "as the App says again", |live| live["spec"]["replicas"] == 1).await;
    field.phase("shop", "Ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_needs_comes_back_when_people_edit_or_delete_it() {
    let field = Field::looked_after().await;
    let mut needs = spec("1.0");
    needs["needs"] =
        json!({"database": {}, "redis": {"make": {"memory": "64Mi"}}, "rabbit": {"make": {"username": "shop"}}});
    field.write_app("shop", needs).await;
    for (kind, edit) in [
        ("PostgresDatabase", json!({"spec": {"adopt": true}})),
        ("Redis", json!({"spec": {"memory": "128Mi"}})),
        ("RabbitVhost", json!({"spec": {"username": "other"}})),
    ] {
        let key = field.key("pinnace.dev/v1alpha1", kind, "shop");
        let made = field.until(&key, "made", |_| true).await;
        field.server.edit(&made, &edit).await.unwrap();
        field.until(&key, "as it was", |live| live["spec"] == made["spec"]).await;
        field.client.delete(&key, made["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        let is_anew = |live: &Value| live["metadata"]["uid"] != made["metadata"]["uid"];
        let again = field.until(&key, "back", is_anew).await;
        assert_eq!(again["spec"], made["spec"], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_says_skip_is_left_as_it_is_and_goes_when_it_is_deleted() {
    let field = Field::looked_after().await;
    field.write_app("shop", spec("1.0")).await;
    field.phase("shop", "Ready").await;
    let app = field.app("shop");
    field.client.annotate(&app, operator::app::SKIP_ANNOTATION, Some("true")).await.unwrap();
    let is_paused = |app: &Value| message(&app["status"], "Ready").contains("the annotation pinnace.dev/skip");
    field.until(&app, "left", is_paused).await;
    let web = field.key("apps/v1", "Deployment", "shop-web");
    let live = field.get(&web).await.unwrap();
    field.server.edit(&live, &json!({"spec": {"replicas": 5}})).await.unwrap();
    let other = field.key("apps/v1", "Deployment", "shop-worker");
    let uid = field.get(&other).await.unwrap()["metadata"]["uid"].clone();
    field.client.delete(&other, uid.as_str().unwrap()).await.unwrap();
    field.write_app("shop", spec("2.0")).await;
    until_all_is_looked_at(&field, "beside").await;
    let left = field.get(&web).await.unwrap();
    assert_eq!((&left["spec"]["replicas"], template(&left)), (&json!(5), template(&live)));
    assert_eq!(field.get(&other).await, None);
    // Told again, it does all that it left.
    field.client.annotate(&app, operator::app::SKIP_ANNOTATION, None).await.unwrap();
    field.until(&app, "the new version", |app| app["status"]["version"] == "2.0").await;
    assert!(field.get(&other).await.is_some());
    field.client.annotate(&app, operator::app::SKIP_ANNOTATION, Some("true")).await.unwrap();
    field.until(&app, "left", is_paused).await;
    let live = field.get(&app).await.unwrap();
    field.client.delete(&app, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    for key in [&app, &web, &other, &field.key("v1", "Service", "shop-web")] {
        field.until_gone(key).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_there_is_told_by_an_app_that_runs() {
    let field = Field::looked_after().await;
    let routes = json!({"host": "shop.example.org", "tls": {"secretName": "shop-cert"}});
    let spec = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}, "routes": routes});
    field.write_app("shop", spec).await;
    let status = field.phase("shop", "Ready").await;
    let told =
        "it runs as it should; but the Secret shop-cert with the certificate of shop.example.org is not there: make it";
    assert_eq!(message(&status, "Ready"), told);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "stringData": {"tls.crt": "a", "tls.key": "b"},
        "metadata": {"name": "shop-cert", "namespace": field.server.namespace}});
    field.server.create(&secret).await.unwrap();
    field.until(&field.app("shop"), "well", |app| message(&app["status"], "Ready") == "it runs as it should").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_class_that_nobody_knows_is_told_by_an_app_that_runs() {
    let field = Field::looked_after().await;
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": field.server.namespace},
        "spec": {"controller": "example.org/nobody"}});
    field.client.create(&class).await.unwrap();
    let told = "it runs as it should; but there is no IngressClass ngnix, and hardly anything answers at shop.example.org: \
        `kubectl get ingressclasses` lists those that there are";
    for (class, told) in [("ngnix", told), (&field.server.namespace, "it runs as it should")] {
        let routes = json!({"host": "shop.example.org", "ingress": {"class": class}});
        let spec = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}, "routes": routes});
        field.write_app("shop", spec).await;
        field.until(&field.app("shop"), told, |app| message(&app["status"], "Ready") == told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_an_app_made_can_be_skipped_by_itself() {
    let field = Field::looked_after().await;
    let spec = |labels: Value| {
        json!({"image": image("1.0"), "defaults": "dev", "needs": {"redis": {}},
            "processes": {"web": {"command": ["gunicorn"], "labels": labels}}})
    };
    field.write_app("shop", spec(json!({}))).await;
    let redis = field.key("pinnace.dev/v1alpha1", "Redis", "shop");
    let server = field.key("apps/v1", "StatefulSet", "shop-redis");
    let first = field.until(&server, "made", |_| true).await;
    field.client.annotate(&redis, operator::app::SKIP_ANNOTATION, Some("true")).await.unwrap();
    let is_paused = |live: &Value| message(&live["status"], "Ready").contains("the annotation pinnace.dev/skip");
    field.until(&redis, "left", is_paused).await;
    field.ended(&server).await;
    field.write_app("shop", spec(json!({"team": "a"}))).await;
    until_all_is_looked_at(&field, "beside").await;
    assert!(is_paused(&field.get(&redis).await.unwrap()), "the App takes it away");
    assert_eq!(field.get(&server).await, None);
    field.client.annotate(&redis, operator::app::SKIP_ANNOTATION, None).await.unwrap();
    field.until(&server, "back", |live| live["metadata"]["uid"] != first["metadata"]["uid"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_made_at_random_that_is_taken_out_is_made_anew_and_the_pods_are_rolled() {
    let field = Field::looked_after().await;
    let mut generated = spec("1.0");
    generated["configuration"] = json!({"generated": ["SECRET_KEY"]});
    field.write_app("shop", generated).await;
    field.phase("shop", "Ready").await;
    let secret = field.key("v1", "Secret", "shop-generated");
    let before = field.get(&secret).await.unwrap();
    let web = field.get(&field.key("apps/v1", "Deployment", "shop-web")).await.unwrap();
    field.server.edit(&before, &json!({"data": {"SECRET_KEY": null}})).await.unwrap();
    let key = |live: &Value| live["data"]["SECRET_KEY"].clone();
    field.until(&secret, "made anew", |live| key(live).is_string() && key(live) != key(&before)).await;
    field.until(&cluster::ObjectKey::of(&web), "rolled", |live| template(live) != template(&web)).await;
}
