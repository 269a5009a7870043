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
