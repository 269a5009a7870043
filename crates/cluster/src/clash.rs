//! New objects that can't become Current while old ones live (design 9.3).
//!
//! Old objects are pruned only after the new ones are Current, so a new object that needs what an old one holds would wait for
//! ever. That is refused before the first write, unless the new one's manifest says `pinnace.dev/replace: "true"`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dry_run::Refusal;
use crate::key::ObjectKey;

/// Set to `"true"` in a manifest, it lets a new object wait for an old one that holds what it needs.
pub const REPLACE_ANNOTATION: &str = "pinnace.dev/replace";

/// The refusals of new objects that need what a leaving object holds. `leaving` are live objects that would be pruned after.
pub fn clashes(new: &[(ObjectKey, &Value)], leaving: &[(ObjectKey, &Value)]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (key, object) in new.iter().filter(|(_, object)| !may_replace(object)) {
        let needs = exclusive(key, object);
        let holder = leaving.iter().find_map(|(old, live)| {
            let held = exclusive(old, live);
            needs.intersection(&held).next().map(|what| (old, what.clone()))
        });
        if let Some((old, what)) = holder {
            let message = format!(
                "it needs {what}, which {old} holds until it is pruned: keep the old name, or set `{REPLACE_ANNOTATION}: \"true\"`"
            );
            refusals.push(Refusal { key: key.clone(), message });
        }
    }
    refusals
}

pub(crate) fn may_replace(object: &Value) -> bool {
    object["metadata"]["annotations"][REPLACE_ANNOTATION] == "true"
}

/// What only one object at a time can have, in words.
fn exclusive(key: &ObjectKey, object: &Value) -> BTreeSet<String> {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    match key.kind.kind.as_str() {
        "Service" => ports(object, "nodePort").map(|port| format!("node port {port}")).collect(),
        "Ingress" => hosts(object).map(|host| format!("the host {host}")).collect(),
        "Deployment" | "StatefulSet" | "ReplicaSet" | "Pod" => volumes(object)
            .map(|claim| format!("the volume claim {namespace}/{claim}"))
            .chain(host_ports(object).map(|port| format!("host port {port}")))
            .collect(),
        _ => BTreeSet::new(),
    }
}

fn ports<'a>(service: &'a Value, field: &'a str) -> impl Iterator<Item = i64> + 'a {
    items(&service["spec"]["ports"]).filter_map(move |port| port[field].as_i64()).filter(|port| *port > 0)
}

fn hosts(ingress: &Value) -> impl Iterator<Item = String> {
    items(&ingress["spec"]["rules"]).flat_map(|rule| {
        let host = rule["host"].as_str().unwrap_or("*");
        items(&rule["http"]["paths"]).map(move |path| format!("{host}{}", path["path"].as_str().unwrap_or("/")))
    })
}

fn volumes(workload: &Value) -> impl Iterator<Item = &str> {
    items(&pod_spec(workload)["volumes"]).filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str())
}

fn host_ports(workload: &Value) -> impl Iterator<Item = i64> {
    items(&pod_spec(workload)["containers"])
        .flat_map(|container| items(&container["ports"]))
        .filter_map(|port| port["hostPort"].as_i64())
}

fn pod_spec(workload: &Value) -> &Value {
    workload.pointer("/spec/template/spec").unwrap_or(&workload["spec"])
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, name: &str, spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
    }

    fn refused(new: &Value, old: &Value) -> Option<String> {
        let found = clashes(&[(ObjectKey::of(new), new)], &[(ObjectKey::of(old), old)]);
        found.first().map(|refusal| refusal.message.clone())
    }

    #[test]
    fn what_an_old_object_holds_can_not_be_taken_before_it_is_gone() {
        let port = json!({"ports": [{"port": 80, "nodePort": 30080}]});
        let host = json!({"rules": [{"host": "shop.example.org", "http": {"paths": [{"path": "/"}]}}]});
        let claim = json!({"template": {"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}}});
        for (kind, spec, what) in [
            ("Service", port, "node port 30080"),
            ("Ingress", host, "the host shop.example.org/"),
            ("Deployment", claim, "the volume claim shop/data"),
        ] {
            let (old, mut new) = (object(kind, "old", spec.clone()), object(kind, "new", spec));
            assert!(refused(&new, &old).unwrap().contains(what), "{kind}");
            new["metadata"]["annotations"] = json!({REPLACE_ANNOTATION: "true"});
            assert_eq!(refused(&new, &old), None);
        }
    }

    #[test]
    fn objects_that_share_nothing_stand_side_by_side() {
        let service =
            |name: &str, port: i64| object("Service", name, json!({"ports": [{"port": 80, "nodePort": port}]}));
        assert_eq!(refused(&service("new", 30081), &service("old", 30080)), None);
        let plain = |name: &str| object("Service", name, json!({"ports": [{"port": 80}]}));
        assert_eq!(refused(&plain("new"), &plain("old")), None);
    }
}
