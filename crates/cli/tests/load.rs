//! Many webhooks at once: every one that was answered has its row, people are asked once, and memory does not grow with them.
#![cfg(test)]

use testkit::Shop;
use testkit::shop::{Builds, Plan};

const FIRST: usize = 300;
const ALL: usize = 3000;
const TAGS: usize = 5;
const MIB: u64 = 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_webhook_has_its_row_and_people_are_asked_once() {
    let mut shop = Shop::start(Plan::of(env!("CARGO_BIN_EXE_pinnace"))).await.unwrap();
    for minor in 0..TAGS {
        let tag = format!("2.{minor}");
        shop.registry.push_image("acme/shop", &tag, &tag).await.unwrap();
    }
    shop.ci.announce_many(0..FIRST, tag).await.unwrap();
    let early = shop.server.most_memory_kib().unwrap();
    shop.ci.announce_many(FIRST..ALL, tag).await.unwrap();
    // What came before a build is settled when people are asked about it.
    shop.asked_about("3.0").await.unwrap();
    let late = shop.server.most_memory_kib().unwrap();
    assert!(late <= early + 10 * MIB, "{late} KiB after {ALL}, {early} KiB after {FIRST}");
    let store = shop.stop().await.unwrap();
    let Builds { rows, waiting } = Builds::count(&store).await.unwrap();
    assert_eq!(rows, ALL + 1, "every 2xx has its row");
    assert_eq!(waiting, 0, "every build is settled");
    let pins = store.open_pins().await.unwrap();
    assert_eq!(pins.len(), 1, "one open ask: {pins:?}");
    let asks = store.pins(None, None, 1000).await.unwrap().len();
    assert_eq!(asks, TAGS + 1, "one pin for each build that is really another");
    shop.close().await.unwrap();
}

/// The newest tag comes last.
fn tag(at: usize) -> String {
    format!("2.{}", at * TAGS / ALL)
}
