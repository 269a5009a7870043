//! Servers in the cluster, byte for byte, and what a real API server says of them.

use operator::local::{Images, Server};
use operator::postgres::stable_verifier;
use operator::postgres_database::cluster::build::{self as patroni, Known};
use operator::postgres_database::cluster::cloud_native_pg;
use operator::postgres_database::crd::{ClusterServer, LocalServer};
use operator::rabbit::stable_hash;
use operator::rabbit_vhost::crd::LocalBroker;
use operator::redis::RedisSpec;
use operator::redis::crd::Persistence;
use operator::{postgres_database, rabbit_vhost, redis};
use secrets::Secret;
use serde_json::{Value, json};

use super::golden::is_as_written;
use super::server::Server as ApiServer;

const UID: &str = "0d1e2f30-0000-4000-8000-000000000001";
const PASSWORD: &str = "hunter2hunter2hunter2";

fn password() -> Secret<String> {
    Secret::new(PASSWORD.to_owned())
}

/// What the pods of a cluster are told.
fn known() -> Known {
    let secret = |text: &str| Secret::new(text.to_owned());
    Known { verifier: stable_verifier(&password()), standby: secret("standby-password"), api: secret("api-password") }
}

/// Servers of several instances.
fn clusters(namespace: &str) -> Vec<Value> {
    let own = Server::of(&postgres_database::KIND, "postgres", "shop", namespace, Some(UID));
    let shared = Server::shared("postgres", "dev", namespace);
    let wanted = json!({"instances": 3, "synchronous": true, "version": 16, "storage": "20Gi", "storageClass": "fast",
        "resources": {"limits": {"memory": "2Gi"}}});
    let wanted: ClusterServer = serde_json::from_value(wanted).unwrap();
    let mut made = patroni::build(&own, &wanted, &Images::default(), &known());
    made.extend(patroni::build(&shared, &ClusterServer::default(), &Images::default(), &known()));
    made
}

fn all(namespace: &str) -> Vec<Value> {
    let images = Images::default();
    let own = |kind, what| Server::of(kind, what, "shop", namespace, Some(UID));
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

#[test]
fn servers_of_several_instances() {
    is_as_written("cluster", &clusters("shop"));
}

fn of_cloud_native_pg() -> [Value; 2] {
    let server = Server::of(&postgres_database::KIND, "postgres", "shop", "shop", Some(UID));
    let wanted = json!({"engine": "cloudNativePg", "instances": 3, "synchronous": true, "version": 16, "storageClass": "fast",
        "resources": {"requests": {"memory": "2Gi"}}});
    let wanted: ClusterServer = serde_json::from_value(wanted).unwrap();
    let shared = Server::shared("postgres", "dev", "shop");
    [cloud_native_pg::build(&server, &wanted), cloud_native_pg::build(&shared, &ClusterServer::default())]
}

#[test]
fn a_cluster_of_cloud_native_pg() {
    is_as_written("cloud_native_pg", &of_cloud_native_pg());
}

#[test]
fn what_holds_data_does_not_go_with_its_database() {
    let made = [all("shop"), clusters("shop"), of_cloud_native_pg().to_vec()].concat();
    let holds_data = |kind: &Value| ["PersistentVolumeClaim", "Cluster"].map(Value::from).contains(kind);
    let data: Vec<&Value> = made.iter().filter(|object| holds_data(&object["kind"])).collect();
    assert!(data.len() > 4, "{data:#?}");
    for object in data {
        assert!(object["metadata"].get("ownerReferences").is_none(), "{object:#}");
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "pinnace-operator", "{object:#}");
    }
}

#[test]
fn pods_of_a_cluster_may_change_nothing_but_their_own_and_their_operator_has_all_that_it_gives() {
    let roles: Vec<Value> = clusters("shop").into_iter().filter(|object| object["kind"] == "Role").collect();
    let rules = |role: &Value| role["rules"].as_array().unwrap().clone();
    let given = roles.iter().flat_map(rules);
    let has: Vec<Value> = operator::rights("pinnace-system", Some("shop"))
        .iter()
        .filter(|one| one["kind"] == "Role")
        .flat_map(rules)
        .collect();
    let holds = |rule: &Value, field: &str, one: &Value| rule[field].as_array().unwrap().contains(one);
    let mut count = 0;
    for rule in given {
        let resource = &rule["resources"][0];
        for verb in rule["verbs"].as_array().unwrap() {
            let looks = ["list", "watch", "create"].map(Value::from).contains(verb);
            assert!(looks || rule["resourceNames"].as_array().is_some_and(|names| !names.is_empty()), "{rule}");
            assert!(has.iter().any(|own| holds(own, "resources", resource) && holds(own, "verbs", verb)), "{rule}");
            count += 1;
        }
    }
    assert!(count > 20);
}

#[tokio::test]
async fn a_real_api_server_takes_every_server_in_the_cluster() {
    let server = ApiServer::new().await;
    let mut all = all(&server.namespace);
    all.extend(clusters(&server.namespace));
    assert_eq!(all.len(), 59);
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
    for object in clusters("shop") {
        let text = object.to_string();
        assert!(!text.contains(PASSWORD), "the superuser's is nowhere: {text}");
        let known = [&verifier, "standby-password", "api-password"];
        assert!(object["kind"] == "Secret" || !known.iter().any(|known| text.contains(known)), "{text}");
    }
}

#[test]
fn another_password_or_setting_starts_no_pod_of_a_cluster_anew() {
    let made = |password: &str, synchronous: bool| {
        let server = Server::of(&postgres_database::KIND, "postgres", "shop", "shop", None);
        let known = Known { verifier: stable_verifier(&Secret::new(password.to_owned())), ..known() };
        let wanted = ClusterServer { synchronous, ..ClusterServer::default() };
        let mut made = patroni::build(&server, &wanted, &Images::default(), &known);
        made.retain(|object| object["kind"] == "StatefulSet");
        made
    };
    assert_eq!(made("one", false), made("two", true));
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
