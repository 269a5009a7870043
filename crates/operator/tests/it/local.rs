//! Servers in the cluster, byte for byte, and what a real API server says of them.

use operator::local::{Images, Server};
use operator::postgres::stable_verifier;
use operator::postgres_database::crd::LocalServer;
use operator::rabbit::stable_hash;
use operator::rabbit_vhost::crd::LocalBroker;
use operator::redis::RedisSpec;
use operator::redis::crd::Persistence;
use operator::{postgres_database, rabbit_vhost, redis};
use secrets::Secret;
use serde_json::{Value, json};

use super::golden::is_as_written;
use super::server::Server as ApiServer;

const PASSWORD: &str = "hunter2hunter2hunter2";

fn password() -> Secret<String> {
    Secret::new(PASSWORD.to_owned())
}

fn all(namespace: &str) -> Vec<Value> {
    let images = Images::default();
    let own = |kind, what| Server::of(kind, what, "shop", namespace, Some("0d1e2f30-0000-4000-8000-000000000001"));
    let shared = |what| Server::shared(what, "dev", namespace);
    let local = LocalServer { version: Some(16), storage_class: Some("fast".to_owned()), ..LocalServer::default() };
    let cache = RedisSpec { persistence: Some(Persistence::default()), ..RedisSpec::default() };
    let limited = serde_json::from_value(json!({"resources": {"limits": {"memory": "1Gi"}}})).unwrap();
    let (verifier, hash) = (stable_verifier(&password()), stable_hash(&password()));
    [
        postgres_database::build::build(&own(&postgres_database::KIND, "postgres"), &local, &images, &verifier),
        postgres_database::build::build(&shared("postgres"), &LocalServer::default(), &images, &verifier),
        redis::build::build(&own(&redis::KIND, "redis"), &cache, &images, &password()),
        redis::build::build(
            &Server::of(&redis::KIND, "redis", "cache", namespace, None),
            &RedisSpec::default(),
            &images,
            &password(),
        ),
        rabbit_vhost::build::build(&own(&rabbit_vhost::KIND, "rabbit"), &LocalBroker::default(), &images, &hash),
        rabbit_vhost::build::build(&shared("rabbit"), &limited, &images, &hash),
    ]
    .concat()
}

#[test]
fn servers_in_the_cluster() {
    is_as_written("local", &all("shop"));
}

#[tokio::test]
async fn a_real_api_server_takes_every_server_in_the_cluster() {
    let server = ApiServer::new().await;
    let all = all(&server.namespace);
    assert_eq!(all.len(), 35);
    for object in all {
        server.dry_run(&object).await.unwrap_or_else(|why| panic!("{object:#}\n{why}"));
    }
}

#[test]
fn no_password_is_in_what_a_server_is_made_of_and_no_hash_outside_of_secrets() {
    let (verifier, hash) = (stable_verifier(&password()), stable_hash(&password()));
    for object in all("shop") {
        let text = object.to_string();
        assert!(!text.contains(PASSWORD), "{text}");
        assert!(object["kind"] == "Secret" || ![&verifier, &hash].iter().any(|hash| text.contains(*hash)), "{text}");
    }
}

#[test]
fn another_password_starts_the_pod_anew_and_the_same_does_not() {
    let made = |password: &str| {
        let password = Secret::new(password.to_owned());
        let server = Server::of(&redis::KIND, "redis", "shop", "shop", None);
        let images = Images::default();
        let mut pods = redis::build::build(&server, &RedisSpec::default(), &images, &password);
        pods.extend(rabbit_vhost::build::build(&server, &LocalBroker::default(), &images, &stable_hash(&password)));
        pods.extend(postgres_database::build::build(
            &server,
            &LocalServer::default(),
            &images,
            &stable_verifier(&password),
        ));
        pods.retain(|object| object["kind"] == "StatefulSet");
        pods
    };
    assert_eq!(made("one"), made("one"));
    assert!(made("one").iter().zip(made("two")).all(|(one, two)| one["spec"]["template"] != two["spec"]["template"]));
}

#[test]
fn data_stays_when_the_object_is_deleted_and_all_else_goes_with_it() {
    for object in all("shop") {
        let goes = object["metadata"].get("ownerReferences").is_some();
        let is_own = object["metadata"]["name"].as_str().unwrap().starts_with("shop-");
        assert_eq!(goes, is_own && object["kind"] != "PersistentVolumeClaim", "{}", object["metadata"]);
    }
}

#[test]
fn a_shared_server_is_never_called_like_one_of_its_own_and_long_names_stay_apart() {
    let own = |name: &str| Server::of(&redis::KIND, "redis", name, "shop", None).name;
    let shared = |name: &str| Server::shared("redis", name, "shop").name;
    assert_eq!((own("dev"), shared("dev")), ("dev-redis".to_owned(), "dev-redis-shared".to_owned()));
    let (long, other) = ("a".repeat(60), format!("{}b", "a".repeat(59)));
    assert!(own(&long).len() <= 52 && own(&long) != own(&other), "{}", own(&long));
    assert_ne!(own("dev-redis-shared"), shared("dev"));
}

#[test]
fn the_memory_of_a_redis_follows_from_what_it_may_hold() {
    let spec = json!({"memory": "100Mi", "whenFull": "refuse", "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Mi", "cpu": "2"}}});
    let spec: RedisSpec = serde_json::from_value(spec).unwrap();
    let server = Server::of(&redis::KIND, "redis", "shop", "shop", None);
    let made = redis::build::build(&server, &spec, &Images::default(), &password());
    let pod = &made.iter().find(|object| object["kind"] == "StatefulSet").unwrap()["spec"]["template"]["spec"];
    assert_eq!(
        pod["containers"][0]["resources"],
        json!({"requests": {"cpu": "1", "memory": "104857600"}, "limits": {"memory": "157286400", "cpu": "2"}})
    );
    let settings = made[0]["data"]["redis.conf"].as_str().unwrap();
    assert!(settings.contains("maxmemory 104857600\n"), "{settings}");
}
