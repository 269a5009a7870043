//! Kubeconfig files, written as JSON (which is YAML).

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Access, DevClusterError};

/// Writes a kubeconfig with one context a cluster; the first is the current one.
pub(super) fn write(path: &Path, contexts: &[(&str, &Access)]) -> Result<(), DevClusterError> {
    let all = |make: fn(&str, &Access) -> serde_json::Value| -> Vec<_> {
        contexts.iter().map(|(name, access)| make(name, access)).collect()
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts.first().map(|(name, _)| name),
        "clusters": all(|name, access| json!({
            "name": name,
            "cluster": {"server": access.server, "certificate-authority": access.ca},
        })),
        "users": all(|name, access| json!({"name": name, "user": {"token": access.token}})),
        "contexts": all(|name, _| json!({"name": name, "context": {"cluster": name, "user": name}})),
    });
    fs::write(path, format!("{config:#}\n")).map_err(DevClusterError::io(format!("write {}", path.display())))
}
