//! What belongs to the object: made, kept as it should be, deleted; and what holds the object itself.

use std::time::Duration;

use cluster::{Applied, ClusterError, Created, MADE_BY, MADE_LABEL, ObjectKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Work;
use crate::crd::is_ours;
use crate::driver::OperatorError;
use crate::driver::memo::Kept;
use crate::objects::{is_deleted, uid_of};

impl Work {
    /// Makes an object as it should be, with this one as its owner. Asks nothing while it is as it was made.
    pub(crate) async fn keep(
        &mut self,
        desired: &Value,
        autoscaled: &cluster::Autoscaled,
    ) -> Result<Applied, OperatorError> {
        let desired = self.owned(desired);
        self.keep_as_it_is(&desired, autoscaled).await
    }

    /// The same of an object that says itself whose it is, or is nobody's.
    pub(crate) async fn keep_as_it_is(
        &mut self,
        desired: &Value,
        autoscaled: &cluster::Autoscaled,
    ) -> Result<Applied, OperatorError> {
        let key = self.client().key_of(desired, self.namespace()).await?;
        let text: [u8; 32] = Sha256::digest(desired.to_string()).into();
        if let Some(kept) = self.memo.kept.get(&key).filter(|kept| kept.text == text) {
            match self.shared.watcher.imprints(std::slice::from_ref(&key)) {
                // It can't be seen now: whoever changes it is found out when it can.
                None => return Ok(kept.applied.clone()),
                Some(seen) if seen == [Some(kept.applied.imprint)] => return Ok(kept.applied.clone()),
                Some(_) => {}
            }
        }
        let owner = desired.pointer("/metadata/ownerReferences/0/uid").and_then(Value::as_str);
        let applied = match self.client().keep(desired, owner, autoscaled).await {
            Err(ClusterError::NotOurs { .. }) if self.is_cleared(&key).await? => {
                self.client().keep(desired, owner, autoscaled).await?
            }
            other => other?,
        };
        self.memo.kept.insert(key, Kept { text, applied: applied.clone() });
        Ok(applied)
    }

    /// Whether it was made for an object of the same name before this one, which is gone with all that it owned. Data is never counted so.
    pub(crate) fn is_left_behind(&self, live: &Value) -> bool {
        is_left_behind(live, &self.key, self.uid())
    }

    /// Whether what had this name was of an object before this one, and is gone now. Kubernetes deletes it too, with its owner, but late.
    async fn is_cleared(&self, key: &ObjectKey) -> Result<bool, OperatorError> {
        let Some(live) = self.client().get(key).await? else { return Ok(true) };
        if !self.is_left_behind(&live) {
            return Ok(false);
        }
        if !is_deleted(&live) {
            self.client().delete(key, uid_of(&live)).await?;
        }
        self.client().wait_until_gone(key, uid_of(&live), GONE_WITHIN).await?;
        Ok(true)
    }

    /// Makes an object where there is none of its name, with this one as its owner, and says how it is.
    pub(crate) async fn make_once(&self, object: &Value) -> Result<Created, OperatorError> {
        Ok(self.client().create(&self.owned(object)).await?)
    }

    /// The same with this object as its owner: it goes with it.
    fn owned(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let owner = json!([{
            "apiVersion": self.key.kind.api_version(), "kind": self.key.kind.kind, "name": self.key.name, "uid": self.uid(),
            "controller": true, "blockOwnerDeletion": true,
        }]);
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("ownerReferences".to_owned(), owner);
            metadata.entry("namespace").or_insert_with(|| json!(self.key.namespace));
        }
        object
    }

    /// Deletes an object that the operator made, of the server where one is named. What others made under that name stays.
    pub(crate) async fn delete_made(&self, key: &ObjectKey, server: Option<&str>) -> Result<(), OperatorError> {
        let Some(live) = self.client().get(key).await? else { return Ok(()) };
        // In our own namespace all that has such a name is ours.
        let is_own = key.namespace.as_deref() == Some(self.client().own_namespace());
        if !is_own && !is_made(&live, server) {
            tracing::warn!(object = %key, "it was made by others and is not deleted");
            return Ok(());
        }
        self.client().delete(key, uid_of(&live)).await?;
        Ok(())
    }

    /// Whether this finalizer holds it.
    pub(crate) fn has_finalizer(&self, name: &str) -> bool {
        let finalizers = self.object.pointer("/metadata/finalizers").and_then(Value::as_array);
        finalizers.is_some_and(|all| all.iter().any(|one| one == name))
    }

    /// Sets or takes off a finalizer; those of others stay.
    pub(crate) async fn set_finalizer(&mut self, name: &str, wanted: bool) -> Result<(), OperatorError> {
        if self.has_finalizer(name) == wanted {
            return Ok(());
        }
        let there = self.object.pointer("/metadata/finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut all: Vec<&str> = there.iter().filter_map(Value::as_str).filter(|one| *one != name).collect();
        all.extend(wanted.then_some(name));
        self.object = self.client().set_finalizers(&self.object, &all).await?;
        Ok(())
    }
}

/// How long what is deleted may take to be gone. What is held longer is looked at again later.
const GONE_WITHIN: Duration = Duration::from_secs(5);

fn is_left_behind(live: &Value, of: &ObjectKey, uid: &str) -> bool {
    let owners = live.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let is_before = |owner: &Value| {
        let is_same = is_ours(owner) && owner["kind"] == of.kind.kind.as_str() && owner["name"] == of.name.as_str();
        is_same && owner["controller"] == true && owner["uid"] != uid
    };
    is_made(live, None) && live["kind"] != "PersistentVolumeClaim" && owners.into_iter().flatten().any(is_before)
}

/// Whether the operator made it, for this server where one is named.
pub(crate) fn is_made(object: &Value, server: Option<&str>) -> bool {
    let labels = &object["metadata"]["labels"];
    labels[MADE_LABEL] == MADE_BY && server.is_none_or(|server| labels["app.kubernetes.io/name"] == server)
}

#[cfg(test)]
mod tests {
    use cluster::KindKey;

    use super::*;

    #[test]
    fn what_an_object_of_the_same_name_left_is_cleared_away_and_neither_data_nor_what_others_made() {
        let of = ObjectKey {
            kind: KindKey::new("pinnace.dev/v1alpha1", "App"),
            namespace: Some("n".to_owned()),
            name: "shop".to_owned(),
        };
        let left = |kind: &str, owner: &str, labels: Value| {
            let owner = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "name": owner, "uid": "before", "controller": true});
            json!({"kind": kind, "metadata": {"labels": labels, "ownerReferences": [owner]}})
        };
        let ours = json!({MADE_LABEL: MADE_BY});
        assert!(is_left_behind(&left("Secret", "shop", ours.clone()), &of, "now"));
        assert!(!is_left_behind(&left("Secret", "shop", ours.clone()), &of, "before"), "it is its own");
        assert!(!is_left_behind(&left("Secret", "other", ours.clone()), &of, "now"));
        assert!(!is_left_behind(&left("PersistentVolumeClaim", "shop", ours), &of, "now"));
        assert!(!is_left_behind(&left("Secret", "shop", json!({})), &of, "now"));
        assert!(!is_left_behind(&json!({"kind": "Secret", "metadata": {"labels": {MADE_LABEL: MADE_BY}}}), &of, "now"));
    }

    #[test]
    fn only_what_bears_our_mark_and_the_servers_name_was_made_for_it() {
        let object = |labels: Value| json!({"metadata": {"labels": labels}});
        let ours = object(json!({MADE_LABEL: MADE_BY, "app.kubernetes.io/name": "shop-postgres"}));
        assert!(is_made(&ours, None) && is_made(&ours, Some("shop-postgres")));
        assert!(!is_made(&ours, Some("other-postgres")));
        assert!(!is_made(&object(json!({"app.kubernetes.io/name": "shop-postgres"})), Some("shop-postgres")));
        assert!(!is_made(&json!({}), None));
    }
}
