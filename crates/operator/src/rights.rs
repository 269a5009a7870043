//! The rights that an operator needs, exactly.

use serde_json::{Value, json};

use crate::crd::GROUP;
use crate::kinds::KINDS;

const RBAC: &str = "rbac.authorization.k8s.io";
/// The name of the operator's service account, and of its roles and bindings.
pub const ACCOUNT: &str = "pinnace-operator";
const LOOK: &[&str] = &["get", "list", "watch"];
const MAKE: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

/// The operator's own namespace, its service account, and roles and bindings of an operator that keeps what is its own in `own` and looks after one namespace, or the
/// whole cluster where none is given. It has no `exec`, can give nobody
/// a right that it has not itself, and has none over what others made but to read it.
pub fn rights(own: &str, namespace: Option<&str>) -> Vec<Value> {
    let subject = json!({"kind": "ServiceAccount", "name": ACCOUNT, "namespace": own});
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": own}}),
    ];
    // Which cluster this is, as its own namespace says, and whether one goes with all in it.
    let mut of_cluster = vec![rule("", &["namespaces"], &["get"])];
    if let Some(namespace) = namespace {
        of_cluster[0]["resourceNames"] = json!(["kube-system", namespace]);
    }
    // Whether the definitions are of its version.
    let mut definitions = rule("apiextensions.k8s.io", &["customresourcedefinitions"], &["get"]);
    definitions["resourceNames"] = KINDS.iter().map(|kind| json!(format!("{}.{GROUP}", kind.plural))).collect();
    of_cluster.push(definitions);
    // Whether the class of an Ingress is there.
    of_cluster.push(rule("networking.k8s.io", &["ingressclasses"], &["get"]));
    match namespace {
        None => of_cluster.extend(looked_after()),
        Some(namespace) => objects.extend(role("Role", Some(namespace), ACCOUNT, &looked_after(), &subject)),
    }
    let name = namespace.map_or_else(|| ACCOUNT.to_owned(), |namespace| format!("{ACCOUNT}-{namespace}"));
    objects.extend(role("ClusterRole", None, &name, &of_cluster, &subject));
    let of_its_own = [
        rule("", &["configmaps"], &["get", "patch", "create"]),
        rule("", &["persistentvolumeclaims"], &["create", "get"]),
        rule("", &["secrets"], &["get", "create", "patch", "delete"]),
        rule("batch", &["jobs"], &["get", "create"]),
        rule("", &["events"], &["create"]),
        rule("coordination.k8s.io", &["leases"], &["get", "create", "update"]),
    ];
    objects.extend(role("Role", Some(own), &format!("{ACCOUNT}-own"), &of_its_own, &subject));
    objects
}

/// The command that prints the same, as somebody types it.
pub fn command_for_rights(own: &str, namespace: Option<&str>) -> String {
    let mut command = "pinnace operator rbac".to_owned();
    if let Some(namespace) = namespace {
        command.push_str(" --namespace ");
        command.push_str(namespace);
    }
    if own != cluster::Settings::default().own_namespace {
        command.push_str(" --own-namespace ");
        command.push_str(own);
    }
    command
}

/// What it does where it looks after things.
fn looked_after() -> Vec<Value> {
    let ours: Vec<&str> = KINDS.iter().map(|kind| kind.plural).collect();
    let status: Vec<String> = ours.iter().map(|plural| format!("{plural}/status")).collect();
    let finalizers: Vec<String> = ours.iter().map(|plural| format!("{plural}/finalizers")).collect();
    let texts = |all: &[String]| json!(all);
    vec![
        rule(GROUP, &ours, MAKE),
        json!({"apiGroups": [GROUP], "resources": texts(&status), "verbs": ["patch"]}),
        // Where it is asked for, what holds up the deletion of an owner needs this.
        json!({"apiGroups": [GROUP], "resources": texts(&finalizers), "verbs": ["update"]}),
        rule("", &["configmaps", "persistentvolumeclaims", "secrets", "services"], MAKE),
        rule("apps", &["deployments", "statefulsets"], MAKE),
        rule("autoscaling", &["horizontalpodautoscalers"], MAKE),
        rule("batch", &["jobs"], MAKE),
        rule("gateway.networking.k8s.io", &["httproutes"], MAKE),
        rule("networking.k8s.io", &["ingresses"], MAKE),
        rule("policy", &["poddisruptionbudgets"], MAKE),
        rule("", &["pods"], &["get", "list", "watch", "delete", "patch"]),
        rule("", &["serviceaccounts"], MAKE),
        // A role can only be given by who has all that is in it: the instances of a `cluster` database agree by these on who is primary.
        rule("", &["endpoints"], &["get", "list", "watch", "create", "patch", "update", "delete"]),
        rule(RBAC, &["roles", "rolebindings"], MAKE),
        rule("postgresql.cnpg.io", &["clusters"], MAKE),
        rule("apps", &["controllerrevisions", "replicasets"], LOOK),
        rule("", &["events"], &["get", "list", "watch", "create"]),
    ]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn role(kind: &str, namespace: Option<&str>, name: &str, rules: &[Value], subject: &Value) -> [Value; 2] {
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    let api_version = format!("{RBAC}/v1");
    let reference = json!({"apiGroup": RBAC, "kind": kind, "name": name});
    [
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules}),
        json!({"apiVersion": api_version, "kind": format!("{kind}Binding"), "metadata": metadata, "roleRef": reference, "subjects": [subject]}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_for_rights_names_what_is_not_usual() {
        assert_eq!(command_for_rights("pinnace-system", None), "pinnace operator rbac");
        let of_one = command_for_rights("own", Some("shop"));
        assert_eq!(of_one, "pinnace operator rbac --namespace shop --own-namespace own");
    }
}
