//! Fields that a definition in a cluster lacks, because it is older than we are.

use serde_json::Value;

use super::{Kind, VERSION};

/// The paths of fields of the kind that a live CRD does not have, as in `status.backup`; nothing below a field that is missing itself.
pub(crate) fn missing_fields(kind: &Kind, live: &Value) -> Vec<String> {
    let ours = super::root(kind);
    let versions = live["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let theirs = versions.iter().find(|version| version["name"] == VERSION && version["served"] == true);
    let theirs = theirs.map_or(&Value::Null, |version| &version["schema"]["openAPIV3Schema"]);
    let mut found = Vec::new();
    below(&ours, theirs, "", &mut found);
    found
}

fn below(ours: &Value, theirs: &Value, path: &str, found: &mut Vec<String>) {
    // What takes anything lacks nothing.
    if theirs["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    for (name, field) in ours["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match theirs["properties"].get(name) {
            Some(theirs) => below(field, theirs, &path, found),
            None => found.push(path),
        }
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
        if let (Some(ours), Some(theirs)) = (ours.get(key), theirs.get(key)) {
            below(ours, theirs, &format!("{path}{mark}"), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::crd;
    use crate::kinds::KINDS;

    fn without(kind: &str, path: &str) -> Vec<String> {
        let kind = KINDS.iter().find(|one| one.kind == kind).unwrap();
        let mut live = crd(kind);
        let root = "/spec/versions/0/schema/openAPIV3Schema/properties";
        let (parent, name) = path.rsplit_once('/').unwrap();
        let parent = live.pointer_mut(&format!("{root}{parent}")).unwrap();
        assert!(parent.as_object_mut().unwrap().remove(name).is_some(), "{path}");
        missing_fields(kind, &live)
    }

    #[test]
    fn nothing_is_missing_from_a_definition_of_today() {
        for kind in KINDS {
            assert_eq!(missing_fields(kind, &crd(kind)), [""; 0], "{}", kind.kind);
        }
    }

    #[test]
    fn a_field_that_came_later_is_named_wherever_it_stands() {
        assert_eq!(without("App", "/status/properties/backup"), ["status.backup"]);
        assert_eq!(
            without("App", "/spec/properties/processes/additionalProperties/properties/replicas"),
            ["spec.processes.*.replicas"]
        );
        assert_eq!(
            without("App", "/status/properties/conditions/items/properties/message"),
            ["status.conditions[].message"]
        );
    }

    #[test]
    fn a_definition_without_our_version_lacks_everything() {
        let kind = KINDS.first().unwrap();
        let mut live = crd(kind);
        live["spec"]["versions"][0]["name"] = "v1alpha0".into();
        assert_eq!(missing_fields(kind, &live), ["apiVersion", "kind", "metadata", "spec", "status"]);
    }
}
