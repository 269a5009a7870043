//! Three Apps and all that they come to, byte for byte; and what a real API server says of it.

use std::fs;
use std::path::{Path, PathBuf};

use operator::app::{App, Seen, objects};
use secrets::MaskKey;
use serde_json::Value;

use super::server::Server;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The App of a file, with what else stands there seen.
pub(crate) fn read(text: &str) -> (App, Seen) {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let app = App::read(&documents[0]).unwrap();
    let unknown = operator::unknown_fields(&operator::app::KIND, &documents[0]);
    assert_eq!(unknown, Vec::<String>::new());
    let seen = Seen::from_objects(&app, &documents, MaskKey::from_bytes([7; 32]));
    (app, seen)
}

fn made(name: &str) -> Vec<Value> {
    let (app, seen) = read(&fs::read_to_string(file(&format!("{name}.yaml"))).unwrap());
    objects(&app, &seen).unwrap()
}

fn holds(name: &str) {
    is_as_written(name, &made(name));
}

/// Whether objects are byte for byte what a file of this folder holds.
pub(crate) fn is_as_written(name: &str, made: &[Value]) {
    let texts = made.iter().map(|one| serde_saphyr::to_string(one).unwrap());
    let text = texts.fold(String::new(), |text, one| text + "---\n" + &one);
    let path = file(&format!("{name}.expected.yaml"));
    if std::env::var_os("PINNACE_WRITE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} comes to other bytes: PINNACE_WRITE=1 scripts/cargo test -p operator --test it, and read the git diff"
    );
}

#[test]
fn a_small_app_for_development() {
    holds("dev");
}

#[test]
fn an_app_with_everything() {
    holds("prod");
}

#[test]
fn an_app_that_moved_in() {
    holds("moved");
}

#[tokio::test]
async fn a_real_api_server_takes_all_that_they_come_to() {
    let server = Server::new().await;
    let mut taken = Vec::new();
    for object in ["dev", "prod", "moved"].into_iter().flat_map(made) {
        // The Gateway API is not part of Kubernetes.
        if object["kind"] == "HTTPRoute" {
            continue;
        }
        let mut object = object;
        object["metadata"]["namespace"] = Value::from(server.namespace.clone());
        server.dry_run(&object).await.unwrap_or_else(|why| panic!("{object:#}\n{why}"));
        taken.push(object["kind"].as_str().unwrap().to_owned());
    }
    taken.sort();
    taken.dedup();
    assert_eq!(
        taken,
        [
            "ConfigMap",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Ingress",
            "Job",
            "PodDisruptionBudget",
            "PostgresDatabase",
            "RabbitVhost",
            "Redis",
            "Secret",
            "Service",
            "StatefulSet",
        ]
    );
}
