//! Which of the rights that we need we do not have: asked of the cluster, one by one.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use crate::client::{Call, ClusterClient, JSON, Query};
use crate::error::ClusterError;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// Questions at once.
const AT_ONCE: usize = 8;

/// One right, as the cluster is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    namespace: String,
    verb: String,
    group: String,
    resource: String,
    name: String,
}

impl std::fmt::Display for Right {
    /// `patch deployments.apps in shop`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { namespace, verb, group, resource, name } = self;
        write!(f, "{verb} {resource}")?;
        if !group.is_empty() {
            write!(f, ".{group}")?;
        }
        if !name.is_empty() {
            write!(f, " `{name}`")?;
        }
        if namespace.is_empty() { write!(f, " outside of namespaces") } else { write!(f, " in {namespace}") }
    }
}

impl ClusterClient {
    /// Which rights of these roles ([`super::rbac_objects`]) the cluster says that we do not have, in words. Any account may ask that
    /// about itself.
    pub async fn missing_rights(&self, roles: &[Value]) -> Result<Vec<String>, ClusterError> {
        let rights = roles.iter().flat_map(rights_of);
        let asked = futures::stream::iter(rights).map(|right| async move {
            let has = self.has(&right).await?;
            Ok::<_, ClusterError>((!has).then(|| right.to_string()))
        });
        let missing: Vec<Option<String>> = asked.buffered(AT_ONCE).try_collect().await?;
        Ok(missing.into_iter().flatten().collect())
    }

    async fn has(&self, right: &Right) -> Result<bool, ClusterError> {
        let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
        let attributes = json!({"namespace": right.namespace, "verb": right.verb, "group": right.group,
            "resource": resource, "subresource": subresource, "name": right.name});
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes}});
        let call = Call::other("create", "selfsubjectaccessreviews.authorization.k8s.io");
        let answer = self.send(&call, http::Method::POST, REVIEWS, &Query::new(), Some((JSON, &review))).await?;
        Ok(answer.body.pointer("/status/allowed") == Some(&Value::Bool(true)))
    }
}

/// Every right of a role; none of other objects.
fn rights_of(role: &Value) -> Vec<Right> {
    let list = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let namespace = role.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let mut all = Vec::new();
    for rule in role.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let mut names = list(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for group in list(&rule["apiGroups"]) {
            for resource in list(&rule["resources"]) {
                for verb in list(&rule["verbs"]) {
                    all.extend(names.iter().map(|name| Right {
                        namespace: namespace.to_owned(),
                        verb: verb.clone(),
                        group: group.clone(),
                        resource: resource.clone(),
                        name: name.clone(),
                    }));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_of_a_role_is_asked_about_and_reads_like_a_sentence() {
        let role = json!({"kind": "Role", "metadata": {"namespace": "shop"}, "rules": [
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]}]});
        let said: Vec<String> = rights_of(&role).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["get deployments.apps in shop", "patch deployments.apps in shop", "get secrets `db` in shop"]
        );
        assert_eq!(rights_of(&json!({"kind": "RoleBinding"})), []);
    }
}
