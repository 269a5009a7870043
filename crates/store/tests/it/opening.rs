use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use store::{Store, StoreError};

use crate::parts::{announced, approval, at, instance, open, opened, pin_id};

/// What a person does who opens the file by hand.
async fn by_hand(dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join("pinnace.db")).connect().await.unwrap()
}

async fn run(conn: &mut SqliteConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await.map(|_| ())
}

#[tokio::test]
async fn a_second_one_is_refused_and_told_who_is_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let error = Store::open(dir.path()).await.unwrap_err();
    let us = std::process::id();
    assert!(matches!(error, StoreError::InUse { pid: Some(pid), .. } if pid == us), "{error:?}");
    assert!(error.to_string().contains(&format!("(process {us})")), "{error}");
    drop(store);
    open(dir.path()).await;
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data/pinnace");
    let store = open(&dir).await;
    store.set_value("key", b"secret").await.unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let mut conn = by_hand(dir.path()).await;
    run(
        &mut conn,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (4711, 'from the future', 1, x'00', 0)",
    )
    .await
    .unwrap();
    conn.close().await.unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 4711, .. }), "{error:?}");
    assert!(error.to_string().contains("written by a newer pinnace"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("pinnace.db"), "no database\n".repeat(1000)).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_directory_that_can_not_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("data")).await.unwrap_err();
    assert!(matches!(error, StoreError::Directory { .. }), "{error:?}");
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[tokio::test]
async fn facts_can_not_be_changed_or_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    opened(&store, 1, "shop/prod", '1').await;
    let unlocked = model::InstanceFact::Unlocked { by: "ann".parse().unwrap() };
    store.append_instance(&instance("shop/prod"), unlocked, at(1)).await.unwrap();
    let mut conn = by_hand(dir.path()).await;
    for table in ["pin_facts", "instance_facts"] {
        for sql in [format!("UPDATE {table} SET at = 0"), format!("DELETE FROM {table}")] {
            let error = run(&mut conn, &sql).await.unwrap_err();
            assert!(error.to_string().contains("facts are only ever appended"), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn a_pin_that_can_not_be_read_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let poisoned = opened(&store, 1, "shop/prod", '1').await;
    let sound = opened(&store, 2, "shop/staging", '1').await;
    let mut conn = by_hand(dir.path()).await;
    run(&mut conn, "INSERT INTO pin_facts (pin, seq, at, fact) VALUES (1, 2, 0, '{\"fact\":\"teleported\"}')")
        .await
        .unwrap();
    let open = store.open_pins().await.unwrap();
    assert_eq!(open.iter().map(|record| record.pin.number).collect::<Vec<_>>(), [sound]);
    let (number, why) = store.unreadable_pins().remove(0);
    assert_eq!(number, poisoned);
    assert!(why.contains("fact 2 of pin #1"), "{why}");
    let error = store.pin(poisoned).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
    let error = store.append(&pin_id(1), 2, &approval(), &[], at(5)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
    store.append(&pin_id(2), 1, &approval(), &[], at(5)).await.unwrap();
}

/// `filled_v1.sql` holds rows as the first schema had them. They are never edited: later schemas must read them.
#[tokio::test]
async fn a_filled_database_of_the_first_schema_is_brought_up_and_read() {
    let dir = tempfile::tempdir().unwrap();
    // The rows stand table by table, so what they refer to may come later.
    let options = SqliteConnectOptions::new().create_if_missing(true).foreign_keys(false);
    let mut conn = options.filename(dir.path().join("pinnace.db")).connect().await.unwrap();
    run(&mut conn, include_str!("filled_v1.sql")).await.unwrap();
    conn.close().await.unwrap();
    let store = open(dir.path()).await;
    let record = store.pin(model::PinNumber(1)).await.unwrap().unwrap();
    assert_eq!((record.pin.stage.name(), record.facts.len()), ("done", 13));
    assert_eq!(store.open_pins().await.unwrap()[0].pin.stage.name(), "candidate");
    assert_eq!(store.claim(&instance("shop/prod")).await.unwrap(), Some(model::PinNumber(2)));
    assert!(store.instance(&instance("shop/prod")).await.unwrap().verified.is_some());
    assert_eq!(store.builds(None, None, 10).await.unwrap().len(), 4);
    assert!(store.receive(announced("shop", "d1", 9)).await.unwrap().duplicate);
    assert_eq!(store.receive(announced("shop", "new", 9)).await.unwrap().build.0, 5);
    assert_eq!(store.message(model::PinNumber(1), "slack").await.unwrap().unwrap().key, "17.1");
    assert_eq!(store.session([1; 32], at(1)).await.unwrap(), Some("ann".parse().unwrap()));
    assert_eq!(store.use_link([2; 32], at(1)).await.unwrap(), Some("ann".parse().unwrap()));
    assert_eq!(store.value("key").await.unwrap().unwrap(), b"k");
}
