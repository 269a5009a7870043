//! Writing desired objects: server-side apply, one object at a time, so that the caller can record each write as an effect.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::client::{APPLY_PATCH, Call, ClusterClient, Query, jittered};
use crate::error::ClusterError;
use crate::imprint::Imprint;
use crate::key::{KindKey, ObjectKey};
use crate::mark::{FIELD_MANAGER, Target, marked, misplaced, refusal};
use crate::objects::{generation, resource_version, uid};
use crate::order::kind_of;
use crate::replicas::leave_out;
use crate::take_back;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The object did not exist.
    Created,
    /// It existed and is different now.
    Changed,
    /// It was as desired already.
    Unchanged,
}

/// A field that was left out of what we applied, because somebody else owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The field (`spec.replicas`).
    pub path: String,
    /// The field manager that owns it.
    pub owner: String,
}

/// One object after its write.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Which object.
    pub key: ObjectKey,
    /// What the write did.
    pub outcome: Outcome,
    /// Its uid.
    pub uid: String,
    /// Its resource version after the write: what a watch must have reached to be evidence.
    pub resource_version: String,
    /// Its generation after the write.
    pub generation: i64,
    /// Whether the cluster serves a `status` for its kind.
    pub has_status: Option<bool>,
    /// What was left out, to be told once.
    pub left_out: Option<LeftOut>,
    /// How it was after the write: what differs later was done by others.
    pub imprint: Imprint,
}

impl ClusterClient {
    /// Applies one object and says what that did. `live` is what is there now, as [`ClusterClient::dry_run`] found it.
    ///
    /// Refuses again what the dry run refuses for its owner or place, so that no caller can go around it.
    pub async fn apply_one(
        &self,
        target: &Target,
        desired: &Value,
        live: Option<&Value>,
    ) -> Result<Applied, ClusterError> {
        let key = self.key_of(desired, target.default_namespace()).await?;
        let why = misplaced(&key, target, self.own_namespace()).or_else(|| refusal(live?, desired, target));
        if let Some(why) = why {
            return Err(ClusterError::NotOurs { object: Box::new(key), why });
        }
        let mut object = marked(desired, &key, target);
        let owner = leave_out(&mut object, live, &key, &target.autoscaled);
        let (created, body) = self.server_side_apply(&key, &object, false).await?;
        let unchanged = live.is_some_and(|before| resource_version(before) == resource_version(&body));
        Ok(Applied {
            outcome: match (created, unchanged) {
                (true, _) => Outcome::Created,
                (false, true) => Outcome::Unchanged,
                (false, false) => Outcome::Changed,
            },
            uid: uid(&body).to_owned(),
            resource_version: resource_version(&body).to_owned(),
            generation: generation(&body),
            has_status: self.kind(&key.kind).await?.has_status,
            left_out: owner.map(left_out),
            imprint: Imprint::of(&body),
            key,
        })
    }

    /// What an apply would answer that changes nothing, without asking: for an object that a dry run found as desired
    /// ([`crate::Change::Nothing`]) and of which nobody else owns a field.
    pub async fn as_applied(
        &self,
        target: &Target,
        desired: &Value,
        live: &Value,
    ) -> Result<Option<Applied>, ClusterError> {
        let key = self.key_of(desired, target.default_namespace()).await?;
        let why = misplaced(&key, target, self.own_namespace()).or_else(|| refusal(live, desired, target));
        if let Some(why) = why {
            return Err(ClusterError::NotOurs { object: Box::new(key), why });
        }
        if take_back::is_due(live) {
            return Ok(None);
        }
        let owner = leave_out(&mut desired.clone(), Some(live), &key, &target.autoscaled);
        Ok(Some(Applied {
            outcome: Outcome::Unchanged,
            uid: uid(live).to_owned(),
            resource_version: resource_version(live).to_owned(),
            generation: generation(live),
            has_status: self.kind(&key.kind).await?.has_status,
            left_out: owner.map(left_out),
            imprint: Imprint::of(live),
            key,
        }))
    }

    /// Waits until the kinds of the CRDs among these objects are served. Other objects need no waiting: a namespace is there
    /// once it was applied.
    pub async fn wait_until_established(&self, objects: &[&Value], limit: Duration) -> Result<(), ClusterError> {
        for crd in objects.iter().filter(|o| kind_of(o).is("apiextensions.k8s.io", "CustomResourceDefinition")) {
            let key = ObjectKey::of(crd);
            self.wait_for(&key, limit, |live| has_condition(live, "Established")).await?;
            for kind in served_kinds(crd) {
                self.wait_until_served(&kind, limit).await?;
            }
        }
        Ok(())
    }

    /// An established CRD shows in discovery a moment later, which nothing announces: it is asked for, ever more slowly.
    async fn wait_until_served(&self, kind: &KindKey, limit: Duration) -> Result<(), ClusterError> {
        let asking = async {
            let mut pause = Duration::from_millis(20);
            loop {
                match self.kind(kind).await {
                    Err(ClusterError::UnknownKind { .. }) => tokio::time::sleep(jittered(pause)).await,
                    other => return other.map(|_| ()),
                }
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        };
        let what = format!("wait until {} is served", kind.kind);
        let timeout = || ClusterError::Timeout { context: self.context().to_owned(), what, after: limit };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| Err(timeout()))
    }

    pub(crate) async fn server_side_apply(
        &self,
        key: &ObjectKey,
        object: &Value,
        dry_run: bool,
    ) -> Result<(bool, Value), ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &kind.resource(), key);
        let mut query = Query::new().with("fieldManager", FIELD_MANAGER).with("force", "true");
        if dry_run {
            query = query.with("dryRun", "All");
        }
        let answer = self.send(&call, Method::PATCH, &kind.path(key)?, &query, Some((APPLY_PATCH, object))).await?;
        Ok((answer.created, answer.body))
    }
}

fn left_out(owner: String) -> LeftOut {
    LeftOut { path: "spec.replicas".to_owned(), owner }
}

fn has_condition(live: &Value, kind: &str) -> bool {
    let conditions = live.get("status").and_then(|s| s.get("conditions")).and_then(Value::as_array);
    conditions.is_some_and(|all| all.iter().any(|c| c["type"] == kind && c["status"] == "True"))
}

/// The kinds that a CRD brings, one for each version it serves.
fn served_kinds(crd: &Value) -> Vec<KindKey> {
    let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let served = versions.iter().filter(|version| version["served"] == true);
    served
        .filter_map(|version| version["name"].as_str())
        .map(|version| KindKey::new(&format!("{}/{version}", text("/spec/group")), text("/spec/names/kind")))
        .collect()
}
