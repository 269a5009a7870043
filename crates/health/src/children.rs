//! What the cluster made of the objects that were applied: ReplicaSets, revisions, pods, and the events about them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::read::{count, label, list, text, uid};

/// An index of the objects around those that were applied, found by owner references and never by name.
#[derive(Debug, Default)]
pub struct Children<'a> {
    owned: HashMap<&'a str, Vec<&'a Value>>,
    events: HashMap<&'a str, Vec<&'a Value>>,
    baseline: Option<&'a Baseline>,
}

impl<'a> Children<'a> {
    /// Indexes what is live in the namespaces of an instance: ReplicaSets, ControllerRevisions, Pods and Events of
    /// core/v1, in any order. Other objects do no harm.
    pub fn new(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut children = Self::default();
        for object in objects {
            if let Some(about) = text(object, "/involvedObject/uid") {
                children.events.entry(about).or_default().push(object);
            } else if let Some(owner) = owner_uid(object) {
                children.owned.entry(owner).or_default().push(object);
            }
        }
        children
    }

    /// Counts restarts from this point only: those that had happened before the candidate was applied say nothing
    /// about it.
    #[must_use]
    pub fn since(mut self, baseline: &'a Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// What an object owns, of one kind.
    pub(crate) fn owned(&self, owner: &Value, kind: ChildKind) -> impl Iterator<Item = &'a Value> {
        self.owned.get(uid(owner)).into_iter().flatten().copied().filter(move |child| kind.is(child))
    }

    /// The newest event about an object with one of these reasons.
    pub(crate) fn newest_event(&self, about: &Value, reasons: &[&str]) -> Option<&'a Value> {
        let events = self.events.get(uid(about))?.iter().copied();
        events
            .filter(|event| text(event, "/reason").is_some_and(|reason| reasons.contains(&reason)))
            .max_by_key(|event| happened_at(event))
    }

    /// How often a container was restarted since the baseline, and whether there is a baseline at all.
    pub(crate) fn restarts(&self, pod: &Value, container: &Value) -> Restarts {
        let total = count(container, "/restartCount");
        match self.baseline {
            None => Restarts { count: total, in_window: false },
            Some(baseline) => {
                let name = text(container, "/name").unwrap_or_default();
                Restarts { count: total.saturating_sub(baseline.before(uid(pod), name)), in_window: true }
            }
        }
    }
}

/// How often a container was restarted.
#[derive(Clone, Copy)]
pub(crate) struct Restarts {
    /// So many times.
    pub(crate) count: u64,
    /// Only those since the candidate was applied were counted; else they may be from long ago.
    pub(crate) in_window: bool,
}

/// How often each container had been restarted at one point in time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline(BTreeMap<String, BTreeMap<String, u64>>);

impl Baseline {
    /// Takes down the restarts of these pods; to be called before the first write of a candidate. Pods that never
    /// restarted need no entry.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut baseline = Self::default();
        for pod in objects.into_iter().filter(|object| ChildKind::Pod.is(object)) {
            for container in container_statuses(pod) {
                let restarts = count(container, "/restartCount");
                if restarts > 0 {
                    let name = text(container, "/name").unwrap_or_default().to_owned();
                    baseline.0.entry(uid(pod).to_owned()).or_default().insert(name, restarts);
                }
            }
        }
        baseline
    }

    fn before(&self, pod: &str, container: &str) -> u64 {
        self.0.get(pod).and_then(|containers| containers.get(container)).copied().unwrap_or(0)
    }
}

/// The kinds of children that rules ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildKind {
    /// A pod.
    Pod,
    /// One revision of a Deployment.
    ReplicaSet,
    /// One revision of a StatefulSet or DaemonSet.
    ControllerRevision,
}

impl ChildKind {
    /// Whether an object is of this kind. Items of lists come without `kind`, so its shape is asked then.
    fn is(self, object: &Value) -> bool {
        match (self, text(object, "/kind")) {
            (Self::Pod, Some(kind)) => kind == "Pod",
            (Self::ReplicaSet, Some(kind)) => kind == "ReplicaSet",
            (Self::ControllerRevision, Some(kind)) => kind == "ControllerRevision",
            (Self::Pod, None) => object.pointer("/spec/containers").is_some(),
            (Self::ReplicaSet, None) => {
                object.pointer("/spec/template").is_some() && label(object, "pod-template-hash").is_some()
            }
            (Self::ControllerRevision, None) => object.get("revision").is_some(),
        }
    }
}

/// The states of a pod's containers, those that prepare first.
pub(crate) fn container_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    list(pod, "/status/initContainerStatuses").iter().chain(list(pod, "/status/containerStatuses"))
}

/// When an event was seen last. The API server writes all of these in one form, so that text order is time order.
pub(crate) fn happened_at(event: &Value) -> &str {
    ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"]
        .iter()
        .find_map(|at| text(event, at))
        .unwrap_or_default()
}

fn owner_uid(object: &Value) -> Option<&str> {
    let owners = list(object, "/metadata/ownerReferences");
    let controller = owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    text(controller.or(owners.first())?, "/uid")
}
