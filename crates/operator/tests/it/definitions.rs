//! A cluster whose definitions are of another version of Pinnace than its operator.

use std::time::Duration;

use cluster::{KindKey, ObjectKey};
use serde_json::Value;
use testkit::DevCluster;
use testkit::devcluster::Options;

use super::field::{Field, image};
use super::server::Server;

/// Has the definition of Apps replaced, and waits until the API server serves it.
async fn define(field: &Field, crd: &Value) {
    field.client.set_up(std::slice::from_ref(crd)).await.unwrap();
    field.client.wait_until_established(&[crd], Duration::from_mins(1)).await.unwrap();
}

async fn why_not(field: &Field) -> String {
    match field.tried(field.settings.clone()).await {
        Ok(_) => "it begins".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_begins_only_where_the_definitions_are_of_its_version() {
    let cluster = DevCluster::start(Options::default()).await.unwrap();
    let mut field = Field::of(Server::of(cluster).await).await;
    let today = operator::crds().into_iter().find(|crd| crd["spec"]["names"]["kind"] == "App").unwrap();
    let mut old = today.clone();
    let properties = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    let status = old.pointer_mut(properties).unwrap().as_object_mut().unwrap();
    assert!(status.remove("backup").is_some() && status.remove("database").is_some());

    define(&field, &old).await;
    assert_eq!(
        why_not(&field).await,
        "the definition of App in the cluster is older than this operator, it lacks status.database, status.backup: apply the definitions of \
         this version (pinnace crds | kubectl apply --server-side -f -)"
    );
    define(&field, &today).await;
    assert_eq!(why_not(&field).await, "it begins");

    // One whose rights are of an earlier version works as it did.
    let definition = |kind: &str, name: String| ObjectKey {
        kind: KindKey::new("rbac.authorization.k8s.io/v1", kind),
        namespace: None,
        name,
    };
    let role = definition("ClusterRole", format!("{}-{}", operator::ACCOUNT, field.server.namespace));
    let mut rights = field.get(&role).await.unwrap();
    rights["rules"].as_array_mut().unwrap().retain(|rule| rule["apiGroups"][0] != "apiextensions.k8s.io");
    let rights = serde_json::json!({"apiVersion": rights["apiVersion"], "kind": rights["kind"],
        "metadata": {"name": rights["metadata"]["name"]}, "rules": rights["rules"]});
    field.client.set_up(&[rights]).await.unwrap();
    field.begin().await;
    let web =
        serde_json::json!({"image": image("1.0"), "defaults": "dev", "processes": {"web": {"command": ["gunicorn"]}}});
    field.write_app("shop", web).await;
    field.phase("shop", "Ready").await;
}
