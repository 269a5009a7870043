//! What the pods of a server may do in its namespace: agree on who is primary, and say so. They may change nothing but their own.

use serde_json::{Value, json};

use super::build::COMPONENT;
use crate::local::Server;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Their account, role and its binding.
pub(super) fn build(server: &Server, instances: u32) -> [Value; 3] {
    let name = server.name.as_str();
    let account = server.object("v1", "ServiceAccount", name, COMPONENT);
    let version = format!("{GROUP}/v1");
    let mut role = server.object(&version, "Role", name, COMPONENT);
    let endpoints = ["", "-config", "-sync", "-failover"].map(|end| format!("{name}{end}"));
    let pods: Vec<String> = (0..instances).map(|number| format!("{name}-{number}")).collect();
    role["rules"] = json!([
        // What is made or listed can't be told by its name.
        {"apiGroups": [""], "resources": ["endpoints"], "verbs": ["create", "list", "watch"]},
        {"apiGroups": [""], "resources": ["endpoints"], "resourceNames": endpoints, "verbs": ["get", "patch", "update", "delete"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["pods"], "resourceNames": pods, "verbs": ["get", "patch"]},
    ]);
    let mut binding = server.object(&version, "RoleBinding", name, COMPONENT);
    binding["roleRef"] = json!({"apiGroup": GROUP, "kind": "Role", "name": name});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "name": name, "namespace": server.namespace}]);
    [account, role, binding]
}
