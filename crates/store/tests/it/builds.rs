use std::collections::BTreeSet;

use model::PinKind;
use store::{BuildId, BuildState, NewPin, OpenedPin, Opening};

use crate::parts::{announced, at, build, digest, instance, open, pin_id, reopen};

#[tokio::test]
async fn a_build_is_read_back_as_it_was_announced() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let new = announced("shop", "d1", 5);
    let receipt = store.receive(new.clone()).await.unwrap();
    let store = reopen(store, dir.path()).await;
    let rows = store.builds(None, None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id, &rows[0].announcement), (receipt.build, &new.announcement));
    assert_eq!(rows[0].state, BuildState::Received { attempts: 0, why: None, retry_at: at(5) });
    assert!(!receipt.duplicate);
}

#[tokio::test]
async fn the_same_delivery_is_the_same_build_until_it_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.receive(announced("shop", "d1", 5)).await.unwrap();
    let again = store.receive(announced("shop", "d1", 9)).await.unwrap();
    assert_eq!((again.build, again.duplicate), (first.build, true));
    let elsewhere = store.receive(announced("todo", "d1", 9)).await.unwrap();
    assert!(!elsewhere.duplicate, "another project's delivery may have the same id");
    assert_eq!(store.forget_deliveries(at(6)).await.unwrap(), 1);
    let late = store.receive(announced("shop", "d1", 700)).await.unwrap();
    assert!(!late.duplicate && late.build > elsewhere.build);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_deliveries_at_once_are_each_on_disk_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    // Each is delivered twice, as senders do that get no answer in time.
    let deliver = |n: usize| {
        let store = store.clone();
        tokio::spawn(async move { store.receive(announced("shop", &format!("d{}", n % 1000), 5)).await.unwrap() })
    };
    let tasks: Vec<_> = (0..2000).map(deliver).collect();
    let mut fresh = BTreeSet::new();
    for task in tasks {
        let receipt = task.await.unwrap();
        if !receipt.duplicate {
            assert!(fresh.insert(receipt.build));
        }
    }
    assert_eq!(fresh.len(), 1000);
    let commits = *store.changes().borrow();
    assert!(commits < 500, "{commits} commits: writes that wait share one");
    let store = reopen(store, dir.path()).await;
    let kept: BTreeSet<_> = store.builds(None, None, 5000).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(kept, fresh);
}

#[tokio::test]
async fn a_build_waits_for_the_registry_until_it_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.next_build_retry().await.unwrap(), None);
    let mut ids = Vec::new();
    for delivery in ["a", "b", "c", "d"] {
        ids.push(store.receive(announced("shop", delivery, 5)).await.unwrap().build);
    }
    let waiting = async |now| -> Vec<BuildId> {
        store.builds_to_resolve(at(now), 10).await.unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(waiting(4).await, []);
    assert_eq!(waiting(5).await, ids);
    store.build_retry(ids[0], "timed out", at(50), 1).await.unwrap();
    store.build_resolved(ids[1], &digest('1'), at(6)).await.unwrap();
    store.build_unknown(ids[2], "no such tag", at(6)).await.unwrap();
    store.build_superseded(ids[3], BuildId(99), at(6)).await.unwrap();
    assert_eq!(waiting(49).await, []);
    assert_eq!(waiting(50).await, [ids[0]]);
    assert_eq!(store.next_build_retry().await.unwrap(), Some(at(50)));
    // What is settled stays settled.
    store.build_unknown(ids[1], "late", at(7)).await.unwrap();
    let states: Vec<_> = store.builds(None, None, 10).await.unwrap().into_iter().rev().map(|row| row.state).collect();
    assert_eq!(
        states,
        [
            BuildState::Received { attempts: 1, why: Some("timed out".into()), retry_at: at(50) },
            BuildState::Resolved { digest: digest('1') },
            BuildState::Unknown { why: "no such tag".into() },
            BuildState::Superseded { by: BuildId(99) },
        ]
    );
}

#[tokio::test]
async fn builds_are_listed_newest_first_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 0..6 {
        let project = if n % 2 == 0 { "shop" } else { "todo" };
        store.receive(announced(project, &format!("d{n}"), n)).await.unwrap();
    }
    let shop = "shop".parse().unwrap();
    let page = store.builds(Some(&shop), None, 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id.0).collect::<Vec<_>>(), [5, 3]);
    let page = store.builds(Some(&shop), Some(page[1].id), 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id.0).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn resolving_a_build_twice_opens_its_pins_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let id = store.receive(announced("shop", "d1", 5)).await.unwrap().build;
    let opening = |first: u8| -> Opening {
        let pin = |(n, place): (u8, &str)| NewPin {
            id: pin_id(n),
            instance: instance(place),
            kind: PinKind::Pin,
            build: build('1'),
            by: None,
        };
        let pins = [(first, "shop/staging"), (first + 1, "shop/prod")].into_iter().map(pin).collect();
        Opening { pins, fleets: Vec::new() }
    };
    let opened = store.build_resolved_into(id, &digest('1'), opening(1), at(6)).await.unwrap();
    assert!(matches!(opened[..], [OpenedPin::New(_), OpenedPin::New(_)]), "{opened:?}");
    assert_eq!(store.build_resolved_into(id, &digest('1'), opening(3), at(7)).await.unwrap(), []);
    assert_eq!(store.open_pins().await.unwrap().len(), 2);
}
