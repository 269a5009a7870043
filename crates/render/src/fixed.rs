//! What can't change in place: found by comparing with what was rendered before, so that people are told when they are asked, and not
//! when it is applied.

use serde_json::Value;

use crate::error::Place;
use crate::object::{Object, ObjectKey};
use crate::rendering::Rendered;

/// A field that the cluster would not let change.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// Whose.
    pub object: ObjectKey,
    /// Where it stands.
    pub place: Place,
    /// Which, as `spec.template`.
    pub field: String,
    /// Whether the object may be deleted and made anew for it.
    pub may_be_replaced: bool,
}

/// Fields that Kubernetes does not let change, by group and kind.
const FIXED: &[(&str, &str, &[&str])] = &[
    ("batch", "Job", &["spec.template", "spec.selector", "spec.completionMode", "spec.podFailurePolicy"]),
    ("apps", "Deployment", &["spec.selector"]),
    ("apps", "DaemonSet", &["spec.selector"]),
    ("apps", "ReplicaSet", &["spec.selector"]),
    (
        "apps",
        "StatefulSet",
        &["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
    ),
    (
        "",
        "PersistentVolumeClaim",
        &[
            "spec.accessModes",
            "spec.storageClassName",
            "spec.volumeName",
            "spec.volumeMode",
            "spec.selector",
            "spec.dataSource",
        ],
    ),
    ("", "Service", &["spec.clusterIP"]),
    ("", "Secret", &["type"]),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &["roleRef"]),
];

/// Settings that say of themselves that they never change.
const DATA: &[&str] = &["data", "binaryData", "immutable"];

/// What differs from before, and can't.
pub fn fixed(before: &Rendered, after: &Rendered) -> Vec<Fixed> {
    let mut found = Vec::new();
    for now in &after.objects {
        let Some(old) = before.objects.iter().find(|old| old.key == now.key) else { continue };
        let field = fields(old).into_iter().find(|field| differs(&old.value, &now.value, field));
        found.extend(field.map(|field| Fixed {
            object: now.key.clone(),
            place: now.place.clone(),
            field: (*field).to_owned(),
            may_be_replaced: now.may_be_replaced() && !crate::is_data_kind(&now.key.group, &now.key.kind),
        }));
    }
    found
}

fn fields(old: &Object) -> Vec<&'static str> {
    let (group, kind) = (old.key.group.as_str(), old.key.kind.as_str());
    let of_kind = FIXED.iter().find(|(g, k, _)| (*g, *k) == (group, kind));
    let mut fields: Vec<&str> = of_kind.map(|(_, _, fields)| fields.to_vec()).unwrap_or_default();
    let is_sealed = group.is_empty() && matches!(kind, "ConfigMap" | "Secret") && old.value["immutable"] == true;
    if is_sealed {
        fields.extend(DATA);
    }
    fields
}

fn differs(old: &Value, now: &Value, field: &str) -> bool {
    let pointer = format!("/{}", field.replace('.', "/"));
    match (old.pointer(&pointer), now.pointer(&pointer)) {
        // What is not written is filled in by the cluster, and stays.
        (None, _) | (_, None) => field == "immutable" && old.pointer(&pointer) != now.pointer(&pointer),
        (old, now) => old != now,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrets::MaskKey;

    use super::*;
    use crate::rendering::{RenderContext, render};

    fn rendered(yaml: &str) -> Rendered {
        let key = MaskKey::from_bytes([7; 32]);
        let files = BTreeMap::from([("all.yaml".to_owned(), yaml.as_bytes().to_vec())]);
        render(&files, &RenderContext { namespace: "shop", cluster_kinds: &[], key: &key }).unwrap()
    }

    fn between(old: &str, new: &str) -> Vec<String> {
        let found = fixed(&rendered(old), &rendered(new));
        found.iter().map(|one| format!("{} {} {}", one.object.name, one.field, one.may_be_replaced)).collect()
    }

    #[test]
    fn a_job_has_one_template_for_good() {
        let job = |image: &str, annotations: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate{annotations}}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}\n"
            )
        };
        assert_eq!(between(&job("a:1", ""), &job("a:1", "")), Vec::<String>::new());
        assert_eq!(between(&job("a:1", ""), &job("a:2", "")), ["migrate spec.template false"]);
        let replace = ", annotations: {pinnace.dev/replace: 'true'}";
        assert_eq!(between(&job("a:1", ""), &job("a:2", replace)), ["migrate spec.template true"]);
    }

    #[test]
    fn data_is_never_replaced_and_sealed_settings_stay() {
        let claim = |class: &str| {
            format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, annotations: {{pinnace.dev/replace: 'true'}}}}\nspec: {{storageClassName: {class}}}\n"
            )
        };
        assert_eq!(between(&claim("a"), &claim("b")), ["data spec.storageClassName false"]);
        let map = |value: &str, sealed: &str| {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{A: {value}}}\n{sealed}")
        };
        assert_eq!(between(&map("a", ""), &map("b", "")), Vec::<String>::new());
        assert_eq!(between(&map("a", "immutable: true\n"), &map("b", "immutable: true\n")), ["settings data false"]);
    }
}
