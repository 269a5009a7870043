//! Apps whose pods really run: on a real node, with real databases, a real broker, Traefik before them, and a client that counts failures.
//!
//! Where the machine can't have a node (no root, no Linux, a package that is missing) each test says so on stderr and passes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "real_node/client.rs"]
mod client;
#[path = "real_node/place.rs"]
mod place;

use client::{Load, ask};
use place::Place;
use serde_json::{Value, json};
use testkit::real_node::{Behaviour, Orders};

const HOST: &str = "shop.example.test";

fn version(version: &str, migrations: usize, behaviour: Behaviour) -> Orders {
    Orders { version: version.to_owned(), migrations, behaviour }
}

async fn spec(place: &Place, orders: &Orders) -> Value {
    let image = place.inside.orders_image(orders).await.unwrap().reference();
    let process =
        |role: &str| json!({"command": ["/orders", role], "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}});
    let with = |role: &str, more: Value| {
        let mut process = process(role);
        process.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        process
    };
    json!({
        "image": image, "defaults": "dev",
        "processes": {
            "web": with("web", json!({"replicas": 3})), "worker": process("worker"), "scheduler": process("scheduler"),
            "websocket": with("websocket", json!({"port": 8000})), "static": with("static", json!({"port": 8000})),
        },
        "routes": {"host": HOST},
        "migrations": {"command": ["/orders", "migrate"], "backup": true},
        "needs": {"database": {}, "redis": {}, "rabbit": {}},
    })
}

async fn page(place: &Place) -> Value {
    let (status, text) = ask(&place.http, HOST, "/").await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_lives_through_its_versions_and_a_lost_namespace_and_no_request_fails_but_then() {
    let Some(place) = Place::new("shop").await else { return };
    let first = version("1", 1, Behaviour::Works);
    place.write_app(spec(&place, &first).await).await;
    assert_eq!(place.phase("Ready").await["version"], "1");

    // Every process does what it is for.
    place.until_page(HOST, "/", |text| text.contains(r#""version":"1""#)).await;
    place.until_page(HOST, "/static/style.css", |text| text.contains("sans-serif")).await;
    assert_eq!(place.until_echo(HOST, "hello").await, "1 hello");
    let before = page(&place).await["orders"].as_u64().unwrap();
    let grown =
        |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|page| page["orders"].as_u64() > Some(before));
    place.until_page(HOST, "/", grown).await;

    // A version with a migration that alters a table with data.
    let load = Load::begin(&place.http, HOST);
    place.write_app(spec(&place, &version("2", 2, Behaviour::Works)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    place.until_page(HOST, "/", |text| text.contains(r#""version":"2""#)).await;
    let database = place.database().await;
    assert_eq!(database["status"]["backups"].as_array().map(Vec::len), Some(1), "{database:#}");

    // One whose migration fails: old pods serve on.
    place.write_app(spec(&place, &version("3", 3, Behaviour::MigrationFails)).await).await;
    let status = place.phase("Error").await;
    assert!(
        place::message(&status).contains("the migration failed") && place::message(&status).contains("2 keeps serving"),
        "{status:#}"
    );
    assert_eq!(page(&place).await["version"], "2");
    place.write_app(spec(&place, &version("2", 2, Behaviour::Works)).await).await;
    place.phase("Ready").await;

    // One that crashes.
    place.write_app(spec(&place, &version("4", 2, Behaviour::Crashes)).await).await;
    let status = place.phase("Error").await;
    assert!(place::message(&status).contains("starts and stops again"), "{status:#}");
    assert_eq!(page(&place).await["version"], "2");
    place.write_app(spec(&place, &version("2", 2, Behaviour::Works)).await).await;
    place.phase("Ready").await;
    let served = load.end().await;
    assert_eq!(served.failures, Vec::<String>::new(), "of {} requests", served.all);
    assert!(served.all > 100, "{}", served.all);

    // The namespace is lost, and comes again from git.
    let kept = page(&place).await["orders"].as_u64().unwrap();
    place.lose_namespace().await;
    place.write_app(spec(&place, &version("2", 2, Behaviour::Works)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    let restored = place.database().await["status"]["restored"].clone();
    assert!(restored.is_string(), "it was filled from the backup before version 2");
    place.until_page(HOST, "/", |text| text.contains(r#""version":"2""#)).await;
    let there = page(&place).await["orders"].as_u64().unwrap();
    assert!(there >= 1000, "{there} of {kept}: what was there when the backup was made");
}
