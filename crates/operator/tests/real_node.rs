//! An App whose pods really run: on a real node, with real databases, a real broker and Traefik before them. How it is pinned, and that no request
//! fails meanwhile, is in `crates/control/tests/real_node.rs`.
//!
//! Where the machine can't have a node (no root, no Linux, a package that is missing) each test says so on stderr and passes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "real_node/place.rs"]
mod place;

use place::Place;
use serde_json::{Value, json};
use testkit::real_node::{Behaviour, Orders};

const HOST: &str = "shop.example.test";

fn version(version: &str, migrations: usize) -> Orders {
    Orders { version: version.to_owned(), migrations, behaviour: Behaviour::Works }
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

/// How many orders the page counts.
async fn orders(place: &Place) -> u64 {
    let text = place.site.until("/", |text| text.contains("orders")).await;
    serde_json::from_str::<Value>(&text).unwrap()["orders"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_of_an_app_does_its_work_and_a_lost_namespace_comes_back_with_its_data() {
    let Some(place) = Place::new("shop", HOST).await else { return };
    place.write_app(spec(&place, &version("1", 1)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "1");

    // The scheduler orders something each second, and the worker writes it down.
    place.site.until("/static/style.css", |text| text.contains("sans-serif")).await;
    assert_eq!(place.site.until_echo("hello").await, "1 hello");
    let before = orders(&place).await;
    let grown =
        |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|page| page["orders"].as_u64() > Some(before));
    place.site.until("/", grown).await;

    // A backup comes before its migration.
    place.write_app(spec(&place, &version("2", 2)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    let database = place.database().await;
    assert_eq!(database["status"]["backups"].as_array().map(Vec::len), Some(1), "{database:#}");

    // The namespace is lost, and comes again from git.
    let kept = orders(&place).await;
    place.lose_namespace().await;
    place.write_app(spec(&place, &version("2", 2)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    let restored = place.database().await["status"]["restored"].clone();
    assert!(restored.is_string(), "it was filled from the backup before version 2");
    place.site.until("/", |text| text.contains(r#""version":"2""#)).await;
    let there = orders(&place).await;
    assert!(there >= 1000, "{there} of {kept}: what was there when the backup was made");
}
