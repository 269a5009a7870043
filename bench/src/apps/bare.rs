//! What it is compared to: a client that applies the same objects and knows nothing else.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use testkit::operated::Operated;
use testkit::shop::Fault;

/// What an App came to in its namespace, as it is written by whoever writes it first.
pub(super) async fn template(operated: &Operated, namespace: &str) -> Result<Vec<Value>, Fault> {
    let kinds = [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("batch/v1", "Job"),
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        ("networking.k8s.io/v1", "Ingress"),
    ];
    let mut objects = Vec::new();
    for (api_version, kind) in kinds {
        for mut object in operated.listed(api_version, kind, namespace).await? {
            if object["metadata"]["labels"]["app.kubernetes.io/managed-by"] != "pinnace-operator" {
                continue;
            }
            let (name, labels) = (object["metadata"]["name"].clone(), object["metadata"]["labels"].clone());
            object["metadata"] = json!({"name": name, "labels": labels});
            if let Some(fields) = object.as_object_mut() {
                fields.remove("status");
            }
            if kind == "Service" {
                object["spec"] = json!({"selector": object["spec"]["selector"], "ports": object["spec"]["ports"]});
            }
            if kind == "Job" {
                let template = &object["spec"]["template"];
                let labels = json!({"app.kubernetes.io/component": "migration"});
                object["spec"] =
                    json!({"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": template["spec"]}});
            }
            objects.push(object);
        }
    }
    Ok(objects)
}

/// Writes it in each of these namespaces.
pub(super) async fn run(
    operated: &Operated,
    namespaces: &[String],
    template: &[Value],
    workers: usize,
) -> Result<Duration, Fault> {
    let began = Instant::now();
    let work: Vec<_> = namespaces.iter().map(|namespace| one(operated, namespace, template)).collect();
    futures::stream::iter(work).buffer_unordered(workers).try_collect::<Vec<()>>().await?;
    Ok(began.elapsed())
}

async fn one(operated: &Operated, namespace: &str, template: &[Value]) -> Result<(), Fault> {
    for object in template {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace);
        operated.admin.set_up(&[object]).await?;
    }
    Ok(())
}
