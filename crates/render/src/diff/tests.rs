use std::collections::BTreeMap;

use super::*;
use crate::rendering::{RenderContext, render};

fn rendered(yaml: &str) -> Rendered {
    let key = key();
    let context = RenderContext { namespace: "todo", cluster_kinds: &[], key: &key };
    render(&BTreeMap::from([("a.yaml".to_owned(), yaml.as_bytes().to_vec())]), &context).unwrap()
}

fn key() -> MaskKey {
    MaskKey::from_bytes([1; 32])
}

fn text(old: &str, new: &str) -> String {
    rendered_diff(Some(&rendered(old)), &rendered(new), &key()).to_text()
}

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: 'registry.example/shop:1'}]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: canary-one}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  app.ini: |
    one
    two
    three
";

#[test]
fn the_same_twice_is_no_change() {
    assert!(rendered_diff(Some(&rendered(WEB)), &rendered(WEB), &key()).is_empty());
}

#[test]
fn a_new_version_is_one_line() {
    assert_eq!(
        text(WEB, &WEB.replace("shop:1", "shop:2")),
        "~ Deployment todo/web\n  ~ spec.template.spec.containers[web].image: registry.example/shop:1 -> registry.example/shop:2\n"
    );
}

#[test]
fn a_changed_secret_is_seen_and_not_shown() {
    let new = WEB.replace("canary-one", "canary-two");
    assert_eq!(text(WEB, &new), "~ Secret todo/db\n  ~ data.password: •••• changed\n");
    let diff = rendered_diff(Some(&rendered(WEB)), &rendered(&new), &key());
    assert!(!format!("{diff:?}").contains("canary") && !format!("{diff:?}").contains("Y2FuYX"));
}

#[test]
fn a_changed_file_is_shown_line_by_line() {
    assert_eq!(
        text(WEB, &WEB.replace("    two\n", "    2\n")),
        "~ ConfigMap todo/settings\n    data[\"app.ini\"]:\n      one\n    - two\n    + 2\n      three\n"
    );
}

#[test]
fn objects_come_and_go_by_name() {
    let other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: other}, data: {a: b}}";
    let diff = text(WEB, other);
    assert!(diff.starts_with("+ ConfigMap todo/other\n  + apiVersion: v1\n  + data.a: b\n"), "{diff}");
    assert!(diff.ends_with("- Deployment todo/web\n- ConfigMap todo/settings\n- Secret todo/db\n"), "{diff}");
    assert!(rendered_diff(None, &rendered(other), &key()).objects.iter().all(|object| object.change == Change::Added));
}

#[test]
fn a_container_more_does_not_change_the_others() {
    let new = WEB.replace("containers: [", "containers: [{name: log, image: x}, ");
    assert_eq!(
        text(WEB, &new),
        "~ Deployment todo/web\n  + spec.template.spec.containers[log].image: x\n  + spec.template.spec.containers[log].name: log\n"
    );
}

#[test]
fn a_secret_that_stands_where_a_value_is_cut_is_taken_out_whole() {
    let redactor = secrets::Redactor::new();
    redactor.register("correct horse battery staple");
    let settings = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: \"{value}\"}}\n")
    };
    let long = format!("{}correct horse battery staple", "x ".repeat(95));
    let diff = rendered_diff(Some(&rendered(&settings("a"))), &rendered(&settings(&long)), &key());
    let shown = diff.redacted(&redactor).to_text();
    assert!(shown.contains("data.a") && shown.contains("x x •••") && !shown.contains("correct"), "{shown}");
}
