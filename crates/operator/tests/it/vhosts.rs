//! Virtual hosts of a real cluster's objects on a real RabbitMQ.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{KindKey, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use operator::Clock;
use serde_json::{Value, json};
use testkit::DevRabbit;

use super::field::{Field, image, message};

struct Place {
    field: Field,
    rabbit: Arc<DevRabbit>,
}

impl Place {
    /// An operator that knows a broker that is there.
    async fn new() -> Self {
        let place = Self { field: Field::looked_after().await, rabbit: DevRabbit::shared().await.unwrap() };
        place.write_admin("central", &place.rabbit.management_url()).await;
        place
    }

    async fn write_admin(&self, name: &str, url: &str) {
        let data = json!({"host": "127.0.0.1", "port": self.rabbit.port().to_string(), "managementUrl": url,
            "username": DevRabbit::ADMIN, "password": DevRabbit::PASSWORD});
        let metadata = json!({"name": name, "namespace": self.field.server.own_namespace()});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
        self.field.client.create(&secret).await.unwrap();
    }

    fn key(&self, name: &str) -> ObjectKey {
        self.field.key("pinnace.dev/v1alpha1", "RabbitVhost", name)
    }

    async fn write(&self, name: &str, spec: Value) {
        let mut spec = spec;
        if spec.get("broker").is_none() {
            spec["broker"] = json!({"external": {"adminSecret": "central"}});
        }
        let metadata = json!({"name": name, "namespace": self.field.server.namespace});
        let object =
            json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "RabbitVhost", "metadata": metadata, "spec": spec});
        self.field.server.write(&object).await.unwrap();
    }

    async fn says(&self, name: &str, words: &str) -> Value {
        let says = |live: &Value| {
            live["status"]["observedGeneration"] == live["metadata"]["generation"]
                && message(&live["status"], "Ready").contains(words)
        };
        self.field.until(&self.key(name), words, says).await["status"].clone()
    }

    async fn ready(&self, name: &str) {
        self.says(name, "it takes connections").await;
    }

    async fn delete(&self, name: &str) {
        self.field.delete(&self.key(name)).await;
    }

    async fn told(&self, secret: &str, key: &str) -> String {
        let secret = self.field.get(&self.field.key("v1", "Secret", secret)).await.unwrap();
        String::from_utf8(STANDARD.decode(secret["data"][key].as_str().unwrap()).unwrap()).unwrap()
    }

    /// Whether who has this Secret gets in.
    async fn lets_in(&self, secret: &str) -> bool {
        let told = async |key: &str| self.told(secret, key).await;
        self.rabbit.log_in(&told("username").await, &told("password").await, &told("vhost").await).await.is_ok()
    }

    /// A name on the broker that no other test has.
    fn own(&self, name: &str) -> String {
        format!("{}/{name}", self.field.server.namespace)
    }

    /// What an administrator asks for by hand: the status of the answer, and what it holds.
    async fn by_hand(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), format!("{}/api/{path}", self.rabbit.management_url()));
        let request = request.basic_auth(DevRabbit::ADMIN, Some(DevRabbit::PASSWORD)).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn policies(&self, vhost: &str) -> Value {
        self.by_hand("GET", &format!("policies/{}", vhost.replace('/', "%2F")), Value::Null).await.1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_has_a_virtual_host_whose_secret_lets_it_in_and_follows_what_is_written() {
    let place = Place::new().await;
    let vhost = place.own("shop");
    let make = json!({"broker": {"external": {"adminSecret": "central"}}, "vhost": vhost,
        "policies": {"short": {"pattern": "^celery", "applyTo": "queues", "definition": {"max-length": 10}}}});
    let spec = json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "needs": {"rabbit": {"make": make}}});
    place.field.write_app("shop", spec).await;
    place.field.phase("shop", "Ready").await;
    place.ready("shop").await;
    assert!(place.lets_in("shop-rabbit").await);
    assert_eq!(place.policies(&vhost).await[0]["definition"], json!({"max-length": 10}));
    for secret in place.field.list("v1", "Secret").await {
        assert!(!secret.to_string().contains(&STANDARD.encode(DevRabbit::PASSWORD)), "{secret:#}");
    }

    let live = place.field.get(&place.field.key("v1", "Secret", "shop-rabbit")).await.unwrap();
    place
        .field
        .client
        .delete(&place.field.key("v1", "Secret", "shop-rabbit"), live["metadata"]["uid"].as_str().unwrap())
        .await
        .unwrap();
    let again = |again: &Value| again["metadata"]["uid"] != live["metadata"]["uid"];
    place.field.until(&place.field.key("v1", "Secret", "shop-rabbit"), "made again", again).await;
    place.ready("shop").await;
    // Ready it was before too: the broker is told the new password a moment later.
    let mut tries = 0;
    while !place.lets_in("shop-rabbit").await {
        tries += 1;
        assert!(tries < 1000, "the new password never came to the broker");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_later_is_done_and_a_vhost_of_another_is_refused() {
    let place = Place::new().await;
    let vhost = place.own("one");
    let of = |length: u32| json!({"vhost": vhost, "policies": {"short": {"pattern": "a", "applyTo": "all", "definition": {"max-length": length}}}});
    place.write("one", of(1)).await;
    place.ready("one").await;
    place.write("one", of(2)).await;
    place.ready("one").await;
    assert_eq!(place.policies(&vhost).await[0]["definition"], json!({"max-length": 2}));

    place.write("two", json!({"vhost": vhost})).await;
    let status = place.says("two", "is that of").await;
    assert_eq!(message(&status, "Stalled"), message(&status, "Ready"));
    assert!(!place.lets_in("two-rabbit").await);
    place.delete("one").await;
    place.field.until_gone(&place.key("one")).await;
    assert_eq!(
        place.by_hand("GET", &format!("vhosts/{}", vhost.replace('/', "%2F")), Value::Null).await.0,
        200,
        "it stays where it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_to_be_dropped_goes_with_its_object_and_waits_for_a_broker_that_is_away() {
    let place = Place::new().await;
    let vhost = place.own("dropped");
    place.write("dropped", json!({"vhost": vhost, "deletion": "drop"})).await;
    place.ready("dropped").await;
    place.delete("dropped").await;
    place.field.until_gone(&place.key("dropped")).await;
    assert_eq!(place.by_hand("GET", &format!("vhosts/{}", vhost.replace('/', "%2F")), Value::Null).await.0, 404);

    place.write_admin("away", "http://127.0.0.1:9").await;
    place.write("away", json!({"broker": {"external": {"adminSecret": "away"}}, "deletion": "drop"})).await;
    place.says("away", "can't be reached").await;
    place.delete("away").await;
    let waits = |live: &Value| message(&live["status"], "Ready").contains("pinnace.dev/let-go=true");
    let live = place.field.until(&place.key("away"), "told", waits).await;
    place
        .field
        .server
        .edit(&live, &json!({"metadata": {"annotations": {"pinnace.dev/let-go": "true"}}}))
        .await
        .unwrap();
    place.field.until_gone(&place.key("away")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_broker_can_not_be_asked_for_an_hour_goes_and_holds_up_nothing_any_longer() {
    let mut place = Place::new().await;
    place.write_admin("away", "http://127.0.0.1:9").await;
    place.write("away", json!({"broker": {"external": {"adminSecret": "away"}}, "deletion": "drop"})).await;
    place.says("away", "can't be reached").await;
    place.delete("away").await;
    let waits = |live: &Value| message(&live["status"], "Ready").contains("It is tried again for an hour");
    place.field.until(&place.key("away"), "told", waits).await;
    for (minutes, is_there) in [(55, true), (61, false)] {
        let later = Timestamp::now() + SignedDuration::from_mins(minutes);
        place.field.settings.clock = Clock::Set(Arc::new(Mutex::new(later)));
        place.field.kill().await;
        place.field.begin().await;
        if is_there {
            // It had its pass when one that came later is ready.
            place.write("beside", json!({"vhost": place.own("beside")})).await;
            place.ready("beside").await;
            assert!(place.field.get(&place.key("away")).await.is_some());
        } else {
            place.field.until_gone(&place.key("away")).await;
        }
    }
    let maps = KindKey::new("v1", "ConfigMap");
    let maps = place.field.client.list(&maps, &place.field.server.own_namespace()).await.unwrap();
    let is_left = |map: &&Value| map["metadata"]["labels"]["pinnace.dev/left-behind"] == "true";
    let left: Vec<&Value> = maps.iter().filter(is_left).map(|map| &map["data"]["name"]).collect();
    assert_eq!(left, ["away"], "what stays on the broker is written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_made_and_whose_spec_was_spoilt_since_is_not_passed_over_when_it_is_deleted() {
    let place = Place::new().await;
    let good = json!({"vhost": place.own("shop"), "username": place.own("shop"), "deletion": "drop"});
    place.write("shop", good.clone()).await;
    place.ready("shop").await;
    let mut spoilt = good.clone();
    spoilt["policies"] = json!({"..": {"pattern": ".*", "definition": {"max-length": 10}}});
    place.write("shop", spoilt).await;
    place.says("shop", "spec.policies: a name in RabbitMQ has").await;
    place.delete("shop").await;
    let waits = |live: &Value| message(&live["status"], "Ready").contains("can't be done now: spec.policies: a name");
    place.field.until(&place.key("shop"), "told", waits).await;
    place.write("shop", good).await;
    place.field.until_gone(&place.key("shop")).await;
    let vhosts = format!("{}/api/vhosts", place.rabbit.management_url());
    let asked = reqwest::Client::new().get(vhosts).basic_auth(DevRabbit::ADMIN, Some(DevRabbit::PASSWORD));
    let there = asked.send().await.unwrap().text().await.unwrap();
    assert!(!there.contains(&place.own("shop")), "{there}");
}

/// Its pod is played here; behind the address of the management API is a real broker.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_in_the_cluster_is_made_and_shared_and_gone_but_for_its_volume() {
    let rabbit = DevRabbit::shared().await.unwrap();
    let mut field = Field::new().await;
    let namespace = field.server.namespace.clone();
    let port = rabbit.management_url().rsplit(':').next().unwrap().parse().unwrap();
    for server in ["shop-rabbit", "all-rabbit-shared"] {
        field.settings.reached_at.insert(format!("{server}.{namespace}.svc:15672"), ("127.0.0.1".to_owned(), port));
        field.volume(&format!("{server}-data")).await;
        let metadata =
            json!({"name": format!("rabbit.{namespace}.{server}"), "namespace": field.server.own_namespace()});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": "of pinnace"}});
        field.client.create(&secret).await.unwrap();
    }
    let place = Place { field, rabbit };
    let administrator = json!({"password": "of pinnace", "tags": "administrator"});
    assert!(place.by_hand("PUT", "users/pinnace", administrator).await.0 < 300);
    let mut place = place;
    place.field.begin().await;

    place.write("shop", json!({"broker": {"local": {}}, "vhost": place.own("shop")})).await;
    place.ready("shop").await;
    assert_eq!(place.told("shop-rabbit", "host").await, format!("shop-rabbit.{namespace}.svc"));
    assert!(place.lets_in("shop-rabbit").await);
    for secret in place.field.list("v1", "Secret").await {
        assert!(!secret.to_string().contains(&STANDARD.encode("of pinnace")), "{secret:#}");
    }
    // Its administrator's password was changed by hand: a new pod tells the broker the one that we know.
    let pod = place.field.key("v1", "Pod", "shop-rabbit-0");
    let first = place.field.get(&pod).await.unwrap();
    let by_hand = json!({"password": "by hand", "tags": "administrator"});
    assert!(place.by_hand("PUT", "users/pinnace", by_hand).await.0 < 300);
    place.write("shop", json!({"broker": {"local": {}}, "vhost": place.own("shop"), "permissions": {"configure": "a", "write": "", "read": ""}})).await;
    place.field.until(&pod, "another", |pod| pod["metadata"]["uid"] != first["metadata"]["uid"]).await;
    let administrator = json!({"password": "of pinnace", "tags": "administrator"});
    assert!(place.by_hand("PUT", "users/pinnace", administrator).await.0 < 300);
    place.ready("shop").await;
    place.delete("shop").await;
    place.field.until_gone(&place.field.key("apps/v1", "StatefulSet", "shop-rabbit")).await;
    assert!(place.field.get(&place.field.key("v1", "PersistentVolumeClaim", "shop-rabbit-data")).await.is_some());

    let shared = |storage: &str| json!({"shared": {"name": "all"}, "storage": storage});
    place.write("first", json!({"broker": {"local": shared("1Gi")}, "vhost": place.own("first")})).await;
    place.ready("first").await;
    place.write("second", json!({"broker": {"local": shared("2Gi")}, "vhost": place.own("second")})).await;
    place.ready("second").await;
    let claim = place.field.key("v1", "PersistentVolumeClaim", "all-rabbit-shared-data");
    assert_eq!(place.field.get(&claim).await.unwrap()["spec"]["resources"]["requests"]["storage"], "1Gi");
    place.delete("first").await;
    place.field.until_gone(&place.key("first")).await;
    assert!(
        place.field.get(&place.field.key("apps/v1", "StatefulSet", "all-rabbit-shared")).await.is_some(),
        "it is nobody's alone"
    );
    assert!(place.lets_in("second-rabbit").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_a_virtual_host_that_is_well_writes_nothing() {
    let mut place = Place::new().await;
    place.write("shop", json!({"vhost": place.own("steady"), "deletion": "drop"})).await;
    place.ready("shop").await;
    let seen = async |place: &Place| {
        let secret = place.field.get(&place.field.key("v1", "Secret", "shop-rabbit")).await.unwrap();
        (place.field.get(&place.key("shop")).await.unwrap(), secret)
    };
    let before = seen(&place).await;
    place.field.kill().await;
    place.field.begin().await;
    place.write("later", json!({"vhost": place.own("later")})).await;
    place.ready("later").await;
    place.field.kill().await;
    assert_eq!(seen(&place).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_host_that_is_skipped_is_left_as_it_is_and_not_deleted() {
    let place = Place::new().await;
    let vhost = place.own("shop");
    let spec = |length: u32| json!({"vhost": vhost, "deletion": "drop", "policies": {"short": {"pattern": ".*", "definition": {"max-length": length}}}});
    place.write("shop", spec(1)).await;
    place.ready("shop").await;
    let skip = async |value| {
        place.field.client.annotate(&place.key("shop"), operator::app::SKIP_ANNOTATION, value).await.unwrap();
    };
    skip(Some("true")).await;
    place.says("shop", "it is left as it is").await;
    place.write("shop", spec(2)).await;
    let status = place.says("shop", "it is left as it is").await;
    assert_eq!(status["conditions"][0]["reason"], "Paused");
    place.write("beside", json!({"vhost": place.own("beside"), "deletion": "drop"})).await;
    place.ready("beside").await;
    assert_eq!(place.policies(&vhost).await[0]["definition"], json!({"max-length": 1}));
    place.delete("shop").await;
    place.says("shop", "that waits until the annotation is taken off").await;
    assert!(place.lets_in("shop-rabbit").await);
    skip(None).await;
    place.field.until_gone(&place.key("shop")).await;
    let path = format!("vhosts/{}", vhost.replace('/', "%2F"));
    assert_eq!(place.by_hand("GET", &path, Value::Null).await.0, 404);
}
