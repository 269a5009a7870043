//! Two schedulers that choose a leader in Redis: one acts, whatever is lost.

use serde_json::Value;

use super::place::{Place, counted};

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

/// Their Redis is killed, and forgets who led: one of them acts again, and never both at once.
pub(crate) async fn of_two_one_acts_when_their_redis_was_lost(place: &Place) {
    place.phase("Ready").await;
    let before = acts(place).await;
    let mut database = place.login().await;
    let last: i64 = sqlx::query_scalar("SELECT max(id) FROM orders").fetch_one(&mut database).await.unwrap();
    let lost = place.delete("Pod", "shop-redis-0").await;
    let is_another = |pod: &Value| pod["metadata"]["uid"] != *lost && is_ready(pod);
    place.until(&place.named("v1", "Pod", "shop-redis-0"), "another Redis", is_another).await;

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

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}
