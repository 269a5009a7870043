//! Two schedulers that choose a leader in Redis: one acts, whatever is lost.

use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::postgres::PgConnection;

use super::place::{Place, counted};

const REDIS: &str = "shop-redis-0";

/// The pod of the scheduler that made an order.
fn orderer(item: &str) -> Option<&str> {
    Some(item.split_once(" by ")?.1)
}

/// That of the last order.
fn last_orderer(text: &str) -> Option<String> {
    let page = serde_json::from_str::<Value>(text).ok()?;
    orderer(page["last"].as_str()?).map(str::to_owned)
}

async fn acts(place: &Place) -> String {
    last_orderer(&place.site.until("/", |text| last_orderer(text).is_some()).await).unwrap()
}

/// Of two schedulers one acts, and the other when that one is gone.
pub(crate) async fn of_two_one_acts(place: &Place) {
    let mut pods = place.pods_of("scheduler").await;
    assert_eq!(pods.len(), 2, "{pods:?}");
    let first = acts(place).await;
    let enough = place.orders().await + 5;
    while place.orders().await < enough {
        assert_eq!(acts(place).await, first, "both act");
    }
    place.delete("Pod", &first).await;
    pods.retain(|pod| *pod != first);
    let other = |text: &str| last_orderer(text).is_some_and(|acts| acts != first);
    let next = last_orderer(&place.site.until("/", other).await).unwrap();
    assert_eq!(pods, [next], "the one that waited");
}

/// Their Redis is killed, and forgets who led. As long as there is none nobody acts; then one of them does, and never both at once.
pub(crate) async fn of_two_one_acts_when_their_redis_was_lost(place: &Place) {
    place.phase("Ready").await;
    let before = acts(place).await;
    let mut database = place.login().await;
    let last = newest(&mut database).await;
    place.begins_pods(false).await;
    let lost = place.delete("Pod", REDIS).await;
    let redis = place.named("v1", "Pod", REDIS);
    place.until(&redis, "another Redis that waits", |pod| pod["metadata"]["uid"] != *lost).await;
    // What was on its way is written down.
    passes(place, Duration::from_secs(2)).await;
    let away = newest(&mut database).await;
    passes(place, Duration::from_secs(8)).await;
    assert_eq!(newest(&mut database).await, away, "nobody knows who leads, and somebody acts");
    place.begins_pods(true).await;
    place.until(&redis, "ready", is_ready).await;

    // For longer than a leader that says nothing counts.
    let enough = place.orders().await + 18;
    place.site.until("/", |text| counted(text) >= Some(enough)).await;
    let ordered = "SELECT item FROM orders WHERE id > $1 ORDER BY id";
    let items: Vec<String> = sqlx::query_scalar(ordered).bind(last).fetch_all(&mut database).await.unwrap();
    let mut who: Vec<&str> =
        std::iter::once(before.as_str()).chain(items.iter().filter_map(|item| orderer(item))).collect();
    who.dedup();
    let pods = place.pods_of("scheduler").await;
    assert!(who.iter().all(|one| pods.iter().any(|pod| pod == one)), "{who:?} of {pods:?}");
    assert!(who.len() <= 2, "who led no more did so once more: {items:#?}");
}

async fn newest(database: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT max(id) FROM orders").fetch_one(database).await.unwrap()
}

/// So much time, in which the pages are answered.
async fn passes(place: &Place, time: Duration) {
    let begun = Instant::now();
    place.site.until("/", |_| begun.elapsed() > time).await;
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}
