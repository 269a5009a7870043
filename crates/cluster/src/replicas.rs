//! Replicas that an autoscaler owns are left out of what we apply, so that each pin does not undo its work.
//!
//! Only after somebody else owns the field: leaving it out while we are its sole owner would scale to one (measured).

use serde_json::Value;

use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::managed_fields::{self, ManagerKind, manager_kind};
use crate::order::kind_of;

/// The objects that the autoscalers among these target, as kind and name within a namespace.
#[derive(Debug, Clone, Default)]
pub struct Autoscaled(Vec<(Option<String>, String, String)>);

impl Autoscaled {
    /// What the autoscalers in these objects (desired or live) target.
    pub fn by<'a>(objects: impl IntoIterator<Item = &'a Value>, default_namespace: &str) -> Self {
        let targets =
            objects.into_iter().filter(|o| kind_of(o).is("autoscaling", "HorizontalPodAutoscaler")).filter_map(|o| {
                let target = o.get("spec")?.get("scaleTargetRef")?;
                let namespace = ObjectKey::of(o).namespace.unwrap_or_else(|| default_namespace.to_owned());
                Some((
                    Some(namespace),
                    target.get("kind")?.as_str()?.to_owned(),
                    target.get("name")?.as_str()?.to_owned(),
                ))
            });
        Self(targets.collect())
    }

    /// Adds what other autoscalers target.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn holds(&self, key: &ObjectKey) -> bool {
        self.0
            .iter()
            .any(|(namespace, kind, name)| *namespace == key.namespace && *kind == key.kind.kind && *name == key.name)
    }
}

impl ClusterClient {
    /// What the live autoscalers of a namespace target. Nothing where we may not look: then only those among the desired
    /// objects are known ([`Autoscaled::by`]).
    pub async fn autoscaled(&self, namespace: &str) -> Result<Autoscaled, ClusterError> {
        let listed = match self.list(&KindKey::new("autoscaling/v2", "HorizontalPodAutoscaler"), namespace).await {
            Ok(listed) => listed,
            Err(ClusterError::Forbidden { .. } | ClusterError::UnknownKind { .. }) => return Ok(Autoscaled::default()),
            Err(error) => return Err(error),
        };
        Ok(Autoscaled::by(&listed, namespace))
    }
}

/// Takes `spec.replicas` out when an autoscaler owns it by now; says who owns it.
pub(crate) fn leave_out(
    desired: &mut Value,
    live: Option<&Value>,
    key: &ObjectKey,
    autoscaled: &Autoscaled,
) -> Option<String> {
    let owner = autoscaled.holds(key).then(|| other_owner(live?)).flatten()?;
    desired.get_mut("spec")?.as_object_mut()?.shift_remove("replicas")?;
    Some(owner)
}

fn other_owner(live: &Value) -> Option<String> {
    managed_fields::entries(live)
        .iter()
        .filter(|entry| !matches!(manager_kind(entry.manager), ManagerKind::Ours | ManagerKind::Person))
        .find(|entry| managed_fields::holds(entry.fields, &["spec", "replicas"]))
        .map(|entry| entry.manager.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scene(owner: &str) -> (Value, Value, ObjectKey, Autoscaled) {
        let desired = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 2}});
        let live = json!({"metadata": {"managedFields": [{"manager": owner, "operation": "Update", "subresource": "scale",
            "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}});
        let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}});
        let key = ObjectKey::of(&desired);
        (desired, live, key, Autoscaled::by([&hpa], "shop"))
    }

    #[test]
    fn replicas_that_an_autoscaler_owns_are_left_out() {
        let (mut desired, live, key, autoscaled) = scene("kube-controller-manager");
        assert_eq!(leave_out(&mut desired, Some(&live), &key, &autoscaled).as_deref(), Some("kube-controller-manager"));
        assert!(desired["spec"].get("replicas").is_none());
    }

    #[test]
    fn replicas_stay_while_we_are_their_only_owner_or_a_person_scaled_by_hand() {
        for owner in ["pinnace", "kubectl"] {
            let (mut desired, live, key, autoscaled) = scene(owner);
            assert_eq!(leave_out(&mut desired, Some(&live), &key, &autoscaled), None);
            assert_eq!(desired["spec"]["replicas"], 2);
        }
    }

    #[test]
    fn replicas_stay_without_an_autoscaler() {
        let (mut desired, live, key, _) = scene("kube-controller-manager");
        assert_eq!(leave_out(&mut desired, Some(&live), &key, &Autoscaled::default()), None);
    }
}
