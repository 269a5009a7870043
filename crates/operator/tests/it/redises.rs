//! Redises of a real cluster's objects: in the cluster, and on a real server that is there.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::ObjectKey;
use operator::local::Images;
use serde_json::{Value, json};
use testkit::served::free_port;
use testkit::unprivileged;

use super::field::{Field, image, message};

const PASSWORD: &str = "p@ss:w/ord%?#'é";

struct Place(Field);

impl Place {
    fn key(&self, name: &str) -> ObjectKey {
        self.0.key("pinnace.dev/v1alpha1", "Redis", name)
    }

    async fn write(&self, name: &str, spec: Value) {
        let metadata = json!({"name": name, "namespace": self.0.server.namespace});
        let object = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "Redis", "metadata": metadata, "spec": spec});
        self.0.server.write(&object).await.unwrap();
    }

    async fn says(&self, name: &str, words: &str) -> Value {
        let says = |live: &Value| {
            live["status"]["observedGeneration"] == live["metadata"]["generation"]
                && message(&live["status"], "Ready").contains(words)
        };
        self.0.until(&self.key(name), words, says).await["status"].clone()
    }

    async fn ready(&self, name: &str) {
        self.says(name, "it takes connections").await;
    }

    fn secret(&self, name: &str) -> ObjectKey {
        self.0.key("v1", "Secret", name)
    }

    async fn told(&self, secret: &str, key: &str) -> String {
        text(&self.0.get(&self.secret(secret)).await.unwrap(), key)
    }

    async fn write_admin(&self, port: u16, password: &str) {
        let metadata = json!({"name": "central", "namespace": self.0.server.own_namespace()});
        let data = json!({"host": "127.0.0.1", "port": port.to_string(), "password": password});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
        self.0.client.create(&secret).await.unwrap();
    }
}

fn text(secret: &Value, key: &str) -> String {
    String::from_utf8(STANDARD.decode(secret["data"][key].as_str().unwrap_or_default()).unwrap()).unwrap()
}

struct RealRedis(Child, u16);

impl RealRedis {
    fn start() -> Self {
        let port = free_port().unwrap();
        let arguments = ["--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD, "--port", &port.to_string()];
        let mut command = unprivileged::run(Path::new("redis-server"));
        let mut child = command.args(arguments).env("PATH", "/usr/bin").stdout(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap());
        assert!(log.lines().map_while(Result::ok).any(|line| line.contains("Ready to accept connections")));
        Self(child, port)
    }
}

impl Drop for RealRedis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_is_made_kept_and_gone_with_its_object() {
    let place = Place(Field::looked_after().await);
    place.write("shop", json!({"memory": "64Mi", "whenFull": "refuse"})).await;
    place.ready("shop").await;
    let namespace = place.0.server.namespace.clone();
    let (url, password) = (place.told("shop-redis", "url").await, place.told("shop-redis", "password").await);
    assert_eq!(url, format!("redis://:{password}@shop-redis.{namespace}.svc:6379"));
    assert_eq!(password.len(), 43);

    let secret = place.0.get(&place.secret("shop-redis")).await.unwrap();
    place.0.server.edit(&secret, &json!({"data": {"host": STANDARD.encode("elsewhere"), "url": null}})).await.unwrap();
    place
        .0
        .until(&place.secret("shop-redis"), "repaired", |live| {
            text(live, "url") == url && text(live, "host") != "elsewhere"
        })
        .await;
    let set = place.0.key("apps/v1", "StatefulSet", "shop-redis");
    let live = place.0.get(&set).await.unwrap();
    place.0.client.delete(&set, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.0.until(&set, "made again", |again| again["metadata"]["uid"] != live["metadata"]["uid"]).await;
    place.ready("shop").await;
    assert_eq!(place.told("shop-redis", "password").await, password, "it is made once");
    assert_eq!(
        place.0.get(&set).await.unwrap()["spec"]["template"]["spec"]["containers"][0]["image"],
        Images::default().redis
    );

    // Another password that people write there is that of the server.
    let secret = place.0.get(&place.secret("shop-redis")).await.unwrap();
    place.0.server.edit(&secret, &json!({"data": {"password": STANDARD.encode("by hand")}})).await.unwrap();
    place
        .0
        .until(&place.secret("shop-redis"), "told", |live| text(live, "url").starts_with("redis://:by%20hand@"))
        .await;
    let files = |set: &Value| set["spec"]["template"]["metadata"]["annotations"]["pinnace.dev/files"].clone();
    place.0.until(&set, "started anew", |again| files(again) != files(&live)).await;

    let object = place.0.get(&place.key("shop")).await.unwrap();
    place.0.client.delete(&place.key("shop"), object["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.0.until_gone(&set).await;
    place.0.until_gone(&place.secret("shop-redis")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_redis_keeps_stays_and_is_found_again() {
    let place = Place(Field::looked_after().await);
    place.0.volume("shop-redis-data").await;
    place.write("shop", json!({"memory": "64Mi", "whenFull": "refuse", "persistence": {"size": "1Gi"}})).await;
    place.ready("shop").await;
    let claim = place.0.key("v1", "PersistentVolumeClaim", "shop-redis-data");
    let first = place.0.get(&claim).await.unwrap();
    let object = place.0.get(&place.key("shop")).await.unwrap();
    place.0.client.delete(&place.key("shop"), object["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.0.until_gone(&place.0.key("apps/v1", "StatefulSet", "shop-redis")).await;
    place.write("shop", json!({"memory": "64Mi", "whenFull": "refuse", "persistence": {"size": "1Gi"}})).await;
    place.ready("shop").await;
    assert_eq!(place.0.get(&claim).await.unwrap()["metadata"]["uid"], first["metadata"]["uid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_told_of_a_redis_that_is_there() {
    let (place, redis) = (Place(Field::looked_after().await), RealRedis::start());
    place.write_admin(redis.1, PASSWORD).await;
    let spec = json!({
        "image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}},
        "needs": {"redis": {"make": {"external": {"adminSecret": "central", "database": 3}}}},
    });
    place.0.write_app("shop", spec).await;
    place.0.phase("shop", "Ready").await;
    place.ready("shop").await;
    let url = place.told("shop-redis", "url").await;
    assert_eq!(url, format!("redis://:p%40ss%3Aw%2Ford%25%3F%23%27%C3%A9@127.0.0.1:{}/3", redis.1));
    let secrets = place.0.list("v1", "Secret").await;
    let of_app = secrets.iter().find(|secret| secret["data"].get("REDIS_URL").is_some()).unwrap();
    assert_eq!(text(of_app, "REDIS_URL"), url);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_redis_is_told_and_mended_when_it_is_right() {
    let (place, redis) = (Place(Field::looked_after().await), RealRedis::start());
    place.write("shop", json!({"external": {"adminSecret": "central"}, "memory": "64Mi", "whenFull": "refuse"})).await;
    place
        .says(
            "shop",
            "the Secret central with the address of the server is not in the operator's own namespace: make it there",
        )
        .await;
    place.write_admin(redis.1, "wrong").await;
    let status = place.says("shop", "refuses the password").await;
    assert_eq!(message(&status, "Stalled"), message(&status, "Ready"));
    let key = ObjectKey { namespace: Some(place.0.server.own_namespace()), ..place.secret("central") };
    let secret = place.0.get(&key).await.unwrap();
    place.0.client.delete(&key, secret["metadata"]["uid"].as_str().unwrap()).await.unwrap();
    place.write_admin(redis.1, PASSWORD).await;
    place.ready("shop").await;
    place
        .write(
            "shop",
            json!({"external": {"adminSecret": "central", "database": 99}, "memory": "64Mi", "whenFull": "refuse"}),
        )
        .await;
    place.says("shop", "has no database 99").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_over_a_redis_that_is_well_writes_nothing() {
    let mut place = Place(Field::looked_after().await);
    place.write("shop", json!({"memory": "64Mi", "whenFull": "forget"})).await;
    place.ready("shop").await;
    let seen = async |place: &Place| {
        let kinds = [("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("apps/v1", "StatefulSet")];
        let mut all = vec![place.0.get(&place.key("shop")).await.unwrap()["metadata"]["resourceVersion"].clone()];
        for (version, kind) in kinds {
            let of_shop = place.0.list(version, kind).await;
            let of_shop =
                of_shop.iter().filter(|object| object["metadata"]["name"].as_str().unwrap().starts_with("shop"));
            all.extend(of_shop.map(|object| object["metadata"]["resourceVersion"].clone()));
        }
        all
    };
    let before = seen(&place).await;
    place.0.kill().await;
    place.0.begin().await;
    place.write("later", json!({"memory": "64Mi", "whenFull": "forget"})).await;
    place.ready("later").await;
    place.0.kill().await;
    assert_eq!((seen(&place).await, before.len()), (before.clone(), 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_skipped_is_left_as_it_is() {
    let place = Place(Field::looked_after().await);
    place.write("shop", json!({"memory": "64Mi"})).await;
    place.ready("shop").await;
    let skip = async |value| {
        place.0.client.annotate(&place.key("shop"), operator::app::SKIP_ANNOTATION, value).await.unwrap();
    };
    skip(Some("true")).await;
    place.write("shop", json!({"memory": "128Mi"})).await;
    let status = place.says("shop", "it is left as it is").await;
    assert_eq!(
        (&status["conditions"][0]["status"], &status["conditions"][0]["reason"]),
        (&json!("True"), &json!("Paused"))
    );
    place.write("beside", json!({"memory": "64Mi"})).await;
    place.ready("beside").await;
    let files = place.0.key("apps/v1", "StatefulSet", "shop-redis");
    let before = place.0.get(&files).await.unwrap()["metadata"]["generation"].clone();
    skip(None).await;
    place.ready("shop").await;
    let after = place.0.get(&files).await.unwrap()["metadata"]["generation"].clone();
    assert_eq!((before, after), (json!(1), json!(2)), "what was written meanwhile is done now, and not before");
}
