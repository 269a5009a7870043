//! What the operator makes for one of our custom resources: its children, what is made once and never changed, and its status.
//!
//! No inventory is needed here: what is made names its owner, and the cluster itself deletes it with that.

mod settled;

use http::Method;
use serde_json::{Map, Value, json};

use crate::apply::{Applied, Outcome};
use crate::client::{Call, ClusterClient, JSON, JSON_PATCH, Query};
use crate::error::ClusterError;
use crate::imprint::Imprint;
use crate::key::ObjectKey;
use crate::mark::{ADOPT_ANNOTATION, FIELD_MANAGER};
use crate::objects::{generation, resource_version, uid};
use crate::replicas::{Autoscaled, leave_out};

/// The label that what the operator made is found by.
pub const MADE_LABEL: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const MADE_BY: &str = "pinnace-operator";
pub(crate) const MADE_SELECTOR: &str = "app.kubernetes.io/managed-by=pinnace-operator";

/// What came of making an object that is made once.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It was not there.
    New(Value),
    /// It was there already, and is so.
    There(Value),
}

impl Created {
    /// The object as it is in the cluster.
    pub fn into_object(self) -> Value {
        match self {
            Self::New(object) | Self::There(object) => object,
        }
    }
}

impl ClusterClient {
    /// Makes an object as it should be, for the object with the uid `owner`. One that is so already is read and not written.
    ///
    /// An object of that name that was not made for the same owner is refused, unless it says or is to say
    /// [`ADOPT_ANNOTATION`]. `autoscaled` says whose number of pods is not ours.
    pub async fn keep(
        &self,
        desired: &Value,
        owner: Option<&str>,
        autoscaled: &Autoscaled,
    ) -> Result<Applied, ClusterError> {
        let key = self.key_of(desired, "default").await?;
        let live = self.get(&key).await?;
        let Some(live) = live else {
            let (created, body) = self.server_side_apply(&key, desired, false).await?;
            let outcome = if created { Outcome::Created } else { Outcome::Changed };
            return self.as_kept(key, &body, outcome).await;
        };
        check_owner(&key, desired, &live, owner)?;
        let mut object = desired.clone();
        leave_out(&mut object, Some(&live), &key, autoscaled);
        if settled::is_settled(&live, &object) {
            return self.as_kept(key, &live, Outcome::Unchanged).await;
        }
        self.take_back(&key, &live).await?;
        let (_, body) = self.server_side_apply(&key, &object, false).await?;
        let same = resource_version(&live) == resource_version(&body);
        self.as_kept(key, &body, if same { Outcome::Unchanged } else { Outcome::Changed }).await
    }

    async fn as_kept(&self, key: ObjectKey, live: &Value, outcome: Outcome) -> Result<Applied, ClusterError> {
        Ok(Applied {
            outcome,
            uid: uid(live).to_owned(),
            resource_version: resource_version(live).to_owned(),
            generation: generation(live),
            has_status: self.kind(&key.kind).await?.has_status,
            left_out: None,
            imprint: Imprint::of(live),
            key,
        })
    }

    /// Makes an object where there is none of its name. What is there is never changed, whoever made it.
    pub async fn create(&self, object: &Value) -> Result<Created, ClusterError> {
        let key = self.key_of(object, "default").await?;
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("create", &kind.resource(), &key);
        let query = Query::new().with("fieldManager", FIELD_MANAGER);
        let path = kind.collection(key.namespace.as_deref());
        match self.send(&call, Method::POST, &path, &query, Some((JSON, object))).await {
            Ok(answer) => Ok(Created::New(answer.body)),
            Err(error @ ClusterError::Conflict { .. }) => match self.get(&key).await? {
                Some(live) => Ok(Created::There(live)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Adds values, in base64, to exactly the Secret that was read. What is there already stays.
    pub async fn add_to_secret(
        &self,
        key: &ObjectKey,
        live: &Value,
        data: &Map<String, Value>,
    ) -> Result<Value, ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &kind.resource(), key);
        let patch = json!({"metadata": {"resourceVersion": resource_version(live)}, "data": data});
        let query = Query::new().with("fieldManager", FIELD_MANAGER);
        let content = Some((MERGE_PATCH, &patch));
        Ok(self.send(&call, Method::PATCH, &kind.path(key)?, &query, content).await?.body)
    }

    /// Replaces the status of exactly the object of ours that was read, whatever form was there before. `status` is all of it. On another object that
    /// bears its name by now nothing is written: what was said of the one before would count for its data.
    pub async fn write_status(&self, live: &Value, status: &Value) -> Result<Value, ClusterError> {
        let key = ObjectKey::of(live);
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &format!("{}/status", kind.resource()), &key);
        // An apply would compare no uid here.
        let is_it = json!({"op": "test", "path": "/metadata/uid", "value": live["metadata"]["uid"]});
        let patch = json!([is_it, {"op": "add", "path": "/status", "value": status}]);
        let query = Query::new().with("fieldManager", FIELD_MANAGER);
        let path = format!("{}/status", kind.path(&key)?);
        Ok(self.send(&call, Method::PATCH, &path, &query, Some((JSON_PATCH, &patch))).await?.body)
    }

    /// Sets the finalizers of exactly the object that was read.
    pub async fn set_finalizers(&self, live: &Value, finalizers: &[&str]) -> Result<Value, ClusterError> {
        // Replaced by itself, it is compared: another one is a conflict.
        let version = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version(live)});
        let there = live.pointer("/metadata/finalizers").is_some();
        let change = match (there, finalizers.is_empty()) {
            (false, true) => return Ok(live.clone()),
            (true, true) => json!({"op": "remove", "path": "/metadata/finalizers"}),
            (_, false) => json!({"op": "add", "path": "/metadata/finalizers", "value": finalizers}),
        };
        self.json_patch(&ObjectKey::of(live), &json!([version, change])).await
    }

    /// Sets one annotation, or takes it off. Whoever writes other parts of the object at the same time does not matter.
    pub async fn annotate(&self, key: &ObjectKey, name: &str, value: Option<&str>) -> Result<Value, ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &kind.resource(), key);
        let patch = json!({"metadata": {"annotations": {name: value}}});
        let query = Query::new().with("fieldManager", ANNOTATING);
        let content = Some((MERGE_PATCH, &patch));
        Ok(self.send(&call, Method::PATCH, &kind.path(key)?, &query, content).await?.body)
    }

    async fn json_patch(&self, key: &ObjectKey, patch: &Value) -> Result<Value, ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &kind.resource(), key);
        let query = Query::new().with("fieldManager", FIELD_MANAGER);
        Ok(self.send(&call, Method::PATCH, &kind.path(key)?, &query, Some((JSON_PATCH, patch))).await?.body)
    }
}

const MERGE_PATCH: &str = "application/merge-patch+json";
/// Another name than that of our applies: what is set so is not among what they keep.
const ANNOTATING: &str = "pinnace-verbs";

/// Whether what is there was made for this owner, or may be taken over.
fn check_owner(key: &ObjectKey, desired: &Value, live: &Value, owner: Option<&str>) -> Result<(), ClusterError> {
    let owners = live.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let mut owners = owners.map(Vec::as_slice).unwrap_or_default().iter();
    let is_ours = match owner {
        Some(owner) => owners.any(|one| one["uid"] == owner),
        None => live.pointer("/metadata/labels").is_some_and(|labels| labels[MADE_LABEL] == MADE_BY),
    };
    let adopts = |object: &Value| {
        object.pointer("/metadata/annotations").is_some_and(|annotations| annotations[ADOPT_ANNOTATION] == "true")
    };
    if is_ours || adopts(live) || adopts(desired) {
        return Ok(());
    }
    // What can't be changed is named by what it holds: nobody chose that name.
    let otherwise = if desired["immutable"] == true { "delete it" } else { "name this one otherwise" };
    let why = format!(
        "it is there and was made by others: {otherwise}, or set {ADOPT_ANNOTATION}: \"true\" on it if it is to be taken over"
    );
    Err(ClusterError::NotOurs { object: Box::new(key.clone()), why })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_made_is_told_with_what_can_be_done_about_it() {
        let told = |desired: &Value| {
            let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-env-1a2b"}});
            check_owner(&ObjectKey::of(&live), desired, &live, Some("of-shop")).unwrap_err().to_string()
        };
        assert!(told(&json!({})).contains("made by others: name this one otherwise, or set"));
        let named_by_what_it_holds = told(&json!({"immutable": true}));
        assert!(named_by_what_it_holds.contains("made by others: delete it, or set"), "{named_by_what_it_holds}");
    }
}
