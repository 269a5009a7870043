//! What needs the inside: writes that fail in the middle of a transaction.

use std::path::Path;

use super::*;

/// Lets the database file grow no further than this many pages from here on; none stands for no limit.
async fn limit(store: &Store, pages_more: Option<u32>) {
    let pragma = |sql: String| {
        store.write("set a limit", move |conn| {
            Box::pin(async move {
                let value: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                    .fetch_one(conn)
                    .await
                    .map_err(failed_to("set a limit"))?;
                Ok(value)
            })
        })
    };
    let pages = match pages_more {
        None => 1_000_000_000,
        Some(more) => pragma("PRAGMA page_count".into()).await.unwrap() + i64::from(more),
    };
    pragma(format!("PRAGMA max_page_count = {pages}")).await.unwrap();
}

async fn open(dir: &Path) -> Store {
    Store::open(dir).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.set_value("before", b"kept").await.unwrap();
    limit(&store, Some(0)).await;
    let big = vec![7; 100_000];
    for _ in 0..2 {
        let error = store.set_value("big", &big).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("disk of the data directory is full"), "{error}");
    }
    assert_eq!(store.value("before").await.unwrap().unwrap(), b"kept");
    assert_eq!(store.value("big").await.unwrap(), None);
    limit(&store, None).await;
    store.set_value("big", &big).await.unwrap();
    store.healthy().await.unwrap();
    store.close().await;
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(store.value("big").await.unwrap().unwrap(), big);
}

#[tokio::test]
async fn a_write_that_fails_takes_no_later_one_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.set_value("later", b"?").await.unwrap();
    limit(&store, Some(0)).await;
    let big = vec![7; 100_000];
    // They wait together, so they begin in one transaction.
    let (first, failed, later) =
        tokio::join!(store.set_value("first", b"1"), store.set_value("big", &big), store.set_value("later", b"3"));
    assert!(matches!(failed, Err(StoreError::Full { .. })), "{failed:?}");
    later.unwrap();
    assert_eq!(store.value("later").await.unwrap().unwrap(), b"3");
    assert_eq!(store.value("first").await.unwrap().is_some(), first.is_ok(), "what is said is what is kept");
    assert_eq!(store.value("big").await.unwrap(), None);
}

#[tokio::test]
async fn a_lock_held_by_another_program_is_said_and_waited_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store
        .write("wait for nobody", |conn| {
            Box::pin(async move {
                sqlx::query("PRAGMA busy_timeout = 0").execute(conn).await.map_err(failed_to("wait for nobody"))
            })
        })
        .await
        .unwrap();
    let mut other = connect::writing(&dir.path().join("pinnace.db")).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = store.set_value("name", b"value").await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(matches!(store.healthy().await, Err(StoreError::Locked { .. })));
    assert_eq!(store.value("name").await.unwrap(), None, "reading goes on");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.set_value("name", b"value").await.unwrap();
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let writing = store.set_value("name", b"value");
    let (written, ()) = tokio::join!(writing, store.close());
    written.unwrap();
    assert!(matches!(store.set_value("name", b"late").await, Err(StoreError::Closed { .. })));
    assert!(matches!(store.value("name").await, Err(StoreError::Closed { .. })));
    store.close().await;
    drop(store);
    assert_eq!(open(dir.path()).await.value("name").await.unwrap().unwrap(), b"value");
}
