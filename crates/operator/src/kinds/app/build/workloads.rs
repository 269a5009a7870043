//! What runs: a Deployment, or a StatefulSet where there may never be two, with what belongs to it.

use serde_json::{Value, json};

use super::super::validate::Checked;
use super::names::{metadata, of_process, selector};
use super::{defaults, pod, port, probes, put};
use crate::kinds::app::crd::{Autoscale, Process, Storage};

/// Every process with its Service, its autoscaler and its budget.
pub(super) fn build(checked: &Checked<'_>) -> Vec<Value> {
    let processes = &checked.app.spec.processes;
    processes.iter().flat_map(|(name, process)| of(checked, name, process)).collect()
}

fn of(checked: &Checked<'_>, name: &str, process: &Process) -> Vec<Value> {
    let mut objects = Vec::new();
    objects.extend(service(checked, name, process));
    objects.push(if defaults::is_singleton(name, process) {
        singleton(checked, name, process)
    } else {
        several(checked, name, process)
    });
    objects.extend(process.autoscale.as_ref().map(|autoscale| autoscaler(checked, name, process, autoscale)));
    objects.extend(budget(checked, name, process));
    objects
}

/// A workload bears the version, so that `kubectl get` can show it; its pods don't, as they are found by other labels.
fn workload_metadata(checked: &Checked<'_>, name: &str, process: &Process) -> Value {
    let mut metadata = metadata(checked.app, &of_process(&checked.app.metadata.name, name), Some(name));
    if process.image.is_none() {
        metadata["labels"]["app.kubernetes.io/version"] = json!(checked.version());
    }
    metadata
}

fn service(checked: &Checked<'_>, name: &str, process: &Process) -> Option<Value> {
    port(name, process)?;
    Some(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(checked.app, &of_process(&checked.app.metadata.name, name), Some(name)),
        "spec": {
            "selector": selector(checked.app, name),
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }))
}

fn several(checked: &Checked<'_>, name: &str, process: &Process) -> Value {
    let mut spec = json!({});
    put(&mut spec, "replicas", replicas(checked, name, process));
    put(&mut spec, "revisionHistoryLimit", 3);
    put(&mut spec, "minReadySeconds", seconds_to_prove(checked, name, process));
    put(&mut spec, "selector", json!({"matchLabels": selector(checked.app, name)}));
    // A pod goes only when another has taken its place.
    put(
        &mut spec,
        "strategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}),
    );
    put(&mut spec, "template", pod::of_process(checked, name, process));
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": workload_metadata(checked, name, process), "spec": spec})
}

/// How long a pod has to run before it takes the place of another. One that nobody asks whether it is ready counts as ready the moment it starts, and
/// a version that ends at once would take away one pod after the other that works.
fn seconds_to_prove(checked: &Checked<'_>, name: &str, process: &Process) -> Option<u32> {
    let is_asked = probes::build(checked, name, process, port(name, process)).contains_key(probes::READINESS_PROBE);
    defaults::seconds_to_prove(checked.app.spec.defaults).filter(|_| !is_asked)
}

/// How many pods there are; none to say where an autoscaler says it already. Before that, leaving it out would make it one.
fn replicas(checked: &Checked<'_>, name: &str, process: &Process) -> Option<u32> {
    match &process.autoscale {
        Some(_) if checked.seen.scaled.contains(name) => None,
        Some(autoscale) => Some(defaults::least(name, process, autoscale, checked.app.spec.defaults)),
        None => Some(defaults::replicas(name, process, checked.app.spec.defaults)),
    }
}

/// A StatefulSet ends a pod before it makes another of the same name. Its pods are not waited for in order: a version that can't start
/// would stand in the way of every later one.
fn singleton(checked: &Checked<'_>, name: &str, process: &Process) -> Value {
    let own = of_process(&checked.app.metadata.name, name);
    let mut spec = json!({
        "replicas": defaults::replicas(name, process, checked.app.spec.defaults).min(1),
        "revisionHistoryLimit": 3,
        "serviceName": own,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": selector(checked.app, name)},
        "template": pod::of_process(checked, name, process),
    });
    if let Some(storage) = &process.storage {
        put(&mut spec, "volumeClaimTemplates", vec![claim(storage)]);
    }
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": workload_metadata(checked, name, process), "spec": spec})
}

fn claim(storage: &Storage) -> Value {
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage.size}}});
    put(&mut spec, "storageClassName", storage.class.clone());
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "storage"}, "spec": spec})
}

/// The virtual host of the App, where a label can say it.
fn vhost(checked: &Checked<'_>) -> Option<String> {
    let vhost = checked.seen.connections.get("rabbit")?.parts.get("vhost")?;
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_label = vhost.len() <= 63 && vhost.chars().all(is_inner);
    let ends_well =
        vhost.starts_with(|c: char| c.is_ascii_alphanumeric()) && vhost.ends_with(|c: char| c.is_ascii_alphanumeric());
    (is_label && ends_well).then(|| vhost.clone())
}

fn autoscaler(checked: &Checked<'_>, name: &str, process: &Process, autoscale: &Autoscale) -> Value {
    let own = of_process(&checked.app.metadata.name, name);
    let metric = match &autoscale.queue {
        Some(queue) => {
            let mut labels = json!({"queue": queue.name});
            // Queues of other Apps on the same broker may be called the same.
            put(&mut labels, "vhost", vhost(checked));
            json!({"type": "External", "external": {
                "metric": {"name": queue.metric, "selector": {"matchLabels": labels}},
                "target": {"type": "AverageValue", "averageValue": queue.messages_per_pod.to_string()},
            }})
        }
        None => json!({"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": autoscale.cpu.unwrap_or(70)},
        }}),
    };
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(checked.app, &own, Some(name)),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": own},
            "minReplicas": defaults::least(name, process, autoscale, checked.app.spec.defaults),
            "maxReplicas": autoscale.max,
            "metrics": [metric],
        },
    })
}

/// How many pods may be away while machines are emptied. One pod alone gets no budget: it could never be moved.
fn budget(checked: &Checked<'_>, name: &str, process: &Process) -> Option<Value> {
    if defaults::is_singleton(name, process) {
        return None;
    }
    let defaults = checked.app.spec.defaults;
    let least = match &process.autoscale {
        Some(autoscale) => defaults::least(name, process, autoscale, defaults),
        None => defaults::replicas(name, process, defaults),
    };
    (least > 1 || process.max_unavailable.is_some()).then(|| {
        json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(checked.app, &of_process(&checked.app.metadata.name, name), Some(name)),
            "spec": {
                "selector": {"matchLabels": selector(checked.app, name)},
                "maxUnavailable": process.max_unavailable.clone().unwrap_or_else(|| json!(1)),
                // A pod that does not work keeps no machine from being emptied.
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            },
        })
    })
}
