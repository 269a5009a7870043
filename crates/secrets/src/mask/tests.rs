use proptest::prelude::*;
use serde_json::json;

use super::*;

fn key() -> MaskKey {
    MaskKey::from_bytes([7; 32])
}

#[test]
fn equal_values_look_equal_and_changed_ones_changed() {
    let mask = |object: Value| mask_object(&object, &key());
    let one = mask(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="}}));
    let same = mask(json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hunter2"}}));
    let other = mask(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMw=="}}));
    assert_eq!(one["data"]["a"], same["stringData"]["a"]);
    assert_ne!(one["data"]["a"], other["data"]["a"]);
    assert_ne!(
        one["data"]["a"],
        mask_object(&json!({"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}), &MaskKey::from_bytes([8; 32]))["data"]["a"]
    );
}

#[test]
fn a_planted_value_is_nowhere_in_what_is_shown() {
    let plain = "canary-7f3a";
    let packed = STANDARD.encode(plain);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "db",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":{{\"a\":\"{packed}\"}}}}"),
                "some.tool/copy": format!("{{\"a\":\"{plain}\"}}"),
                "note": "kept",
            },
            "managedFields": [{"manager": plain}],
        },
        "data": {"a": packed, "odd": 5, "broken": format!("%{plain}")},
        "stringData": {"b": plain, "nested": {"c": plain}},
    });
    let nested = json!({"apiVersion": "x.example/v1", "kind": "Wrapper", "spec": {"template": secret.clone()}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret.clone()]});
    let invalid = json!({"apiVersion": "v1", "kind": "Secret", "data": plain, "stringData": [plain]});
    for object in [secret.clone(), nested, list, invalid] {
        let shown = mask_object(&object, &key()).to_string();
        assert!(!shown.contains(plain) && !shown.contains(&packed), "{shown}");
    }
    assert_eq!(mask_object(&secret, &key())["metadata"]["annotations"]["note"], "kept");
}

#[test]
fn other_objects_stay_as_they_are() {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}});
    assert_eq!(mask_object(&object, &key()), object);
}

#[test]
fn the_values_of_a_secret_are_given_decoded() {
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVy\nMg=="}, "stringData": {"b": "x"}});
    let values: Vec<_> = secret_values(&secret).iter().map(|value| value.expose().to_owned()).collect();
    assert_eq!(values, ["hunter2", "x"]);
}

proptest! {
    #[test]
    fn no_value_of_a_secret_comes_through(values in prop::collection::btree_map("[a-z]{1,8}", "[A-Za-z0-9]{12,40}", 1..6)) {
        let data: Map<String, Value> = values.iter().map(|(k, v)| (k.clone(), json!(STANDARD.encode(v)))).collect();
        let plain: Map<String, Value> = values.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let shown = mask_object(&json!({"apiVersion": "v1", "kind": "Secret", "data": data, "stringData": plain}), &key()).to_string();
        for value in values.values() {
            prop_assert!(!shown.contains(value) && !shown.contains(&STANDARD.encode(value)));
        }
    }
}
