//! Databases at Amazon, as far as moto plays it. Behind the address of an instance is a real PostgreSQL.

mod amazon;
mod snapshots;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{KindKey, ObjectKey};
use operator::rds::InstanceId;
use serde_json::{Value, json};
use testkit::DevPostgres;

use super::field::{Field, image, message};
use amazon::{Amazon, Asked, of};

struct Place {
    field: Field,
    amazon: Amazon,
    id: String,
    _postgres: DevPostgres,
}

impl Place {
    /// The instance of this name answers once it is made, and the password of its first role is known.
    async fn new(made_for: &str) -> Self {
        let place = Self::without_password(made_for).await;
        place.write_password(DevPostgres::PASSWORD).await;
        place
    }

    async fn without_password(made_for: &str) -> Self {
        let mut field = Field::new().await;
        let (amazon, postgres) = (Amazon::start().await, DevPostgres::start().await.unwrap());
        let id = InstanceId::of(&field.server.namespace, made_for).to_string();
        let address = format!("{id}.aaaaaaaaaa.eu-west-1.rds.amazonaws.com:5432");
        field.settings.reached_at.insert(address, ("127.0.0.1".to_owned(), postgres.port()));
        field.settings.aws.endpoint = Some(amazon.url());
        field.settings.aws.asked_every = Duration::from_millis(200);
        let place = Self { field, amazon, id, _postgres: postgres };
        let login = json!({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a key of Amazon\n", "AWS_REGION": "eu-west-1"});
        place.write_own("aws", login).await;
        place
    }

    async fn write_own(&self, name: &str, data: Value) {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": data,
            "metadata": {"name": name, "namespace": self.field.server.own_namespace()}});
        self.field.client.create(&secret).await.unwrap();
    }

    async fn write_password(&self, password: &str) {
        self.write_own(&format!("rds.{}", self.id), json!({"password": password})).await;
    }

    fn key(&self, name: &str) -> ObjectKey {
        self.field.key("pinnace.dev/v1alpha1", "PostgresDatabase", name)
    }

    async fn write(&self, name: &str, rds: Value, more: Value) -> Value {
        let mut spec = json!({"server": {"rds": rds}});
        spec.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": name, "namespace": self.field.server.namespace}, "spec": spec});
        self.field.server.write(&database).await.unwrap()
    }

    async fn ready(&self, name: &str) -> Value {
        let is_ready = |live: &Value| {
            let seen = live["status"]["observedGeneration"] == live["metadata"]["generation"];
            seen && message(&live["status"], "Ready") == "it takes connections"
        };
        self.field.until(&self.key(name), "ready", is_ready).await
    }

    async fn says(&self, name: &str, words: &str) -> Value {
        let says = |live: &Value| message(&live["status"], "Ready").contains(words);
        self.field.until(&self.key(name), words, says).await
    }

    async fn delete(&self, name: &str) {
        self.field.delete(&self.key(name)).await;
    }

    fn changes(&self) -> Vec<String> {
        self.amazon.changes().iter().map(|asked| of(asked, "Action").to_owned()).collect()
    }

    /// The Secrets in our own namespace.
    async fn own(&self, kind: &KindKey) -> Vec<String> {
        let all = self.field.client.list(kind, &self.field.server.own_namespace()).await.unwrap();
        all.iter().map(|one| one["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn reason(live: &Value) -> &str {
    live["status"]["conditions"][0]["reason"].as_str().unwrap()
}

fn last(all: &[Asked]) -> &Asked {
    all.last().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_made_waited_for_left_alone_and_changed() {
    let mut place = Place::new("shop").await;
    place.amazon.is_at("creating");
    place.field.begin().await;
    place.write("shop", json!({"securityGroups": ["sg-1"]}), Value::Null).await;
    place.says("shop", &format!("its instance {} in RDS is at `creating`", place.id)).await;
    place.amazon.is_well();
    assert_eq!(place.ready("shop").await["status"]["server"], "rds");
    let made = place.amazon.changes();
    assert_eq!(place.changes(), ["CreateDBInstance"]);
    assert_eq!((of(&made[0], "DeletionProtection"), of(&made[0], "MultiAZ")), ("true", "true"));
    assert_eq!(of(&made[0], "VpcSecurityGroupIds.VpcSecurityGroupId.1"), "sg-1");
    assert_eq!(of(&made[0], "MasterUserPassword"), DevPostgres::PASSWORD);
    let secrets = place.field.list("v1", "Secret").await;
    let of_app = secrets.iter().find(|secret| secret["metadata"]["name"] == "shop-postgres").unwrap();
    assert!(of_app["data"]["host"].is_string());
    let admin = STANDARD.encode(DevPostgres::PASSWORD);
    assert!(!secrets.iter().any(|secret| secret.to_string().contains(&admin)), "it is no App's");

    let before = place.field.get(&place.key("shop")).await.unwrap();
    place.field.kill().await;
    place.field.begin().await;
    place.amazon.next("DescribeDBInstances").await;
    let shop = json!({"securityGroups": ["sg-1"], "class": "db.m7g.large", "storageGiB": 50});
    let written = place.write("shop", shop, Value::Null).await;
    assert_eq!(written["status"], before["status"], "a pass over what is as it should be writes nothing");
    place.amazon.next("ModifyDBInstance").await;
    place.ready("shop").await;
    assert_eq!(place.changes(), ["CreateDBInstance", "ModifyDBInstance"]);
    let changed = place.amazon.changes();
    assert_eq!((of(last(&changed), "DBInstanceClass"), of(last(&changed), "AllocatedStorage")), ("db.m7g.large", "50"));
    place.write("shop", json!({"securityGroups": ["sg-1"]}), Value::Null).await;
    let told = place.says("shop", "storage of RDS only grows").await;
    assert_eq!(message(&told["status"], "Stalled"), message(&told["status"], "Ready"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_amazon_says_against_it_is_told_and_tried_again() {
    let mut place = Place::new("shop").await;
    place.amazon.complains(None, "Throttling");
    place.field.begin().await;
    place.write("shop", json!({}), Value::Null).await;
    let told = place.says("shop", "RDS is asked too much by this account").await;
    assert_eq!((reason(&told), message(&told["status"], "Stalled")), ("Throttled", ""));
    place.amazon.complains(Some("CreateDBInstance"), "AccessDenied");
    let told = place.says("shop", "RDS does not let us create the instance").await;
    assert_eq!((reason(&told), told["status"]["conditions"][1]["status"].as_str().unwrap()), ("Login", "True"));
    place.amazon.complains(Some("CreateDBInstance"), "InternalFailure");
    place.says("shop", "RDS can't be reached to create the instance").await;
    place.amazon.is_well();
    place.ready("shop").await;
    // It serves: a new spec that RDS has nothing to do with asks it nothing.
    place.amazon.complains(None, "Throttling");
    place.write("shop", json!({}), json!({"rotation": {"everyDays": 30}})).await;
    place.ready("shop").await;
    place.amazon.is_well();
    place.amazon.is_at("stopped");
    place.field.kill().await;
    place.field.begin().await;
    let told = place.says("shop", "is at `stopped`: somebody stopped it: start it in RDS").await;
    assert_eq!(told["status"]["conditions"][1]["status"], "True");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_amazon_does_not_answer_delays_no_other_database_and_no_app() {
    let mut place = Place::new("shop").await;
    let silent = InstanceId::of(&place.field.server.namespace, "silent").to_string();
    place.amazon.is_silent_about(&silent);
    place.field.begin().await;
    place.write("silent", json!({}), Value::Null).await;
    place.amazon.asked_about(&silent).await;
    place.write("shop", json!({}), Value::Null).await;
    place.ready("shop").await;
    let spec = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["serve"]}},
        "needs": {"database": {"name": "shop"}}});
    place.field.write_app("shop", spec).await;
    place.field.phase("shop", "Ready").await;
    let still = place.field.get(&place.key("silent")).await.unwrap();
    assert_ne!(message(&still["status"], "Ready"), "it takes connections", "nothing was answered about it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_of_amazon_is_asked_for_and_a_password_that_was_changed_there_is_set_again() {
    let mut place = Place::without_password("shop").await;
    let aws = ObjectKey {
        kind: KindKey::new("v1", "Secret"),
        namespace: Some(place.field.server.own_namespace()),
        name: "aws".to_owned(),
    };
    let live = place.field.get(&aws).await.unwrap();
    place.field.client.delete(&aws, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.field.begin().await;
    place.write("shop", json!({}), Value::Null).await;
    place.says("shop", "the region is not known: say it in spec.server.rds.region").await;
    place.write_own("aws", json!({"AWS_REGION": "eu-west-1"})).await;
    place.says("shop", "there is no login for Amazon: give the operator's ServiceAccount a role (docs/apps.md), or make the Secret aws").await;
    let live = place.field.get(&aws).await.unwrap();
    place.field.client.delete(&aws, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    let login = json!({"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"});
    place.write_own("aws", login).await;
    place.says("shop", "is another than the one that is known: it is set again").await;
    let changes = place.amazon.changes();
    let (made, set) = (&changes[0], last(&changes));
    assert_eq!(place.changes(), ["CreateDBInstance", "ModifyDBInstance"]);
    let password = of(made, "MasterUserPassword");
    assert!(password.len() == 43 && of(set, "MasterUserPassword") == password, "it is made at random, and kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_made_before_a_migration() {
    let mut place = Place::new("shop").await;
    place.field.begin().await;
    let spec = |tag: &str| {
        json!({
            "image": image(tag), "processes": {"web": {"command": ["gunicorn"], "replicas": 1}}, "migrations": {"command": ["migrate"]},
            "needs": {"database": {"make": {"server": {"rds": {"multiAZ": false}}}}},
        })
    };
    place.field.write_app("shop", spec("1.0")).await;
    place.field.phase("shop", "Ready").await;
    assert_eq!(place.changes(), ["CreateDBInstance"], "there was nothing to lose");
    place.amazon.complains(Some("CreateDBSnapshot"), "SnapshotQuotaExceeded");
    place.field.write_app("shop", spec("2.0")).await;
    let status = place.field.phase("shop", "Error").await;
    let told = message(&status, "Stalled");
    assert!(
        told.starts_with("no backup of the database shop could be made") && told.contains("a limit of the account"),
        "{told}"
    );
    assert_eq!(place.field.list("batch/v1", "Job").await.len(), 1, "the migration of 1.0");
    let database = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(message(&database["status"], "Ready"), "it takes connections");
    place.amazon.is_well();
    place.field.client.annotate(&place.field.app("shop"), operator::app::RETRY_ANNOTATION, Some("1")).await.unwrap();
    assert_eq!(place.field.phase("shop", "Ready").await["version"], "2.0");
    let database = place.field.get(&place.key("shop")).await.unwrap();
    let changes = place.amazon.changes();
    let snapshot = of(last(&changes), "DBSnapshotIdentifier");
    assert_eq!(of(last(&changes), "Action"), "CreateDBSnapshot");
    // The one that failed may have been made as well, in the same second.
    let backups = database["status"]["backups"].as_array().unwrap();
    let is_of_it = |backup: &Value| snapshot.starts_with(&format!("{}-{}", place.id, backup["name"].as_str().unwrap()));
    assert!(backups.iter().any(is_of_it), "{snapshot} {backups:?}");
    assert_eq!(place.own(&KindKey::new("batch/v1", "Job")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_stays_or_goes_as_the_word_says_and_comes_back_from_its_last_snapshot() {
    let mut place = Place::new("shop").await;
    place.field.begin().await;
    place.write("shop", json!({}), Value::Null).await;
    place.ready("shop").await;
    place.delete("shop").await;
    place.field.until_gone(&place.key("shop")).await;
    place.write("shop", json!({}), json!({"deletion": "snapshot"})).await;
    place.ready("shop").await;
    assert_eq!(place.changes(), ["CreateDBInstance"], "it stayed, and is found again");

    place.amazon.complains(Some("DeleteDBInstance"), "InvalidDBInstanceState");
    place.delete("shop").await;
    place.says("shop", "is at something else. It is tried again; to let it go and keep the data").await;
    place.amazon.is_well();
    place.field.until_gone(&place.key("shop")).await;
    let changes = place.amazon.changes();
    let protection = changes.iter().find(|asked| of(asked, "Action") == "ModifyDBInstance").unwrap();
    assert_eq!(of(protection, "DeletionProtection"), "false");
    let snapshot = of(last(&changes), "FinalDBSnapshotIdentifier").to_owned();
    assert!(snapshot.starts_with(&format!("{}-last-", place.id)), "{snapshot}");
    assert_eq!(of(last(&changes), "SkipFinalSnapshot"), "");
    let admin = format!("rds.{}", place.id);
    assert!(place.own(&KindKey::new("v1", "Secret")).await.contains(&admin), "what comes of the snapshot has the same");

    place.write("shop", json!({}), Value::Null).await;
    let restored = place.ready("shop").await["status"]["restored"].clone();
    assert!(restored.as_str().is_some_and(|name| name.starts_with("last-")), "{restored}");
    let changes = place.amazon.changes();
    let from = changes.iter().find(|asked| of(asked, "Action") == "RestoreDBInstanceFromDBSnapshot").unwrap();
    assert_eq!(of(from, "DBSnapshotIdentifier"), snapshot);
    place.delete("shop").await;
    place.field.until_gone(&place.key("shop")).await;
    place.write("shop", json!({}), json!({"deletion": "drop"})).await;
    let status = place.ready("shop").await["status"].clone();
    assert_eq!((&status["restored"], &status["filled"]), (&Value::Null, &json!(true)), "its data stayed: {status:#}");
    place.delete("shop").await;
    place.field.until_gone(&place.key("shop")).await;
    let changes = place.amazon.changes();
    assert_eq!((of(last(&changes), "Action"), of(last(&changes), "SkipFinalSnapshot")), ("DeleteDBInstance", "true"));
    assert!(!place.own(&KindKey::new("v1", "Secret")).await.contains(&admin));

    place.amazon.by_hand(&format!("Action=DeleteDBSnapshot&DBSnapshotIdentifier={snapshot}")).await;
    place.write("shop", json!({}), Value::Null).await;
    place.says("shop", "is not in RDS any more: begin empty with `restore: never`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_instance_can_not_be_deleted_stays_until_it_is_let_go() {
    let mut place = Place::new("shop").await;
    place.field.begin().await;
    place.write("shop", json!({}), json!({"deletion": "drop"})).await;
    place.ready("shop").await;
    place.amazon.complains(Some("DeleteDBInstance"), "AccessDenied");
    place.delete("shop").await;
    place.says("shop", "RDS does not let us delete the instance").await;
    let let_go = operator::postgres_database::LET_GO_ANNOTATION;
    place.field.client.annotate(&place.key("shop"), let_go, Some("true")).await.unwrap();
    place.field.until_gone(&place.key("shop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_gone_with_its_data_is_told_and_never_replaced_by_an_empty_one() {
    let mut place = Place::new("shop").await;
    place.field.begin().await;
    place.write("shop", json!({"deletionProtection": false}), Value::Null).await;
    place.ready("shop").await;
    let gone = format!("Action=DeleteDBInstance&SkipFinalSnapshot=true&DBInstanceIdentifier={}", place.id);
    place.amazon.by_hand(&gone).await;
    place.field.kill().await;
    place.field.begin().await;
    place.says("shop", "was there and is gone, with the data. Restore a snapshot").await;
    assert_eq!(place.changes(), ["CreateDBInstance"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_several_share_is_what_the_first_of_them_says_and_is_never_deleted() {
    let mut place = Place::new("all-shared:").await;
    place.field.begin().await;
    let shared = |class: &str| json!({"shared": {"name": "all"}, "class": class});
    place.write("first", shared("db.m7g.large"), json!({"deletion": "snapshot"})).await;
    place.ready("first").await;
    place.write("second", shared("db.t4g.micro"), Value::Null).await;
    place.ready("second").await;
    assert_eq!(place.changes(), ["CreateDBInstance"]);
    assert_eq!(of(&place.amazon.changes()[0], "DBInstanceClass"), "db.m7g.large");
    place.delete("first").await;
    place.field.until_gone(&place.key("first")).await;
    assert_eq!(place.changes(), ["CreateDBInstance", "CreateDBSnapshot"]);
    place.ready("second").await;
}
