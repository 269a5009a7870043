//! A snapshot handed to `health`: what it shows, with what is too old to count marked as such.

use std::sync::Arc;

use health::{Baseline, Children, CustomRules, Judgement, Observation, Observed};
use serde_json::{Value, json};

use crate::apply::Applied;
use crate::key::ObjectKey;
use crate::watch::snapshot::Snapshot;

impl Snapshot {
    /// Judges what was applied by what is seen now. `baseline` holds the restarts from before the first write,
    /// `custom` the rules of `pinnace.yaml`.
    ///
    /// While the snapshot is blind ([`Snapshot::healthy_stream`]) its judgement is not evidence.
    pub fn judge(&self, applied: &[Applied], baseline: &Baseline, custom: &CustomRules) -> Judgement {
        let children = Children::new(self.children.iter().chain(&self.events).map(Arc::as_ref)).since(baseline);
        // Secrets are not watched: that the API server took one is all there is to know about it.
        let taken: Vec<Option<Value>> = applied.iter().map(|one| one.key.kind.is_secret().then(|| stub(one))).collect();
        let objects: Vec<Observed<'_>> = applied
            .iter()
            .zip(&taken)
            .map(|(one, taken)| Observed {
                key: health_key(&one.key),
                live: taken.as_ref().or_else(|| self.objects.get(&one.key).map(Arc::as_ref)),
                applied: Some(one.into()),
                has_status: one.has_status,
            })
            .collect();
        health::judge(&Observation { objects: &objects, children: &children, custom })
    }

    /// Judges objects as they are seen now, whoever applied them and when. With each comes whether its kind has a status.
    pub fn judge_live(&self, keys: &[(ObjectKey, Option<bool>)], custom: &CustomRules) -> Judgement {
        let children = Children::new(self.children.iter().chain(&self.events).map(Arc::as_ref));
        let observed = |(key, has_status): &(ObjectKey, Option<bool>)| Observed {
            key: health_key(key),
            live: self.objects.get(key).map(Arc::as_ref),
            applied: None,
            has_status: *has_status,
        };
        let objects: Vec<Observed<'_>> = keys.iter().map(observed).collect();
        health::judge(&Observation { objects: &objects, children: &children, custom })
    }

    /// The restarts of all pods that these objects own now: to be taken before a candidate's first write.
    pub fn baseline(&self) -> Baseline {
        Baseline::of(self.children.iter().map(Arc::as_ref))
    }
}

impl From<&Applied> for health::Applied {
    fn from(applied: &Applied) -> Self {
        Self {
            uid: Some(applied.uid.clone()),
            generation: Some(applied.generation).filter(|generation| *generation > 0),
            resource_version: Some(applied.resource_version.clone()),
        }
    }
}

fn stub(applied: &Applied) -> Value {
    json!({"apiVersion": applied.key.kind.api_version(), "kind": applied.key.kind.kind, "metadata": {
        "name": applied.key.name, "namespace": applied.key.namespace, "uid": applied.uid,
        "resourceVersion": applied.resource_version}})
}

fn health_key(key: &ObjectKey) -> health::ObjectKey {
    health::ObjectKey {
        group: key.kind.group.clone(),
        kind: key.kind.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    }
}
