//! Pods: of processes, and of what runs once.

use std::collections::BTreeMap;

use cluster::{MADE_BY, MADE_LABEL};
use serde_json::{Value, json};

use super::super::validate::Checked;
use super::names::selector;
use super::{configuration, defaults, probes, put, said, value_of};
use crate::kinds::app::crd::{EnvVariable, Mount, Process, Resources, RunAs, Storage};

/// A container before it is written down.
pub(super) struct Container<'a> {
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    pub(super) command: &'a [String],
    pub(super) args: &'a [String],
    pub(super) env: Vec<Value>,
    /// Whether it is given the configuration.
    pub(super) configured: bool,
    pub(super) resources: Option<&'a Resources>,
    pub(super) volumes: &'a [Mount],
    pub(super) storage: Option<&'a Storage>,
}

/// The pod template of a process.
pub(super) fn of_process(checked: &Checked<'_>, name: &str, process: &Process) -> Value {
    let port = super::port(name, process);
    let image = process.image.as_deref().unwrap_or(&checked.app.spec.image);
    let (mut container, mut spec) = of(
        checked,
        &Container {
            name,
            image,
            command: &process.command,
            args: &process.args,
            env: env(&process.env),
            configured: configuration::is_given(process),
            resources: process.resources.as_ref(),
            volumes: &process.volumes,
            storage: process.storage.as_ref(),
        },
    );
    let mut stop = defaults::stop_seconds(name, process);
    if let Some(port) = port {
        put(&mut container, "ports", json!([{"name": "http", "containerPort": port}]));
        put(&mut container, "lifecycle", json!({"preStop": {"sleep": {"seconds": defaults::SECONDS_TO_LEAVE}}}));
        stop += defaults::SECONDS_TO_LEAVE;
    }
    for (field, probe) in probes::build(checked, name, process, port) {
        put(&mut container, &field, probe);
    }
    put(&mut spec, "containers", vec![container]);
    put(&mut spec, "terminationGracePeriodSeconds", stop);
    put(&mut spec, "nodeSelector", value_of(&process.node_selector));
    put(&mut spec, "tolerations", process.tolerations.clone());
    put(&mut spec, "priorityClassName", process.priority_class.clone());
    put(&mut spec, "serviceAccountName", process.service_account.clone());
    put(&mut spec, "automountServiceAccountToken", process.service_account.is_some());
    if !defaults::is_singleton(name, process) {
        put(&mut spec, "topologySpreadConstraints", spread(checked, name));
    }
    template(checked, name, &process.labels, &process.annotations, spec)
}

/// The pod template of what runs once.
pub(super) fn of_job(checked: &Checked<'_>, part: &str, container: &Container<'_>) -> Value {
    let (container, mut spec) = of(checked, container);
    put(&mut spec, "restartPolicy", "Never");
    put(&mut spec, "containers", vec![container]);
    put(&mut spec, "automountServiceAccountToken", false);
    template(checked, part, &BTreeMap::new(), &BTreeMap::new(), spec)
}

/// A container, and the pod around it.
fn of(checked: &Checked<'_>, asked: &Container<'_>) -> (Value, Value) {
    let app = &checked.app.spec;
    let mut container = json!({"name": asked.name, "image": asked.image});
    put(&mut container, "command", asked.command.to_vec());
    put(&mut container, "args", asked.args.to_vec());
    let common = if asked.configured { app.env.as_slice() } else { &[] };
    put(&mut container, "env", over(env(common), &asked.env));
    let usual = defaults::resources(app.defaults);
    put(&mut container, "resources", resources(usual, asked.resources));
    put(&mut container, "securityContext", rights(&app.run_as));
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    if asked.configured {
        put(&mut container, "envFrom", configuration::env_from(checked));
        if let Some((volume, mount)) = configuration::mounted(checked) {
            volumes.push(volume);
            mounts.push(mount);
        }
    }
    for (at, mount) in asked.volumes.iter().enumerate() {
        let name = format!("volume-{at}");
        volumes.push(volume(&name, mount));
        mounts.push(mounted(&name, mount));
    }
    mounts.extend(asked.storage.map(|storage| json!({"name": "storage", "mountPath": storage.path})));
    put(&mut container, "volumeMounts", mounts);
    let mut spec =
        json!({"enableServiceLinks": false, "securityContext": security(&app.run_as, asked.storage.is_some())});
    let pull: Vec<Value> = app.image_pull_secrets.iter().map(|name| json!({"name": name})).collect();
    put(&mut spec, "imagePullSecrets", pull);
    put(&mut spec, "volumes", volumes);
    (container, spec)
}

/// What is asked for where neither a request nor a limit says it: a limit alone is a request too.
fn resources(usual: Value, asked: Option<&Resources>) -> Value {
    let Some(asked) = asked else { return usual };
    let mut all = said(value_of(asked));
    for (name, amount) in usual["requests"].as_object().into_iter().flatten() {
        if !asked.requests.contains_key(name) && !asked.limits.contains_key(name) {
            all["requests"][name] = amount.clone();
        }
    }
    all
}

/// Environment variables as Kubernetes has them.
pub(super) fn env(variables: &[EnvVariable]) -> Vec<Value> {
    variables.iter().map(variable).collect()
}

/// Variables over others: of two with the same name the one above holds.
fn over(below: Vec<Value>, above: &[Value]) -> Vec<Value> {
    let kept = below.into_iter().filter(|one| above.iter().all(|other| other["name"] != one["name"]));
    kept.chain(above.iter().cloned()).collect()
}

/// An empty value is a value.
fn variable(variable: &EnvVariable) -> Value {
    let mut written = json!({"name": variable.name});
    if let Some(value) = &variable.value {
        written["value"] = json!(value);
    }
    if let Some(from) = &variable.value_from {
        written["valueFrom"] = from.clone();
    }
    written
}

fn volume(name: &str, mount: &Mount) -> Value {
    let mut volume = json!({"name": name});
    for (key, value) in mount.volume.as_object().into_iter().flatten().filter(|(key, _)| *key != "name") {
        volume[key.as_str()] = value.clone();
    }
    volume
}

fn mounted(name: &str, mount: &Mount) -> Value {
    let mut written = json!({"name": name, "mountPath": mount.path});
    put(&mut written, "subPath", mount.sub_path.clone());
    if mount.read_only {
        put(&mut written, "readOnly", true);
    }
    written
}

/// What a pod may do. A volume of its own belongs to root at first: a group of the pod's makes it one that it can write to.
fn security(run_as: &RunAs, has_storage: bool) -> Value {
    let RunAs { user, group, files_group, root } = run_as;
    let usual = || has_storage.then(|| group.or(*user).filter(|number| *number > 0).unwrap_or(1000));
    let mut security = json!({"runAsNonRoot": !root, "seccompProfile": {"type": "RuntimeDefault"}});
    put(&mut security, "runAsUser", *user);
    put(&mut security, "runAsGroup", *group);
    if let Some(files_group) = files_group.or_else(usual) {
        put(&mut security, "fsGroup", files_group);
        put(&mut security, "fsGroupChangePolicy", "OnRootMismatch");
    }
    security
}

/// What a container may do. An image that runs as root mostly begins with what needs a right of root's.
fn rights(run_as: &RunAs) -> Value {
    let mut rights = json!({"allowPrivilegeEscalation": false});
    if !run_as.root {
        put(&mut rights, "capabilities", json!({"drop": ["ALL"]}));
    }
    rights
}

/// Pods of a process lie on different machines and in different zones where that is possible; where it is not, they run all the same.
fn spread(checked: &Checked<'_>, name: &str) -> Vec<Value> {
    let over = |key: &str| {
        json!({
            "maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(checked.app, name)}, "matchLabelKeys": ["pod-template-hash"],
        })
    };
    vec![over("kubernetes.io/hostname"), over("topology.kubernetes.io/zone")]
}

fn template(
    checked: &Checked<'_>,
    part: &str,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
    spec: Value,
) -> Value {
    let mut all = value_of(labels);
    // Ours are what the pods are found by.
    for (key, value) in selector(checked.app, part).as_object().into_iter().flatten() {
        all[key.as_str()] = value.clone();
    }
    all[MADE_LABEL] = json!(MADE_BY);
    let mut metadata = json!({"labels": all});
    put(&mut metadata, "annotations", value_of(annotations));
    json!({"metadata": metadata, "spec": spec})
}
