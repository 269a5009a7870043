//! What pods need to be made and started: settings, secrets, a service account, storage, a priority class.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::need::{Detail, Need, Wanted};
use super::{list, text};
use crate::object::Object;

/// A pod that an object is, or makes.
pub(super) struct Pod<'a> {
    /// Its spec.
    pub(super) spec: &'a Value,
    labels: Option<&'a Value>,
}

/// The pod that an object is, or makes: in any kind, so that rollouts and other custom resources count too.
pub(super) fn of(object: &Object) -> Option<Pod<'_>> {
    let value = &object.value;
    let whole = (object.key.group.is_empty() && object.key.kind == "Pod").then_some("");
    let places = whole.into_iter().chain(["/spec/template", "/spec/jobTemplate/spec/template"]);
    let mut pods = places.filter_map(|at| {
        let pod = value.pointer(at)?;
        let spec = pod.get("spec").filter(|spec| spec.get("containers").is_some_and(Value::is_array))?;
        Some(Pod { spec, labels: pod.pointer("/metadata/labels") })
    });
    pods.next()
}

/// Whether the pods of an object have all of these labels.
pub(super) fn have(object: &Object, labels: &BTreeMap<String, String>) -> bool {
    of(object).is_some_and(|pod| {
        let has = |(label, value): (&String, &String)| {
            pod.labels.and_then(|labels| labels.get(label)).and_then(Value::as_str) == Some(value.as_str())
        };
        labels.iter().all(has)
    })
}

/// Every container of a pod, those that prepare first.
pub(super) fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    list(spec, "/initContainers").iter().chain(list(spec, "/containers"))
}

pub(super) fn needs(object: &Object) -> Vec<Need> {
    let Some(Pod { spec, .. }) = of(object) else { return Vec::new() };
    let read = settings(spec).into_iter().filter(|setting| !setting.may_be_missing());
    let mut needs: Vec<Need> = read
        .map(|setting| {
            let detail = setting.key.map(Detail::Key);
            Need::of(object, &setting.part, wanted("v1", setting.kind, setting.name, detail))
        })
        .collect();
    for volume in list(spec, "/volumes") {
        if let Some(name) = text(volume, "/persistentVolumeClaim/claimName") {
            let claim = wanted("v1", "PersistentVolumeClaim", name.to_owned(), None);
            needs.push(Need::of(object, &part_of(volume), claim));
        }
    }
    let named = |pointer| text(spec, pointer).map(str::to_owned);
    // The older name of the same field counts where the newer is not there.
    let account = named("/serviceAccountName").or_else(|| named("/serviceAccount"));
    if let Some(name) = account.filter(|name| name != "default") {
        needs.push(Need::of(object, "", wanted("v1", "ServiceAccount", name, None)));
    }
    if let Some(name) = named("/priorityClassName") {
        needs.push(Need::of(object, "", wanted("scheduling.k8s.io/v1", "PriorityClass", name, None)));
    }
    needs
}

/// A ConfigMap or Secret that a pod reads.
pub(crate) struct Setting {
    /// Which part of the pod reads it, in words.
    part: String,
    /// `ConfigMap` or `Secret`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// The key, where one alone is read.
    pub(crate) key: Option<String>,
    optional: bool,
}

impl Setting {
    /// Every namespace has the authority's certificate, but not before it is made.
    fn may_be_missing(&self) -> bool {
        self.optional || self.kind == "ConfigMap" && self.name == "kube-root-ca.crt"
    }
}

/// All that the pods of an object read.
pub(crate) fn settings_of(object: &Object) -> Vec<Setting> {
    of(object).map(|pod| settings(pod.spec)).unwrap_or_default()
}

fn settings(spec: &Value) -> Vec<Setting> {
    let mut found = Vec::new();
    for container in containers(spec) {
        of_environment(container, &format!("container `{}`", text(container, "/name").unwrap_or_default()), &mut found);
    }
    for volume in list(spec, "/volumes") {
        let part = part_of(volume);
        for source in std::iter::once(volume).chain(list(volume, "/projected/sources")) {
            found.extend(source.get("configMap").into_iter().flat_map(|from| files(&part, "ConfigMap", from)));
            found.extend(source.get("secret").into_iter().flat_map(|from| files(&part, "Secret", from)));
        }
    }
    found
}

fn part_of(volume: &Value) -> String {
    format!("volume `{}`", text(volume, "/name").unwrap_or_default())
}

fn of_environment(container: &Value, part: &str, found: &mut Vec<Setting>) {
    let kinds = [("ConfigMap", "configMapRef", "configMapKeyRef"), ("Secret", "secretRef", "secretKeyRef")];
    for (kind, whole, one) in kinds {
        for from in list(container, "/envFrom") {
            found.extend(from.get(whole).and_then(|from| setting(part, kind, from, None)));
        }
        for variable in list(container, "/env") {
            let Some(from) = variable.pointer(&format!("/valueFrom/{one}")) else { continue };
            found.extend(setting(part, kind, from, text(from, "/key")));
        }
    }
}

/// The files of a volume: all keys of an object, or those that are named.
fn files(part: &str, kind: &'static str, from: &Value) -> Vec<Setting> {
    let items = list(from, "/items");
    if items.is_empty() {
        return setting(part, kind, from, None).into_iter().collect();
    }
    items.iter().filter_map(|item| setting(part, kind, from, text(item, "/key"))).collect()
}

fn setting(part: &str, kind: &'static str, from: &Value, key: Option<&str>) -> Option<Setting> {
    // Volumes call a Secret's name otherwise.
    let name = text(from, "/name").or_else(|| text(from, "/secretName"))?.to_owned();
    let optional = from.get("optional") == Some(&Value::Bool(true));
    Some(Setting { part: part.to_owned(), kind, name, key: key.map(str::to_owned), optional })
}

/// An object that is needed.
pub(super) fn wanted(api_version: &'static str, kind: &'static str, name: String, detail: Option<Detail>) -> Wanted {
    Wanted::Object { api_version, kind, name, detail }
}

/// An image that a set asks for.
#[derive(Debug)]
pub struct UsedImage<'a> {
    /// The object whose pods have it.
    pub object: &'a Object,
    /// The reference, as it is written.
    pub image: &'a str,
    /// The architecture of the machines that the pods ask for, where they do.
    pub architecture: Option<&'a str>,
}

/// Every image of a set, each once for an architecture.
pub fn images(objects: &[Object]) -> Vec<UsedImage<'_>> {
    let mut seen = BTreeSet::new();
    let mut images = Vec::new();
    for object in objects {
        let Some(pod) = of(object) else { continue };
        let architecture = text(pod.spec, "/nodeSelector/kubernetes.io~1arch");
        for image in containers(pod.spec).filter_map(|container| text(container, "/image")) {
            if seen.insert((image, architecture)) {
                images.push(UsedImage { object, image, architecture });
            }
        }
    }
    images
}
