//! Snapshots that are not made, take for ever, or can't be made any more.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use operator::Clock;
use serde_json::{Value, json};

use super::super::field::{image, message};
use super::Place;

fn app(tag: &str) -> Value {
    json!({
        "image": image(tag), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}}, "migrations": {"command": ["migrate"]},
        "needs": {"database": {"make": {"server": {"rds": {"multiAZ": false}}}}},
    })
}

impl Place {
    /// An App that runs, and that is to be another version.
    async fn with_next(&mut self, snapshots: &str) {
        self.field.begin().await;
        self.field.write_app("shop", app("1.0")).await;
        self.field.phase("shop", "Ready").await;
        self.amazon.snapshots_are_at(snapshots);
        self.field.write_app("shop", app("2.0")).await;
    }

    async fn minutes_later(&mut self, minutes: i64) {
        let later = Timestamp::now() + SignedDuration::from_mins(minutes);
        self.field.settings.clock = Clock::Set(Arc::new(Mutex::new(later)));
        self.field.kill().await;
        self.field.begin().await;
    }

    async fn nothing_was_migrated(&self) {
        assert_eq!(self.field.list("batch/v1", "Job").await.len(), 1, "the migration of 1.0");
        let live = self.field.get(&self.key("shop")).await.unwrap();
        assert_eq!((&live["status"]["backups"], &live["status"]["backedUp"]), (&Value::Null, &Value::Null));
    }

    async fn delete_instance_by_hand(&self) {
        let off = format!(
            "Action=ModifyDBInstance&DBInstanceIdentifier={}&DeletionProtection=false&ApplyImmediately=true",
            self.id
        );
        self.amazon.by_hand(&off).await;
        self.amazon
            .by_hand(&format!("Action=DeleteDBInstance&DBInstanceIdentifier={}&SkipFinalSnapshot=true", self.id))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_amazon_says_failed_stops_before_the_migration_and_another_is_made_when_asked() {
    let mut place = Place::new("shop").await;
    place.with_next("failed").await;
    let status = place.field.phase("shop", "Error").await;
    let told = message(&status, "Stalled");
    assert!(
        told.starts_with("no backup of the database shop could be made, so nothing is migrated: the snapshot "),
        "{told}"
    );
    assert!(told.contains(" failed: look at the events of it in RDS. Try again: pinnace app retry shop -n "), "{told}");
    place.nothing_was_migrated().await;
    // It is no success after a restart either.
    place.minutes_later(0).await;
    place.field.write_app("beside", json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {}}})).await;
    place.field.phase("beside", "Ready").await;
    let status = place.field.phase("shop", "Error").await;
    assert_eq!(status["conditions"][0]["reason"], "BackupFailed");
    place.nothing_was_migrated().await;

    place.amazon.is_well();
    place.field.client.annotate(&place.field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_takes_for_ever_is_told_with_what_to_do_and_counts_when_it_is_made() {
    let mut place = Place::new("shop").await;
    place.with_next("creating").await;
    let says = |live: &Value| message(&live["status"], "Ready").contains("is made: the snapshot ");
    let live = place.field.until(&place.field.app("shop"), "waiting", says).await;
    assert_eq!((&live["status"]["phase"], message(&live["status"], "Stalled")), (&json!("BackingUp"), ""));
    place.nothing_was_migrated().await;
    place.minutes_later(7 * 60).await;
    let is_late = |live: &Value| message(&live["status"], "Stalled").contains("spec.migrations.backup: false");
    let live = place.field.until(&place.field.app("shop"), "told to be late", is_late).await;
    let told = message(&live["status"], "Stalled");
    assert!(
        told.starts_with("for 6 hours it waits in vain: a backup of the database shop is made: the snapshot "),
        "{told}"
    );
    assert_eq!(live["status"]["phase"], "BackingUp", "it may still be made");
    place.nothing_was_migrated().await;
    place.amazon.is_well();
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_instance_is_gone_goes_too_and_a_last_snapshot_that_there_is_not_is_told_for_an_hour() {
    let mut place = Place::new("shop").await;
    place.field.begin().await;
    for deletion in ["drop", "snapshot"] {
        place.write("shop", json!({}), json!({"deletion": deletion})).await;
        place.ready("shop").await;
        place.delete_instance_by_hand().await;
        place.delete("shop").await;
        if deletion == "snapshot" {
            let told = place.says("shop", "is gone, without a last snapshot").await;
            let way_out = format!("-n {} pinnace.dev/let-go=true", place.field.server.namespace);
            assert!(message(&told["status"], "Ready").contains(&way_out), "{told:#}");
            place.minutes_later(61).await;
        }
        place.field.until_gone(&place.key("shop")).await;
        place.write_password(testkit::DevPostgres::PASSWORD).await;
    }
    let asked = place.changes();
    assert!(!asked.contains(&"DeleteDBInstance".to_owned()), "there was none to be deleted: {asked:?}");
}
