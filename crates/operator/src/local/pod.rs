//! The pod of a server: not root, without rights, without a token of the API, on a file system that it can't change.

use serde_json::{Map, Value, json};

use super::Server;
use crate::kinds::app::crd::Resources;
use crate::objects::{put, said, value_of};

/// As the official images have it.
const USER: u32 = 999;

/// What there is to say of a pod.
pub(crate) struct Pod<'a> {
    pub(crate) image: &'a str,
    pub(crate) command: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a str)],
    pub(crate) ports: &'a [(&'a str, u16)],
    /// `readinessProbe` and the like, each with what it asks.
    pub(crate) probes: Vec<(&'static str, Value)>,
    /// What is run before it is told to stop.
    pub(crate) before_stop: Option<Value>,
    pub(crate) stop_seconds: u32,
    pub(crate) resources: Value,
    /// Whether it has a volume for its data; else what it writes there is gone with it.
    pub(crate) keeps: bool,
    pub(crate) mounts: Vec<Mount>,
    /// The ConfigMaps and Secrets that it reads when it starts.
    pub(crate) files: &'a [&'a Value],
}

/// Something in its file system.
pub(crate) struct Mount {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) volume: Value,
    /// One file of it.
    pub(crate) sub_path: Option<&'static str>,
}

impl Mount {
    /// A folder that is empty at first.
    pub(crate) fn empty(name: &'static str, path: &'static str) -> Self {
        Self { name, path, volume: json!({"emptyDir": {}}), sub_path: None }
    }

    /// The files of a ConfigMap.
    pub(crate) fn files(name: &'static str, path: &'static str, of: &Server) -> Self {
        Self { name, path, volume: json!({"configMap": {"name": of.files_name()}}), sub_path: None }
    }

    /// The files of a Secret. Its owner is root: the pod reads them by its group.
    pub(crate) fn secret_files(name: &'static str, path: &'static str, of: &Server) -> Self {
        Self {
            name,
            path,
            volume: json!({"secret": {"secretName": of.files_name(), "defaultMode": 0o440}}),
            sub_path: None,
        }
    }
}

/// What runs one of our scripts.
pub(crate) fn shell(script: &str, argument: Option<&str>) -> Value {
    let command: Vec<&str> = ["sh", script].into_iter().chain(argument).collect();
    json!({"exec": {"command": command}})
}

impl Pod<'_> {
    pub(super) fn spec(&self, server: &Server, component: &str) -> Value {
        let data = if self.keeps {
            json!({"persistentVolumeClaim": {"claimName": server.claim_name()}})
        } else {
            json!({"emptyDir": {}})
        };
        let data = Mount { name: "data", path: "/data", volume: data, sub_path: None };
        let (mut volumes, mut mounts): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for mount in [&data].into_iter().chain(&self.mounts) {
            if volumes.iter().all(|volume: &Value| volume["name"] != mount.name) {
                let mut volume = mount.volume.clone();
                volume["name"] = json!(mount.name);
                volumes.push(volume);
            }
            let mut written = json!({"name": mount.name, "mountPath": mount.path});
            put(&mut written, "subPath", mount.sub_path);
            mounts.push(written);
        }
        json!({
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": self.stop_seconds,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER, "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [self.container(component, mounts)],
            "volumes": volumes,
        })
    }

    fn container(&self, component: &str, mounts: Vec<Value>) -> Value {
        let port = |(name, port): &(&str, u16)| json!({"name": name, "containerPort": port});
        let variable = |(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let mut container = json!({
            "name": component,
            "image": self.image,
            "command": self.command,
            "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true,
            },
            "ports": self.ports.iter().map(port).collect::<Vec<Value>>(),
        });
        put(&mut container, "env", self.env.iter().map(variable).collect::<Vec<Value>>());
        for (field, probe) in &self.probes {
            put(&mut container, field, probe.clone());
        }
        put(&mut container, "lifecycle", self.before_stop.as_ref().map(|before| json!({"preStop": before})));
        put(&mut container, "resources", self.resources.clone());
        put(&mut container, "volumeMounts", mounts);
        container
    }
}

/// What a pod asks for and may take: what is given, over what is usual.
pub(crate) fn resources(given: Option<&Resources>, usual: &Value) -> Value {
    let mut all = usual.as_object().cloned().unwrap_or_else(Map::new);
    let given = said(given.map(value_of).unwrap_or_default());
    for (part, amounts) in given.as_object().into_iter().flatten() {
        let of_part = all.entry(part.clone()).or_insert_with(|| json!({}));
        for (name, amount) in amounts.as_object().into_iter().flatten() {
            of_part[name.as_str()] = amount.clone();
        }
    }
    Value::Object(all)
}
