//! The addresses that lead to an App.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::fields::{rule, rules, texts};

/// The addresses that lead to an App.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("!(has(self.ingress) && has(self.gateway))", "Give ingress or gateway, not both: each host is routed in one way."),
    (
        "!(has(self.tls) && has(self.gateway))",
        "With the Gateway API the certificate belongs to the Gateway: leave tls out and set it on the Gateway's listener.",
    ),
    ("!has(self.aliases) || !(self.host in self.aliases)", "The host stands among its own aliases."),
])))]
pub struct Routes {
    /// The main host, as in `shop.example.org`.
    #[schemars(length(max = 253), extend("x-kubernetes-validations" = host_rule()))]
    pub host: String,
    /// Further hosts that lead to the same.
    #[serde(default)]
    #[schemars(length(max = 32), inner(length(max = 253)), extend("x-kubernetes-list-type" = "set", "x-kubernetes-validations" = rule(
        "self.all(one, one.matches('^[a-z0-9*]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'))",
        "An alias has to be the name of a host in lower case, without a scheme or a port, as in www.example.org.",
    )))]
    pub aliases: Vec<String>,
    /// Which process answers which paths, by the beginning of the path; the longest that fits holds. Without it `web` answers everything,
    /// `static` what begins with `/static`, and `websocket` what begins with `/ws`.
    #[serde(default)]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["path"]))]
    pub paths: Vec<PathRoute>,
    /// Settings of the Ingress. Routes go by an Ingress where `gateway` is not given.
    pub ingress: Option<IngressRoutes>,
    /// The Gateway that routes are attached to, as HTTPRoutes of the Gateway API.
    pub gateway: Option<GatewayRoutes>,
    /// How connections are encrypted. Without it they are not, or something before the cluster does it.
    pub tls: Option<Tls>,
}

fn host_rule() -> Vec<serde_json::Value> {
    rule(
        "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
        "The host has to be a name in lower case, without a scheme or a port, as in shop.example.org. One for all (*.example.org) can only be an alias.",
    )
}

/// Paths that a process answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathRoute {
    /// How the paths begin, as in `/static`.
    #[schemars(length(max = 1024), extend("x-kubernetes-validations" = rule("self.startsWith('/')", "The path has to begin with a slash.")))]
    pub path: String,
    /// The process that answers them.
    #[schemars(length(max = 20))]
    pub process: String,
}

/// Settings of the Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressRoutes {
    /// Its IngressClass, as in `traefik`; without it that of the cluster.
    #[schemars(length(max = 253))]
    pub class: Option<String>,
    /// Annotations that its controller reads.
    #[schemars(schema_with = "texts")]
    pub annotations: BTreeMap<String, String>,
}

/// A Gateway that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRoutes {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace; without it that of the App.
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
    /// One of its listeners; without it all that take these hosts.
    #[schemars(length(max = 253))]
    pub listener: Option<String>,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rule(
    "has(self.secretName) || has(self.issuer)",
    "Say which Secret holds the certificate (secretName), or which issuer of cert-manager makes it (issuer).",
)))]
pub struct Tls {
    /// The Secret that holds certificate and key. With an issuer it is where cert-manager puts them: `<app>-tls` without this.
    #[schemars(length(max = 253))]
    pub secret_name: Option<String>,
    /// The issuer of cert-manager that makes the certificate.
    pub issuer: Option<Issuer>,
}

/// An issuer of cert-manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// Its name, as in `letsencrypt`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its kind.
    #[serde(default)]
    pub kind: IssuerKind,
}

/// The kind of an issuer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IssuerKind {
    /// One for the whole cluster.
    #[default]
    ClusterIssuer,
    /// One of the App's namespace.
    Issuer,
}
