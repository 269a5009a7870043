//! Services: whether they select any pods, and whether those have the ports that are named.

use std::collections::BTreeMap;

use serde_json::Value;

use super::need::{Need, Wanted, Wrong};
use super::{list, pods, text};
use crate::object::Object;

pub(super) fn needs(object: &Object) -> Vec<Need> {
    selector(object).map(|labels| Need::of(object, "", Wanted::Pods { labels })).into_iter().collect()
}

/// What a Service selects by; one without a selector gets its addresses from somebody else.
fn selector(object: &Object) -> Option<BTreeMap<String, String>> {
    if !object.key.group.is_empty()
        || object.key.kind != "Service"
        || text(&object.value, "/spec/type") == Some("ExternalName")
    {
        return None;
    }
    let selector = object.value.pointer("/spec/selector")?.as_object().filter(|selector| !selector.is_empty())?;
    let text = |(label, value): (&String, &Value)| Some((label.clone(), value.as_str()?.to_owned()));
    selector.iter().map(text).collect()
}

/// Ports that a Service names and that none of the pods it selects in this set has.
pub(super) fn ports(service: &Object, objects: &[Object]) -> Vec<Wrong> {
    let Some(labels) = selector(service) else { return Vec::new() };
    let selected: Vec<_> = objects.iter().filter(|object| pods::have(object, &labels)).filter_map(pods::of).collect();
    if selected.is_empty() {
        return Vec::new();
    }
    let has = |name: &str| {
        let all = selected.iter().flat_map(|pod| pods::containers(pod.spec));
        let mut ports = all.flat_map(|container| list(container, "/ports"));
        ports.any(|port| text(port, "/name") == Some(name))
    };
    let named = list(&service.value, "/spec/ports").iter().filter_map(|port| text(port, "/targetPort"));
    let missing = named.filter(|name| name.parse::<u16>().is_err() && !has(name));
    missing
        .map(|name| {
            let message = format!(
                "sends to the port `{name}`, and no container of the pods that it selects has a port of that name: correct `targetPort`, or name the port"
            );
            Wrong::with(service, message)
        })
        .collect()
}
