//! The CRDs that are checked in.

use std::fs;
use std::path::{Path, PathBuf};

use operator::{KINDS, crd};
use serde_json::Value;

use super::server::Server;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds")
}

#[test]
fn the_crds_that_are_checked_in_are_what_the_types_say() {
    let write = std::env::var_os("PINNACE_WRITE").is_some();
    let mut wanted: Vec<String> = Vec::new();
    for kind in KINDS {
        let (name, text) = (format!("{}.yaml", kind.plural), serde_saphyr::to_string(&crd(kind)).unwrap());
        let path = folder().join(&name);
        if write {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "crds/{name} is old: PINNACE_WRITE=1 scripts/cargo test -p operator checked_in");
        wanted.push(name);
    }
    let there = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = there.filter(|name| !wanted.contains(name)).collect();
    assert_eq!(left, Vec::<String>::new(), "these belong to no kind");
}

#[test]
fn the_kinds_stand_in_order() {
    assert!(KINDS.is_sorted_by_key(|kind| kind.kind));
}

#[test]
fn every_field_has_a_text_for_kubectl_explain() {
    fn below(schema: &Value, path: &str, without: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let told = field["description"].as_str().is_some_and(|text| text.ends_with('.') || text.contains("\n\n`"));
            if !told && !matches!(path.as_str(), ".metadata") {
                without.push(path.clone());
            }
            below(field, &path, without);
        }
        for key in ["items", "additionalProperties"] {
            if schema[key].is_object() {
                below(&schema[key], path, without);
            }
        }
    }
    let mut without = Vec::new();
    for kind in KINDS {
        below(&crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "", &mut without);
    }
    assert_eq!(without, Vec::<String>::new());
}

#[tokio::test]
async fn a_real_api_server_takes_them_and_serves_their_short_names() {
    let server = Server::new().await;
    let served = server.get("/apis/pinnace.dev/v1alpha1").await.unwrap();
    let names = |kind: &str| {
        let resources = served["resources"].as_array().unwrap().iter();
        let found = resources.clone().find(|one| one["kind"] == kind).unwrap();
        (found["singularName"].clone(), found["shortNames"].clone(), found["categories"].clone())
    };
    for kind in KINDS {
        let expected = (Value::from(kind.singular), Value::from(vec![kind.short]), Value::from(vec!["pinnace"]));
        assert_eq!(names(kind.kind), expected);
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.pinnace.dev", kind.plural);
        let live = server.get(&path).await.unwrap();
        let bad = live["status"]["conditions"].as_array().unwrap().iter();
        let bad: Vec<&Value> =
            bad.filter(|one| one["type"] == "NonStructuralSchema" || one["status"] == "False").collect();
        assert_eq!(bad, Vec::<&Value>::new(), "{}", kind.kind);
    }
}
