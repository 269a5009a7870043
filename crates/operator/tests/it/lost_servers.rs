//! What becomes of a database that is deleted when its server is away, or gone.

use std::sync::{Arc, Mutex};

use cluster::{KindKey, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use operator::Clock;
use serde_json::{Value, json};

use super::databases::Place;
use super::field::{Field, image, message};

/// Nobody listens there.
const AWAY: u16 = 9;

impl Place {
    /// The operator begins again, so many minutes from now.
    async fn minutes_later(&mut self, minutes: i64) {
        let later = Timestamp::now() + SignedDuration::from_mins(minutes);
        self.field.settings.clock = Clock::Set(Arc::new(Mutex::new(later)));
        self.begin_again().await;
    }

    /// It had its pass when one that came later is ready.
    async fn stays(&self, name: &str, beside: &str) {
        self.write(beside, json!({})).await;
        self.ready(beside).await;
        assert!(self.field.get(&self.key(name)).await.is_some(), "{name}");
    }

    async fn delete_admin(&self, name: &str) {
        let key = ObjectKey { namespace: Some(self.field.server.own_namespace()), ..self.secret(name) };
        self.field.ended(&key).await;
    }

    /// A database that was ready is deleted with its data when the Secret of its server is gone.
    async fn delete_without_its_server(&self, name: &str) {
        self.write_admin_at("gone", self.port()).await;
        self.write(name, json!({"server": {"external": {"adminSecret": "gone"}}, "deletion": "drop"})).await;
        self.ready(name).await;
        self.delete_admin("gone").await;
        self.delete(name).await;
        self.says(name, "It is tried again for an hour, and then it goes and its data stays").await;
    }

    /// What Events of this reason say.
    async fn events(&self, namespace: &str, reason: &str) -> Vec<String> {
        let all = self.field.client.list(&KindKey::new("v1", "Event"), namespace).await.unwrap();
        let of_reason = all.iter().filter(|event| event["reason"] == reason);
        of_reason.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    fn way_out(&self, name: &str) -> String {
        let namespace = &self.field.server.namespace;
        format!("kubectl annotate postgresdatabase {name} -n {namespace} pinnace.dev/let-go=true")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_data_is_kept_goes_at_once_though_its_server_is_away() {
    let place = Place::new().await;
    place.write_admin_at("away", AWAY).await;
    place.write("shop", json!({"server": {"external": {"adminSecret": "away"}}})).await;
    place.says("shop", "can't be reached").await;
    place.delete("shop").await;
    place.field.until_gone(&place.key("shop")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_waited_for_as_long_as_it_takes_and_everybody_is_told_the_way_out() {
    let mut place = Place::new().await;
    place.write_admin_at("moves", place.port()).await;
    let make = json!({"server": {"external": {"adminSecret": "moves"}}, "deletion": "drop"});
    let app = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {}}, "needs": {"database": {"make": make}}});
    place.field.write_app("shop", app.clone()).await;
    place.field.phase("shop", "Ready").await;
    let admin = ObjectKey { namespace: Some(place.field.server.own_namespace()), ..place.secret("moves") };
    place.delete_admin("moves").await;
    place.write_admin_at("moves", AWAY).await;
    place.field.ended(&place.field.app("shop")).await;
    let way_out = place.way_out("shop");
    place.says("shop", &way_out).await;
    place.says("shop", "can't be reached").await;
    let namespace = place.field.server.namespace.clone();
    let told = place.events(&namespace, "Deleting").await;
    assert!(told.iter().any(|told| told.contains("can't be reached") && told.contains(&way_out)), "{told:#?}");
    // An App of the same name says what stands in its way.
    place.field.write_app("shop", app).await;
    let says = |live: &Value| {
        let told = message(&live["status"], "Ready");
        told.starts_with("database shop is still that of an App before this one: ") && told.contains(&way_out)
    };
    place.field.until(&place.field.app("shop"), "told", says).await;

    place.minutes_later(180).await;
    place.stays("shop", "beside").await;
    assert!(place.databases().await.contains(&"shop".to_owned()));
    place.field.ended(&admin).await;
    // The hour begins now, and not when it was deleted.
    let first = place.says("shop", "It is tried again for an hour, and then it goes and its data stays").await;
    assert!(message(&first["status"], "OutOfReach").contains("moves"), "{first:#}");
    place.minutes_later(180 + 55).await;
    place.stays("shop", "later").await;
    place.write_admin_at("moves", place.port()).await;
    place.field.until(&place.key("shop"), "another", |live| live["metadata"]["uid"] != first["metadata"]["uid"]).await;
    place.field.phase("shop", "Ready").await;
    let live = place.field.get(&place.key("shop")).await.unwrap();
    assert_eq!(live["status"]["beganEmpty"], true, "the first was dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_servers_secret_is_gone_goes_after_an_hour_and_what_stays_is_written_down() {
    let mut place = Place::new().await;
    place.delete_without_its_server("shop").await;
    place.minutes_later(55).await;
    place.stays("shop", "beside").await;
    place.minutes_later(61).await;
    place.field.until_gone(&place.key("shop")).await;
    assert!(place.databases().await.contains(&"shop".to_owned()), "nobody could drop it");
    let (own, namespace) = (place.field.server.own_namespace(), place.field.server.namespace.clone());
    for namespace in [&own, &namespace] {
        let told = place.events(namespace, "LeftBehind").await;
        assert!(told.len() == 1 && told[0].contains("its data stays where it is"), "{told:?}");
    }
    let maps = place.field.client.list(&KindKey::new("v1", "ConfigMap"), &own).await.unwrap();
    let left: Vec<&Value> =
        maps.iter().filter(|map| map["metadata"]["labels"]["pinnace.dev/left-behind"] == "true").collect();
    assert_eq!((left.len(), &left[0]["data"]["name"]), (1, &json!("shop")), "{maps:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_holds_nothing_where_it_can_not_be_written_down() {
    let mut place = Place::new().await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"count/configmaps": "0"}},
        "metadata": {"name": "full", "namespace": place.field.server.own_namespace()}});
    place.field.client.create(&quota).await.unwrap();
    place.delete_without_its_server("shop").await;
    place.minutes_later(61).await;
    place.field.until_gone(&place.key("shop")).await;
    let told = place.events(&place.field.server.namespace, "LeftBehind").await;
    assert!(told.len() == 1 && told[0].contains("its data stays where it is"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_a_virtual_host_go_with_the_shared_server_that_they_lay_on() {
    let mut field = Field::with_rights_over_all().await;
    let at = |server: &str| format!("{server}-postgres-shared");
    for server in ["lost", "all"] {
        field.volume(&format!("{}-data", at(server))).await;
    }
    field.begin().await;
    let mut place = Place::of(field).await;
    for server in ["lost", "all"] {
        let admin = place.secret(&format!("postgres.{}.{}", place.field.server.namespace, at(server)));
        let key = ObjectKey { namespace: Some(place.field.server.own_namespace()), ..admin };
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": testkit::DevPostgres::PASSWORD},
            "metadata": {"name": key.name, "namespace": key.namespace}});
        place.field.client.create(&secret).await.unwrap();
        let local = json!({"server": {"local": {"shared": {"name": server}}}, "deletion": "drop"});
        place.write(server, local).await;
        // Its address is none that is reached from here: it never is ready.
        place.field.until(&place.field.key("apps/v1", "StatefulSet", &at(server)), "made", |_| true).await;
        let is_held = |live: &Value| live["metadata"]["finalizers"].is_array();
        place.field.until(&place.key(server), "held", is_held).await;
    }
    // What is lost is not made once more to be dropped.
    place.field.kill().await;
    place.delete("lost").await;
    place.field.ended(&place.field.key("apps/v1", "StatefulSet", &at("lost"))).await;
    place.field.ended(&place.field.key("v1", "PersistentVolumeClaim", &format!("{}-data", at("lost")))).await;
    place.field.begin().await;
    place.field.until_gone(&place.key("lost")).await;

    let namespace = place.field.server.namespace.clone();
    let vhost = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "RabbitVhost", "metadata": {"name": "all", "namespace": namespace},
        "spec": {"broker": {"local": {"shared": {"name": "all"}}}, "deletion": "drop"}});
    let vhost = ObjectKey::of(&place.field.server.write(&vhost).await.unwrap());
    place.field.until(&vhost, "held", |live| live["metadata"]["finalizers"].is_array()).await;
    let key = ObjectKey { kind: KindKey::new("v1", "Namespace"), namespace: None, name: namespace };
    place.field.ended(&key).await;
}
