//! Whether an apply would change nothing, told from the live object alone: what we own is what we want, and has the values that we
//! want.
//!
//! Where this can't tell it says no, and an apply that changes nothing follows.

use serde_json::{Map, Value};

use crate::managed_fields::Step;
use crate::mark::FIELD_MANAGER;
use crate::take_back::to_take_back;

/// What stands for itself and is no field that anybody owns.
const NAMES: &[(&str, &str)] = &[("", "apiVersion"), ("", "kind"), ("metadata", "name"), ("metadata", "namespace")];
/// What API servers put into parts that are owned as a whole.
const FILLED_IN: &[(&str, &str)] = &[("apiVersion", "v1"), ("status", "True"), ("protocol", "TCP")];

/// Whether an apply of `desired` would leave `live` as it is, and nobody's tool changed it.
pub(crate) fn is_settled(live: &Value, desired: &Value) -> bool {
    let Some(owned) = applied(live) else { return false };
    to_take_back(live).is_empty() && object(owned, desired, live, "")
}

/// What our applies own.
fn applied(live: &Value) -> Option<&Map<String, Value>> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let ours = |entry: &&Value| {
        let is = |name: &str, value: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default() == value;
        is("manager", FIELD_MANAGER) && is("operation", "Apply") && is("subresource", "")
    };
    entries.iter().find(ours)?.get("fieldsV1")?.as_object()
}

fn object(owned: &Map<String, Value>, desired: &Value, live: &Value, at: &str) -> bool {
    let Some(fields) = desired.as_object() else { return false };
    let is_name = |name: &String| NAMES.contains(&(at, name.as_str()));
    let wanted = |name: &String, value: &Value| {
        let (Some(owned), Some(live)) = (owned.get(&format!("f:{name}")), live.get(name)) else { return false };
        owned.as_object().is_some_and(|owned| part(owned, value, live, if at.is_empty() { name } else { "/" }))
    };
    let mut ours = owned.keys().filter_map(|key| key.strip_prefix("f:"));
    fields.iter().all(|(name, value)| is_name(name) || wanted(name, value))
        && ours.all(|name| fields.contains_key(name))
}

fn part(owned: &Map<String, Value>, desired: &Value, live: &Value, at: &str) -> bool {
    if owned.keys().all(|key| key == ".") {
        return whole(desired, live);
    }
    match desired {
        Value::Object(_) => object(owned, desired, live, at),
        Value::Array(items) => {
            let mut steps = owned.iter().filter(|(key, _)| *key != ".");
            let is_so = |(key, inner): (&String, &Value)| {
                let (Some(step), Some(inner)) = (Step::parse(key), inner.as_object()) else { return false };
                match (step.of(desired), step.of(live)) {
                    (Some(desired), Some(live)) => part(inner, desired, live, "/"),
                    _ => false,
                }
            };
            items.len() == owned.keys().filter(|key| *key != ".").count() && steps.all(is_so)
        }
        _ => false,
    }
}

/// What is owned as a whole. What more is there was there before, but for what servers fill in.
fn whole(desired: &Value, live: &Value) -> bool {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => {
            let filled_in = |(name, value): (&String, &Value)| {
                desired.contains_key(name) || FILLED_IN.iter().any(|(field, filled)| name == field && value == filled)
            };
            desired.iter().all(|(name, value)| live.get(name).is_some_and(|live| whole(value, live)))
                && (desired.is_empty() || live.iter().all(filled_in))
        }
        (Value::Array(desired), Value::Array(live)) => {
            desired.len() == live.len() && desired.iter().zip(live).all(|(desired, live)| whole(desired, live))
        }
        (desired, live) => desired == live || is_same_quantity(desired, live),
    }
}

/// `1000m` is kept as `1`.
fn is_same_quantity(one: &Value, other: &Value) -> bool {
    let quantity = |value: &Value| match value {
        Value::String(text) => quantity(text),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    matches!((quantity(one), quantity(other)), (Some(one), Some(other)) if (one - other).abs() <= one.abs() * 1e-12)
}

/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
fn quantity(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)? {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "u", "labels": {"a": "b", "theirs": "x"}, "managedFields": [
                {"manager": "pinnace", "operation": "Apply", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:a": {}}},
                    "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                        ".": {}, "f:name": {}, "f:image": {}, "f:resources": {"f:requests": {"f:cpu": {}}},
                        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}}},
                {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
            ]},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [
                {"name": "web", "image": "shop:1", "imagePullPolicy": "Always", "resources": {"requests": {"cpu": "1"}},
                    "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}}},
            "status": {"replicas": 2},
        })
    }

    fn desired() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [
                {"name": "web", "image": "shop:1", "resources": {"requests": {"cpu": "1000m"}}, "ports": [{"containerPort": 80}]}]}}},
        })
    }

    #[test]
    fn what_is_as_desired_is_settled_whatever_servers_filled_in() {
        assert!(is_settled(&live(), &desired()));
    }

    #[test]
    fn another_value_a_new_field_and_one_that_is_no_longer_wanted_are_not() {
        let changed = |pointer: &str, value: Value| {
            let mut desired = desired();
            *desired.pointer_mut(pointer).unwrap() = value;
            is_settled(&live(), &desired)
        };
        let container = "/spec/template/spec/containers/0";
        assert!(!changed("/spec/replicas", json!(3)));
        assert!(!changed("/metadata/labels", json!({"a": "b", "new": "c"})));
        assert!(!changed("/metadata/labels", json!({})));
        assert!(!changed(&format!("{container}/resources/requests/cpu"), json!("2")));
        assert!(!changed(&format!("{container}/ports"), json!([])));
        assert!(!changed("/spec/selector/matchLabels", json!({"a": "c"})));
        let more = json!([{"name": "web", "image": "shop:1"}, {"name": "side", "image": "side:1"}]);
        assert!(!changed("/spec/template/spec/containers", more));
    }

    #[test]
    fn what_is_owned_as_a_whole_may_have_no_more_than_is_wanted() {
        let mut live = live();
        live["spec"]["selector"]["matchLabels"]["old"] = json!("x");
        assert!(!is_settled(&live, &desired()));
    }

    #[test]
    fn what_a_person_changed_or_nobody_of_us_applied_is_not() {
        let mut edited = live();
        edited["metadata"]["managedFields"]
            .as_array_mut()
            .unwrap()
            .push(json!({"manager": "kubectl-edit", "operation": "Update",
            "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {"f:paused": {}}}}));
        assert!(!is_settled(&edited, &desired()));
        let mut others = live();
        others["metadata"]["managedFields"][0]["manager"] = json!("helm");
        assert!(!is_settled(&others, &desired()));
    }
}
