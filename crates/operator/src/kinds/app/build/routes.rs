//! What leads to an App from outside: an Ingress, or an HTTPRoute of the Gateway API.

use serde_json::{Value, json};

use super::super::App;
use super::super::validate::Checked;
use super::names::{metadata, of_process};
use super::{put, value_of};
use crate::kinds::app::crd::{GatewayRoutes, IssuerKind, PathRoute, Routes, Tls};

/// The Ingress or HTTPRoute, where the App has routes.
pub(super) fn build(checked: &Checked<'_>) -> Vec<Value> {
    let Some(routes) = &checked.app.spec.routes else { return Vec::new() };
    vec![match &routes.gateway {
        Some(gateway) => http_route(checked, routes, gateway),
        None => ingress(checked, routes),
    }]
}

fn hosts(routes: &Routes) -> Vec<&str> {
    std::iter::once(&routes.host).chain(&routes.aliases).map(String::as_str).collect()
}

fn ingress(checked: &Checked<'_>, routes: &Routes) -> Value {
    let given = routes.ingress.clone().unwrap_or_default();
    let mut metadata = metadata(checked.app, &checked.app.metadata.name, None);
    let mut annotations = value_of(&given.annotations);
    let mut spec = json!({});
    put(&mut spec, "ingressClassName", given.class);
    if let Some(tls) = &routes.tls {
        put(&mut spec, "tls", vec![json!({"hosts": hosts(routes), "secretName": certificate(checked.app, tls)})]);
        if let Some(issuer) = &tls.issuer {
            let annotation = match issuer.kind {
                IssuerKind::ClusterIssuer => "cert-manager.io/cluster-issuer",
                IssuerKind::Issuer => "cert-manager.io/issuer",
            };
            annotations[annotation] = json!(issuer.name);
        }
    }
    put(&mut metadata, "annotations", annotations);
    let paths: Vec<Value> = checked.paths.iter().map(|one| ingress_path(checked, one)).collect();
    let rules = hosts(routes).into_iter().map(|host| json!({"host": host, "http": {"paths": paths}}));
    put(&mut spec, "rules", rules.collect::<Vec<_>>());
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec})
}

/// The Secret that the certificate stands in.
pub(crate) fn certificate(app: &App, tls: &Tls) -> String {
    tls.secret_name.clone().unwrap_or_else(|| format!("{}-tls", app.metadata.name))
}

fn ingress_path(checked: &Checked<'_>, one: &PathRoute) -> Value {
    let service = of_process(&checked.app.metadata.name, &one.process);
    json!({"path": one.path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"name": "http"}}}})
}

fn http_route(checked: &Checked<'_>, routes: &Routes, gateway: &GatewayRoutes) -> Value {
    let mut parent = json!({"name": gateway.name});
    put(&mut parent, "namespace", gateway.namespace.clone());
    put(&mut parent, "sectionName", gateway.listener.clone());
    let rule = |one: &PathRoute| {
        let service = of_process(&checked.app.metadata.name, &one.process);
        json!({
            "matches": [{"path": {"type": "PathPrefix", "value": one.path}}],
            "backendRefs": [{"name": service, "port": 80}],
        })
    };
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata(checked.app, &checked.app.metadata.name, None),
        "spec": {
            "parentRefs": [parent],
            "hostnames": hosts(routes),
            "rules": checked.paths.iter().map(rule).collect::<Vec<_>>(),
        },
    })
}
