//! A migration that waits for a lock which somebody holds.

use serde_json::{Value, json};

use super::place::{Place, condition, message};

/// It fails when it has waited as long as it may, the version before serves on, and it is run again when the lock is let go.
pub(crate) async fn a_migration_that_waits_for_a_lock_fails_and_is_run_again(place: &Place, spec: Value) {
    let mut holder = place.login().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE").execute(&mut holder).await.unwrap();
    let load = place.site.load();
    place.write_app(spec.clone()).await;
    let status = place.phase("Error").await;
    assert_eq!(condition(&status, "Ready")["reason"], "MigrationFailed", "{status:#}");
    for words in ["the migration failed", "1 keeps serving", "pinnace app retry shop -n shop"] {
        assert!(message(&status).contains(words), "{words}: {status:#}");
    }
    let lines = place.lines(&status).await;
    assert!(lines.contains("0002_price.sql failed: ERROR: canceling statement due to lock timeout"), "{lines}");
    assert_eq!(status["version"], "1");
    place.site.until("/", |text| text.contains(r#""version":"1""#)).await;

    one_that_takes_longer_than_it_may_leaves_its_lines(place, spec).await;
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    // What `pinnace app retry` does.
    place.annotate(operator::app::RETRY_ANNOTATION, "2").await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    place.site.until("/", |text| text.contains(r#""version":"2""#)).await;
    let (all, failures) = load.end().await;
    assert_eq!(failures, Vec::<String>::new(), "of {all} requests");
    let columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'price'";
    let columns: i64 = sqlx::query_scalar(columns).fetch_one(&mut holder).await.unwrap();
    assert_eq!(columns, 1);
}

/// Where a statement waits for ever, the whole ends when its time is over, and what it said can still be read.
async fn one_that_takes_longer_than_it_may_leaves_its_lines(place: &Place, mut spec: Value) {
    spec["migrations"] = json!({"command": ["/orders", "migrate"], "lockTimeoutSeconds": 0, "timeoutSeconds": 3});
    place.write_app(spec).await;
    place.annotate(operator::app::RETRY_ANNOTATION, "1").await;
    let is_over = |app: &Value| message(&app["status"]).contains("took longer than its settings allow");
    let status = place.until_app("over", is_over).await["status"].clone();
    assert_eq!(condition(&status, "Ready")["reason"], "MigrationFailed", "{status:#}");
    let lines = place.lines(&status).await;
    assert!(lines.contains("applying 0002_price.sql"), "{lines}");
}

/// How a migration is to be that soon has enough of waiting.
pub(crate) fn migrations() -> Value {
    json!({"command": ["/orders", "migrate"], "lockTimeoutSeconds": 2})
}
