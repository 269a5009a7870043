use model::PersonName;

use crate::parts::{at, open, reopen};

#[tokio::test]
async fn a_link_signs_in_once_and_only_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let ann: PersonName = "ann".parse().unwrap();
    store.create_link([1; 32], &ann, at(100)).await.unwrap();
    store.create_link([2; 32], &ann, at(100)).await.unwrap();
    assert_eq!(store.use_link([9; 32], at(50)).await.unwrap(), None);
    let store = reopen(store, dir.path()).await;
    assert_eq!(store.use_link([1; 32], at(50)).await.unwrap(), Some(ann));
    assert_eq!(store.use_link([1; 32], at(51)).await.unwrap(), None, "used");
    assert_eq!(store.use_link([2; 32], at(100)).await.unwrap(), None, "too late");
}

#[tokio::test]
async fn a_session_lasts_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (ann, bo): (PersonName, PersonName) = ("ann".parse().unwrap(), "bo".parse().unwrap());
    for token in [1, 2, 3] {
        store.create_session([token; 32], &ann, at(100)).await.unwrap();
    }
    store.create_session([4; 32], &bo, at(100)).await.unwrap();
    store.create_link([5; 32], &ann, at(100)).await.unwrap();
    assert_eq!(store.session([1; 32], at(99)).await.unwrap(), Some(ann.clone()));
    assert_eq!(store.session([1; 32], at(100)).await.unwrap(), None);
    store.end_session([1; 32]).await.unwrap();
    assert_eq!(store.session([1; 32], at(1)).await.unwrap(), None);
    assert_eq!(store.session([2; 32], at(1)).await.unwrap(), Some(ann.clone()));
    store.end_sessions_of(&ann).await.unwrap();
    assert_eq!(store.session([2; 32], at(1)).await.unwrap(), None);
    assert_eq!(store.use_link([5; 32], at(1)).await.unwrap(), None);
    assert_eq!(store.session([4; 32], at(1)).await.unwrap(), Some(bo));
}

#[tokio::test]
async fn a_generated_key_is_kept_and_the_same_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (one, two) = tokio::join!(store.value_or_keep("key", b"one"), store.value_or_keep("key", b"two"));
    let key = one.unwrap();
    assert_eq!(key, two.unwrap());
    let store = reopen(store, dir.path()).await;
    assert_eq!(store.value_or_keep("key", b"three").await.unwrap(), key);
    assert_eq!(store.value("other").await.unwrap(), None);
}
