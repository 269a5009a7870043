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
            "web": with("web", json!({"replicas": 3})), "worker": process("worker"), "scheduler": with("scheduler", json!({"singleton": false, "replicas": 2})),
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

/// The pod of the scheduler that made the last order.
fn orderer(text: &str) -> Option<String> {
    let page = serde_json::from_str::<Value>(text).ok()?;
    Some(page["last"].as_str()?.split_once(" by ")?.1.to_owned())
}

/// Of two schedulers one acts, and the other when that one is gone.
async fn of_two_schedulers_one_acts(place: &Place) {
    let mut pods = place.pods_of("scheduler").await;
    assert_eq!(pods.len(), 2, "{pods:?}");
    let first = orderer(&place.site.until("/", |text| orderer(text).is_some()).await).unwrap();
    let enough = orders(place).await + 5;
    while orders(place).await < enough {
        let acts = orderer(&place.site.until("/", |text| orderer(text).is_some()).await);
        assert_eq!(acts.as_ref(), Some(&first), "both act");
    }
    place.delete("Pod", &first).await;
    pods.retain(|pod| *pod != first);
    let other = |text: &str| orderer(text).is_some_and(|acts| acts != first);
    let next = orderer(&place.site.until("/", other).await).unwrap();
    assert_eq!(pods, [next], "the one that waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_of_an_app_does_its_work_and_a_lost_namespace_comes_back_with_its_data() {
    let Some(place) = Place::new("shop", HOST).await else { return };
    place.write_app(spec(&place, &version("1", 1)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "1");

    place.site.until("/static/style.css", |text| text.contains("sans-serif")).await;
    assert_eq!(place.site.until_echo("hello").await, "1 hello");
    // The scheduler orders something each second, and the worker writes it down.
    of_two_schedulers_one_acts(&place).await;

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
