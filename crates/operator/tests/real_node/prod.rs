//! An App with the defaults `prod`: several of each, a database that takes over, backups, and nobody who is root.

use serde_json::{Value, json};

use super::place::{Place, counted};
use super::processes;
use super::spec::{self, HOST, version};

const SEVERAL: &[&str] = &["web", "worker", "websocket", "static"];

#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_production_is_served_by_several_rolls_without_a_failed_request_and_comes_back_from_its_backup() {
    let Some(place) = Place::new("shop", HOST).await else { return };
    let first = spec::app(&place, &version("1", 1), json!({})).await;
    let second = spec::app(&place, &version("2", 2), json!({})).await;
    place.write_app(first).await;
    assert_eq!(place.phase("Ready").await["version"], "1");
    every_process_answers(&place, "1").await;
    there_are_several_of_each(&place).await;
    the_databases_are_those_of_production(&place).await;
    nobody_is_root(&place).await;

    write(&place, "before the backup").await;
    let load = place.site.load();
    one_at_a_time_may_be_taken_away(&place).await;
    place.write_app(second.clone()).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    place.site.until("/", |text| text.contains(r#""version":"2""#)).await;
    let (all, failures) = load.end().await;
    assert_eq!(failures, Vec::<String>::new(), "of {all} requests");
    let backups = place.database().await["status"]["backups"].clone();
    assert_eq!(backups.as_array().map(Vec::len), Some(1), "{backups:#}");

    write(&place, "after the backup").await;
    place.lose_namespace().await;
    place.write_app(second).await;
    assert_eq!(place.phase("Ready").await["version"], "2");
    assert_eq!(place.database().await["status"]["restored"], backups[0]["name"]);
    every_process_answers(&place, "2").await;
    assert_eq!(written(&place).await, ["before the backup"]);
}

async fn every_process_answers(place: &Place, version: &str) {
    place.site.until("/", |text| text.contains(&format!(r#""version":"{version}""#))).await;
    place.site.until("/static/style.css", |text| text.contains("sans-serif")).await;
    assert_eq!(place.site.until_echo("hello").await, format!("{version} hello"));
    // The scheduler orders, by the broker, and a worker writes it down.
    let before = place.orders().await;
    place.site.until("/", |text| counted(text) > Some(before)).await;
    place.site.until("/", |text| text.contains(r#""visits""#)).await;
}

async fn there_are_several_of_each(place: &Place) {
    assert_eq!(place.pods_of("scheduler").await.len(), 1);
    for part in SEVERAL {
        let pods = place.pods_of(part).await;
        assert_eq!(pods.len(), 2, "{part}: {pods:?}");
        let budget = place.named("policy/v1", "PodDisruptionBudget", &format!("shop-{part}"));
        place.until(&budget, "one may be taken away", |live| live["status"]["disruptionsAllowed"] == 1).await;
        let pod = place.get(&place.named("v1", "Pod", &pods[0])).await;
        let spread = pod["spec"]["topologySpreadConstraints"].as_array().unwrap();
        let keys: Vec<&Value> = spread.iter().map(|one| &one["topologyKey"]).collect();
        assert_eq!(keys, ["kubernetes.io/hostname", "topology.kubernetes.io/zone"], "{part}");
    }
}

async fn the_databases_are_those_of_production(place: &Place) {
    for pod in ["shop-postgres-0", "shop-postgres-1"] {
        place.get(&place.named("v1", "Pod", pod)).await;
    }
    for claim in ["shop-redis-data", "shop-rabbit-data", "data-shop-postgres-0", "data-shop-postgres-1"] {
        let claim = place.named("v1", "PersistentVolumeClaim", claim);
        place.until(&claim, "bound", |live| live["status"]["phase"] == "Bound").await;
    }
}

/// As the kernel sees it.
async fn nobody_is_root(place: &Place) {
    let pods = place.list("v1", "Pod").await;
    let running: Vec<&Value> = pods.iter().filter(|pod| pod["status"]["phase"] == "Running").collect();
    assert!(running.len() >= 13, "nine of the App, and four of its databases: {}", running.len());
    for pod in running {
        let name = &pod["metadata"]["name"];
        let processes = processes::of_pod(pod["metadata"]["uid"].as_str().unwrap());
        assert!(!processes.is_empty(), "{name}");
        for process in processes {
            let is_root = process.says("Uid").split_whitespace().any(|user| user == "0");
            assert!(!is_root, "{name}: {process:#?}");
            for (right, has) in [("CapPrm", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2")] {
                assert_eq!(process.says(right), has, "{name}: {right} of {process:#?}");
            }
        }
        // Whatever is in a database could come by what its server's image may write.
        let is_server = pod["metadata"]["labels"]["app.kubernetes.io/name"] != "shop";
        let read_only = &pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"];
        assert!(!is_server || *read_only == true, "{name}");
        let has_token = pod["spec"]["automountServiceAccountToken"] != false;
        assert!(
            !has_token || pod["spec"]["serviceAccountName"] == "shop-postgres",
            "{name}: only who elects a primary asks the API"
        );
    }
}

/// Who empties a machine may take one pod, and has to wait for the next.
async fn one_at_a_time_may_be_taken_away(place: &Place) {
    let pods = place.pods_of("web").await;
    let answers = [place.evict(&pods[0]).await, place.evict(&pods[1]).await];
    assert_eq!(answers, [201, 429]);
    let budget = place.named("policy/v1", "PodDisruptionBudget", "shop-web");
    place.until(&budget, "another took its place", |live| live["status"]["disruptionsAllowed"] == 1).await;
}

async fn write(place: &Place, item: &str) {
    let mut database = place.login().await;
    sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(item).execute(&mut database).await.unwrap();
}

async fn written(place: &Place) -> Vec<String> {
    let written = "SELECT item FROM orders WHERE item LIKE '% the backup' ORDER BY id";
    sqlx::query_scalar(written).fetch_all(&mut place.login().await).await.unwrap()
}
