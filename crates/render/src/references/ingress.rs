//! Ingresses: the services that they send to, and those services' ports.

use super::need::{Detail, Need};
use super::pods::wanted;
use super::{list, text};
use crate::object::Object;

pub(super) fn needs(object: &Object) -> Vec<Need> {
    if object.key.group != "networking.k8s.io" || object.key.kind != "Ingress" {
        return Vec::new();
    }
    let paths = list(&object.value, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths"));
    let backends = paths.filter_map(|path| path.get("backend")).chain(object.value.pointer("/spec/defaultBackend"));
    backends
        .filter_map(|backend| {
            let service = backend.get("service")?;
            let port = service.pointer("/port/name").or_else(|| service.pointer("/port/number"));
            let detail = port.filter(|port| !port.is_null()).cloned().map(Detail::Port);
            Some(Need::of(object, "", wanted("v1", "Service", text(service, "/name")?.to_owned(), detail)))
        })
        .fold(Vec::new(), without_twins)
}

/// Many paths lead to one service; it is told once.
fn without_twins(mut needs: Vec<Need>, need: Need) -> Vec<Need> {
    if !needs.contains(&need) {
        needs.push(need);
    }
    needs
}
