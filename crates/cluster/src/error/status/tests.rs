use serde_json::json;

use super::*;
use crate::key::{KindKey, ObjectKey};

const PROD: Whose<'static> = Whose { context: "prod", command_for_rights: "pinnace operator rbac" };

fn call(kind: &str) -> Call {
    let object = ObjectKey { kind: KindKey::new("v1", kind), namespace: Some("shop".into()), name: "x".into() };
    Call::on("patch", "things", &object)
}

fn error(kind: &str, code: u16, message: &str) -> ClusterError {
    let body = json!({"kind": "Status", "code": code, "message": message, "status": "Failure"}).to_string();
    refused(&PROD, &call(kind), code, body.as_bytes())
}

#[test]
fn a_missing_right_names_verb_resource_and_the_way_out() {
    let text =
        r#"deployments.apps "web" is forbidden: User "u" cannot create resource "deployments" in API group "apps""#;
    let shown = error("Pod", 403, text).to_string();
    assert!(shown.contains("not allowed to create things in namespace shop: `pinnace operator rbac`"), "{shown}");
}

#[test]
fn a_full_quota_and_a_refusing_policy_are_no_missing_rights() {
    let quota = error("Pod", 403, r#"pods "x" is forbidden: exceeded quota: tiny, requested: pods=1"#);
    assert!(matches!(&quota, ClusterError::Quota { message, .. } if message.starts_with("tiny")), "{quota}");
    let policy = error("Pod", 403, r#"pods "x" is forbidden: violates PodSecurity "restricted:latest""#);
    assert!(matches!(policy, ClusterError::Denied { .. }), "{policy}");
}

#[test]
fn an_immutable_field_reads_as_a_sentence() {
    let go = r#"spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"hunter2"}}: field is immutable"#;
    assert_eq!(without_values(go), "spec.template: field is immutable");
    let json = r#"spec.selector: Invalid value: {"matchLabels":{"a":"}: "}}: field is immutable"#;
    assert_eq!(without_values(json), "spec.selector: field is immutable");
}

#[test]
fn invalid_values_are_left_out_and_the_reason_stays() {
    assert_eq!(
        without_values("port: Invalid value: 99999: must be between 1 and 65535"),
        "port: must be between 1 and 65535"
    );
    assert_eq!(without_values(r#"name: Invalid value: "a\"b: c": must be a label"#), "name: must be a label");
    assert_eq!(
        without_values(".data.x: expected string, got &value.valueUnstructured{Value:42}"),
        ".data.x: expected string"
    );
}

#[test]
fn an_error_about_a_secret_shows_none_of_its_text() {
    let shown = error("Secret", 400, r#"Secret in version "v1" cannot be handled: hunter2"#);
    assert!(!format!("{shown} {shown:?}").contains("hunter2"), "{shown}");
}

#[test]
fn a_missing_namespace_is_said_as_one() {
    let body = json!({"kind": "Status", "code": 404, "message": "namespaces \"shop\" not found", "reason": "NotFound",
        "details": {"name": "shop", "kind": "namespaces"}});
    let error = refused(&PROD, &call("Pod"), 404, body.to_string().as_bytes());
    assert_eq!(error.to_string(), "namespace shop does not exist: create it or set createNamespace");
}

proptest::proptest! {
    #[test]
    fn no_text_of_a_server_breaks_the_reading_of_it(text in "(Invalid value: |, got &value\\.|[{}\"\\[\\]: \\\\é]|[a-z]){0,40}") {
        let _ = without_values(&text);
        let _ = error("Secret", 422, &text);
    }

    #[test]
    fn a_quoted_value_never_shows_whatever_is_in_it(value in "[^\u{0}-\u{1f}]{0,30}") {
        let quoted = format!("{:?}", format!("hunter2{value}"));
        let shown = without_values(&format!("data: Invalid value: {quoted}: must be short"));
        proptest::prop_assert_eq!(shown, "data: must be short");
    }
}
