//! The words in braces that stand in paths and namespaces for names.

use model::{EnvironmentName, InstanceId};

/// Stands for the environment's name.
pub(super) const ENVIRONMENT: &str = "{environment}";
/// Stands for the instance's name.
pub(super) const INSTANCE: &str = "{instance}";

/// The template with the environment's name in it.
pub(super) fn fill(template: &str, environment: &EnvironmentName) -> String {
    template.replace(ENVIRONMENT, environment.as_str())
}

/// The template with both names in it.
pub(super) fn fill_all(template: &str, id: &InstanceId) -> String {
    fill(template, &id.environment).replace(INSTANCE, id.name.as_str())
}

/// Why this can't be the namespace of a project, and what can.
pub(super) fn namespace_fault(name: &str) -> Option<(String, &'static str)> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(inner) || name.starts_with('-') || name.ends_with('-') {
        let help = "use 1 to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit";
        return Some((format!("`{name}` is not a namespace's name"), help));
    }
    if name.starts_with("kube-") || name == "pinnace" {
        let whose = if name == "pinnace" { "Pinnace's own" } else { "Kubernetes' own" };
        return Some((format!("the namespace `{name}` is {whose}"), "give the project a namespace of its own"));
    }
    None
}
