//! What was pruned is kept once each, for a while, and not without bound.

use model::Timestamp;
use store::NewPruned;

use crate::parts::{commit, instance, open};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn new(number: usize) -> NewPruned {
    NewPruned {
        object: format!("ConfigMap/{number}"),
        uid: number.to_string(),
        commit: commit('a'),
        confirmed_by: Some("ann".parse().unwrap()),
        manifest: "kind: ConfigMap\n".to_owned(),
    }
}

#[tokio::test]
async fn the_newest_are_kept_once_each_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = instance("shop/prod");
    for number in [1, 1, 2] {
        store.keep_pruned(&id, new(number), Timestamp(DAY)).await.unwrap();
    }
    let kept = store.pruned(&id).await.unwrap();
    let names: Vec<&str> = kept.iter().map(|one| one.object.as_str()).collect();
    assert_eq!(names, ["ConfigMap/2", "ConfigMap/1"]);
    assert_eq!(kept[0].confirmed_by.as_ref().unwrap().as_str(), "ann");
    assert!(store.pruned(&instance("shop/stage")).await.unwrap().is_empty());
    for number in 3..=203 {
        store.keep_pruned(&id, new(number), Timestamp(2 * DAY)).await.unwrap();
    }
    assert_eq!(store.pruned(&id).await.unwrap().len(), 200);
    store.keep_pruned(&instance("shop/stage"), new(1), Timestamp(100 * DAY)).await.unwrap();
    assert!(store.pruned(&id).await.unwrap().is_empty(), "they are too old");
}

#[tokio::test]
async fn a_manifest_that_is_too_long_is_named_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let long = NewPruned { manifest: "x".repeat(100_000), ..new(1) };
    store.keep_pruned(&instance("shop/prod"), long, Timestamp(0)).await.unwrap();
    let kept = store.pruned(&instance("shop/prod")).await.unwrap();
    assert!(kept[0].manifest.len() < 200 && kept[0].manifest.contains("it is in git"), "{}", kept[0].manifest);
}

#[tokio::test]
async fn saved_plans_are_found_by_their_number_and_do_not_pile_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (id, ann) = (instance("shop/prod"), "ann".parse().unwrap());
    let first = store.save_plan(&id, &ann, "{}".to_owned(), Timestamp(DAY)).await.unwrap();
    let saved = store.saved_plan(first).await.unwrap().unwrap();
    assert_eq!((saved.instance, saved.by, saved.plan.as_str()), (id.clone(), ann.clone(), "{}"));
    for _ in 0..50 {
        store.save_plan(&id, &ann, "{}".to_owned(), Timestamp(DAY)).await.unwrap();
    }
    assert_eq!(store.saved_plan(first).await.unwrap(), None);
    store.save_plan(&instance("shop/stage"), &ann, "{}".to_owned(), Timestamp(40 * DAY)).await.unwrap();
    assert_eq!(store.saved_plan(first + 1).await.unwrap(), None, "it is too old");
}
