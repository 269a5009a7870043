//! Many webhooks at once: every one that was answered has its row, people are asked once, and memory does not grow with them.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::Arc;

use store::{BuildState, Store};
use testkit::shop::Announcer;
use testkit::{DevCluster, Shop};
use tokio::task::JoinSet;

const FIRST: usize = 300;
const ALL: usize = 3000;
const SENDERS: usize = 32;
const TAGS: usize = 5;
const MIB: u64 = 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_webhook_has_its_row_and_people_are_asked_once() {
    let cluster = DevCluster::shared().await.unwrap();
    let mut shop = Shop::start(Path::new(env!("CARGO_BIN_EXE_pinnace")), cluster).await.unwrap();
    let ci = Arc::new(shop.announcer().unwrap());
    for minor in 0..TAGS {
        let tag = format!("2.{minor}");
        shop.registry.push_image("acme/shop", &tag, &tag).await.unwrap();
    }
    announce(&ci, 0..FIRST).await;
    let early = shop.most_memory_kib().unwrap();
    announce(&ci, FIRST..ALL).await;
    // What came before a build is settled when people are asked about it.
    shop.asked_about(&ci, "3.0").await.unwrap();
    let late = shop.most_memory_kib().unwrap();
    assert!(late <= early + 10 * MIB, "{late} KiB after {ALL}, {early} KiB after {FIRST}");
    let store = shop.stop().await.unwrap();
    let (rows, waiting) = builds(&store).await;
    assert_eq!(rows, ALL + 1, "every 2xx has its row");
    assert_eq!(waiting, 0, "every build is settled");
    let pins = store.open_pins().await.unwrap();
    assert_eq!(pins.len(), 1, "one open ask: {pins:?}");
    let asks = store.pins(None, None, 1000).await.unwrap().len();
    assert_eq!(asks, TAGS + 1, "one pin for each build that is really another");
}

/// The newest tag comes last.
fn tag(at: usize) -> String {
    format!("2.{}", at * TAGS / ALL)
}

/// Announces each, some at a time; every one must be answered with success.
async fn announce(ci: &Arc<Announcer>, which: std::ops::Range<usize>) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (ci, which) = (Arc::clone(ci), which.clone());
        senders.spawn(async move {
            for at in which.skip(sender).step_by(SENDERS) {
                ci.announce(&tag(at), &format!("{at:040x}")).await.unwrap();
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
}

/// How many rows there are, and how many of them still wait for the registry.
async fn builds(store: &Store) -> (usize, usize) {
    let (mut rows, mut waiting, mut before) = (0, 0, None);
    loop {
        let page = store.builds(None, before, 1000).await.unwrap();
        let Some(last) = page.last() else { return (rows, waiting) };
        before = Some(last.id);
        rows += page.len();
        waiting += page.iter().filter(|row| matches!(row.state, BuildState::Received { .. })).count();
    }
}
