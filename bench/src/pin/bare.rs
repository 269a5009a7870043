//! What ours is compared to: a client that dry-runs and applies the same objects one after another and waits until the
//! Deployment is observed, and knows nothing else.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};
use testkit::Shop;
use testkit::shop::Fault;

use crate::figures::Times;

/// Times since the loop began with one version.
#[derive(Default)]
pub(super) struct Bare {
    /// The first object is written.
    pub(super) first: Times,
    /// The Deployment is written, which is the last.
    pub(super) written: Times,
    /// The Deployment is observed.
    pub(super) observed: Times,
}

/// Plays some versions.
pub(super) async fn run(shop: &Shop, versions: u32) -> Result<Bare, Fault> {
    let namespace = format!("{}-bare", shop.place.namespace);
    let made: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}}))?;
    Api::<Namespace>::all(shop.admin.clone()).create(&PostParams::default(), &made).await?;
    let mut bare = Bare::default();
    one(shop, &namespace, 0).await?;
    for version in 1..=versions {
        let (first, written, observed) = one(shop, &namespace, version).await?;
        bare.first.extend([first]);
        bare.written.extend([written]);
        bare.observed.extend([observed]);
    }
    Ok(bare)
}

async fn one(shop: &Shop, namespace: &str, version: u32) -> Result<(Duration, Duration, Duration), Fault> {
    let began = Instant::now();
    let objects = objects(&format!("{}/acme/shop:bare-{version}", shop.registry.address()));
    let params = PatchParams::apply("bare").force();
    let dry = PatchParams { dry_run: true, ..params.clone() };
    for object in &objects {
        apply(shop, namespace, object, &dry).await?;
    }
    let mut first = None;
    for object in &objects {
        apply(shop, namespace, object, &params).await?;
        first.get_or_insert_with(|| began.elapsed());
    }
    let written = began.elapsed();
    let deployments: Api<Deployment> = Api::namespaced(shop.admin.clone(), namespace);
    let is_observed = |live: Option<&Deployment>| {
        live.is_some_and(|live| {
            let seen = live.status.as_ref().and_then(|status| status.observed_generation);
            seen.is_some() && seen == live.metadata.generation
        })
    };
    tokio::time::timeout(Duration::from_secs(30), await_condition(deployments, "web", is_observed)).await??;
    Ok((first.unwrap_or_default(), written, began.elapsed()))
}

async fn apply(shop: &Shop, namespace: &str, object: &Value, params: &PatchParams) -> Result<(), Fault> {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let (group, version) = match text("apiVersion").split_once('/') {
        Some((group, version)) => (group.to_owned(), version.to_owned()),
        None => (String::new(), text("apiVersion")),
    };
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(&group, &version, &text("kind")));
    let api: Api<DynamicObject> = Api::namespaced_with(shop.admin.clone(), namespace, &resource);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    api.patch(name, params, &Patch::Apply(object)).await?;
    Ok(())
}

/// The shop's objects, as `examples/shop` has them.
fn objects(image: &str) -> [Value; 3] {
    [
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
               "data": {"GREETING": "Welcome to the shop"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
               "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
               "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                        "template": {"metadata": {"labels": {"app": "web"}},
                                     "spec": {"containers": [{"name": "web", "image": image,
                                              "envFrom": [{"configMapRef": {"name": "settings"}}],
                                              "ports": [{"containerPort": 8080}]}]}}}}),
    ]
}
