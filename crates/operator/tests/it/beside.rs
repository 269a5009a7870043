//! Kinds that not every cluster has: the Gateway API, and CloudNativePG. Who looks after them is played here; behind the address of the database
//! is a real PostgreSQL.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::devcluster::Options;
use testkit::{DevCluster, DevPostgres};

use super::field::{Field, image, message};
use super::server::Server;

/// As much of a definition as the API server needs.
fn crd(group: &str, version: &str, kind: &str) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let mut annotations = json!({});
    if group.ends_with(".k8s.io") {
        annotations["api-approved.kubernetes.io"] = json!("unapproved, of a test");
    }
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"), "annotations": annotations},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": true, "storage": true, "schema": schema, "subresources": {"status": {}}}]}})
}

/// A cluster of its own that has them, without an operator yet.
async fn field() -> Field {
    let cluster = DevCluster::start(Options::default()).await.unwrap();
    let field = Field::of(Server::of(cluster).await).await;
    let crds = [crd("gateway.networking.k8s.io", "v1", "HTTPRoute"), crd("postgresql.cnpg.io", "v1", "Cluster")];
    field.client.set_up(&crds).await.unwrap();
    field.client.wait_until_established(&crds.iter().collect::<Vec<_>>(), Duration::from_mins(1)).await.unwrap();
    field
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_of_the_gateway_api_is_made_kept_and_removed_also_by_an_operator_that_did_not_make_it() {
    let mut field = field().await;
    field.begin().await;
    let spec = |routes: Option<Value>| {
        let mut spec =
            json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}});
        if let Some(routes) = routes {
            spec["routes"] = routes;
        }
        spec
    };
    let routes = json!({"host": "shop.example.org", "gateway": {"name": "public", "namespace": "gateways"}});
    field.write_app("shop", spec(Some(routes))).await;
    let route = field.key("gateway.networking.k8s.io/v1", "HTTPRoute", "shop");
    let live = field.until(&route, "made", |_| true).await;
    let parent = live["spec"]["parentRefs"][0].clone();
    let holds = |kind: &str| {
        json!({"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": 1,
        "lastTransitionTime": "2026-11-27T00:00:00Z"})
    };
    let accepted = [holds("Accepted"), holds("ResolvedRefs")];
    let status =
        json!({"parents": [{"controllerName": "example.org/gateway", "parentRef": parent, "conditions": accepted}]});
    field.server.write_status(&live, &status).await.unwrap();
    field.phase("shop", "Ready").await;

    field.server.edit(&live, &json!({"spec": {"hostnames": ["other.example.org"]}})).await.unwrap();
    field.until(&route, "as it was", |live| live["spec"]["hostnames"][0] == "shop.example.org").await;
    field.ended(&route).await;
    let live = field.until(&route, "made again", |_| true).await;
    field.server.write_status(&live, &status).await.unwrap();

    field.kill().await;
    field.write_app("shop", spec(None)).await;
    field.begin().await;
    field.until_gone(&route).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_cloud_native_pg_is_made_kept_and_used_and_stays_with_its_data_unless_it_is_to_be_dropped() {
    let mut field = field().await;
    let (postgres, namespace) = (DevPostgres::start().await.unwrap(), field.server.namespace.clone());
    let reached = ("127.0.0.1".to_owned(), postgres.port());
    field.settings.reached_at.insert(format!("shop-postgres-rw.{namespace}.svc:5432"), reached);
    field.begin().await;
    let write = async |deletion: &str| {
        let spec = json!({"server": {"cluster": {"engine": "cloudNativePg", "instances": 2}}, "deletion": deletion});
        let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase",
            "metadata": {"name": "shop", "namespace": namespace}, "spec": spec});
        field.server.write(&database).await.unwrap();
    };
    let database = field.key("pinnace.dev/v1alpha1", "PostgresDatabase", "shop");
    let says = async |words: &str| {
        field.until(&database, words, |live| message(&live["status"], "Ready").contains(words)).await;
    };
    write("keep").await;
    says("its server is not up yet").await;
    let cluster = field.key("postgresql.cnpg.io/v1", "Cluster", "shop-postgres");
    let live = field.get(&cluster).await.unwrap();

    // What its operator makes, and says.
    let login = json!({"username": DevPostgres::ADMIN, "password": DevPostgres::PASSWORD});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": login,
        "metadata": {"name": "shop-postgres-superuser", "namespace": namespace}});
    field.client.create(&secret).await.unwrap();
    let well = json!({"phase": "Cluster in healthy state", "readyInstances": 2});
    field.server.write_status(&live, &well).await.unwrap();
    says("it takes connections").await;

    field.server.edit(&live, &json!({"spec": {"instances": 1}})).await.unwrap();
    field.until(&cluster, "as it was", |live| live["spec"]["instances"] == 2).await;
    field.ended(&database).await;
    write("drop").await;
    // What Kubernetes did not collect yet of the object before is in nobody's way.
    let ready = field.until(&database, "told", |live| !message(&live["status"], "Ready").is_empty()).await;
    assert_eq!(message(&ready["status"], "Ready"), "it takes connections");
    assert_eq!(
        field.get(&cluster).await.unwrap()["metadata"]["uid"],
        live["metadata"]["uid"],
        "it stays, and is found again"
    );
    field.ended(&database).await;
    field.until_gone(&cluster).await;
}
