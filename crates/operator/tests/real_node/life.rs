//! The whole of an App with the defaults `dev`, and its namespace lost.

use serde_json::{Value, json};
use testkit::real_node::Orders;

use super::place::Place;
use super::schedulers;
use super::spec::{self, HOST, process, version};

async fn spec(place: &Place, orders: &Orders) -> Value {
    let more = json!({"defaults": "dev", "migrations": {"command": ["/orders", "migrate"], "backup": true}});
    let mut spec = spec::app(place, orders, more).await;
    spec["processes"]["web"]["replicas"] = json!(3);
    spec["processes"]["scheduler"] = process("scheduler", json!({"singleton": false, "replicas": 2}));
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_of_an_app_does_its_work_and_a_lost_namespace_comes_back_with_its_data() {
    let Some(place) = Place::new("shop", HOST).await else { return };
    place.write_app(spec(&place, &version("1", 1)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "1");

    place.site.until("/static/style.css", |text| text.contains("sans-serif")).await;
    assert_eq!(place.site.until_echo("hello").await, "1 hello");
    // The scheduler orders something each second, and the worker writes it down.
    schedulers::of_two_one_acts(&place).await;
    schedulers::of_two_one_acts_when_their_redis_was_lost(&place).await;

    // A backup comes before its migration.
    place.write_app(spec(&place, &version("2", 2)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    let database = place.database().await;
    assert_eq!(database["status"]["backups"].as_array().map(Vec::len), Some(1), "{database:#}");

    // The namespace is lost, and comes again from git.
    let kept = place.orders().await;
    place.lose_namespace().await;
    place.write_app(spec(&place, &version("2", 2)).await).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    let restored = place.database().await["status"]["restored"].clone();
    assert!(restored.is_string(), "it was filled from the backup before version 2");
    place.site.until("/", |text| text.contains(r#""version":"2""#)).await;
    let there = place.orders().await;
    assert!(there >= 1000, "{there} of {kept}: what was there when the backup was made");
}
